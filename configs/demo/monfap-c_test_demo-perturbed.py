# Test on the perturbed test set of the demo of a checkpoint that `make demo` trained. It works at the images' own size.
_base_ = './monfap-c_demo.py'
perturbed_loading = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='Perturb', severity=(1, 5), num=(1, 3), seed=0),
    dict(type='FreezeMask'),
]
tta_pipeline = [
    *perturbed_loading,
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
test_dataloader = dict(dataset=dict(pipeline=[*perturbed_loading, dict(type='PackForgeryInputs')]))

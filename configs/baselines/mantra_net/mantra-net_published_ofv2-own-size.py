# The published weights, which are used at the image's own size. They lack the moving statistics.
_base_ = ['./mantra-net_1xb1-40e_ofv2-512x512.py']
model = dict(norm='instance')
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='LoadForgeryAnnotations')],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

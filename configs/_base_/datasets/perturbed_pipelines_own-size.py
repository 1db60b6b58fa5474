# As perturbed_pipelines_512x512.py, for models that work at the images' own size.
perturbed_loading = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='Perturb', severity=(1, 5), num=(1, 3), seed=0),
    dict(type='FreezeMask'),
]
perturbed_test_pipeline = [*perturbed_loading, dict(type='PackForgeryInputs')]
perturbed_tta_pipeline = [
    *perturbed_loading,
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]

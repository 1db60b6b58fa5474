# The test pipelines of forgery_512x512.py with perturbed images. The perturbation comes at the original size, before
# Resize, and moves the mask, which from then on keeps that size.
perturbed_size = (512, 512)
perturbed_loading = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='Perturb', severity=(1, 5), num=(1, 3), seed=0),
    dict(type='FreezeMask'),
]
perturbed_test_pipeline = [
    *perturbed_loading,
    dict(type='Resize', scale=perturbed_size, keep_ratio=False),
    dict(type='PackForgeryInputs'),
]
perturbed_tta_pipeline = [
    *perturbed_loading,
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale=perturbed_size, keep_ratio=False)],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]

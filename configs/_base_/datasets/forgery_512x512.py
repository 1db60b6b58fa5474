# What all datasets share: images resized to 512x512 and flipped, as in the paper; scored at their original size.
img_size = (512, 512)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='ForgeryResize', scale=img_size, keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
# Annotations come after Resize, and so keep the size of the original image.
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=img_size, keep_ratio=False),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale=img_size, keep_ratio=False)],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='LoadForgeryAnnotations')],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
tta_model = dict(type='ForgeryTTAModel')

train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    # One broken picture does not end a run of days; too many do.
    dataset=dict(pipeline=train_pipeline, on_error='replace'),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    # Nothing is replaced: a figure is of the pictures in the list.
    dataset=dict(pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='ForgeryMetric')
test_evaluator = dict(type='ForgeryMetric', detail=True)

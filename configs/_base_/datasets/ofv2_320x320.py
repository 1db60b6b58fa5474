# OFV2, resized to 320x320, without flips.
_base_ = './ofv2_512x512.py'
resize = dict(scale=(320, 320), keep_ratio=False)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='ForgeryResize', **resize),
    dict(type='PackForgeryInputs'),
]
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', **resize),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', **resize)],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='LoadForgeryAnnotations')],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

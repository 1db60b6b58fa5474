# The authors' recipe: 256x256 by Pillow's bicubic filter and one of the eight flips and rotations in training
# (albumentations, extra `perturb`), images of their own size in testing.
_base_ = [
    '../../_base_/models/pscc_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_pscc_net.py',
    '../../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='ForgeryResize', scale=(256, 256), keep_ratio=False, interpolation='bicubic', backend='pillow'),
    dict(type='Albu', transforms=[dict(type='D4', p=1.0)]),
    dict(type='PackForgeryInputs'),
]
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
train_dataloader = dict(batch_size=10, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))

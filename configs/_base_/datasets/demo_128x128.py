# The demo set of tools/dataset_converters/make_demo_data.py, at its own size, with workers for a machine of 2 cores.
_base_ = './forgery_512x512.py'
dataset_type = 'ForgeryDataset'
data_root = 'data/demo'
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomFlip', prob=0.5),
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
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    pin_memory=False,
    dataset=dict(type=dataset_type, data_root=data_root, ann_file='train.txt', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    pin_memory=False,
    dataset=dict(type=dataset_type, data_root=data_root, ann_file='val.txt', pipeline=test_pipeline),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=1,
    pin_memory=False,
    dataset=dict(type=dataset_type, data_root=data_root, ann_file='test.txt', pipeline=test_pipeline),
)

# The starter model: forged photographs from ImageNet weights, a projection that keeps the file small, and training
# pictures that have been through what pictures go through. docs/starter-model.md has the commands.
_base_ = '../demo/monfap_tf-efficientnet-lite0_photos-256x256.py'
crop_size = (256, 256)
max_epochs = 8
norm_cfg = dict(type='BN', requires_grad=True)
slim_channels = [24, 40, 80, 128]
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    # Pictures are resized before they are shown around, and again before this model sees them.
    dict(
        type='RandomApply',
        transforms=dict(
            type='RandomResize', resize_type='ForgeryResize', scale=(384, 384), ratio_range=(0.6, 1.6), keep_ratio=True
        ),
        prob=0.5,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    # After the crop, so that each crop of a picture draws its own.
    dict(type='RandomApply', transforms=dict(type='Perturb', severity=(1, 4), num=(1, 2)), prob=0.5),
    dict(type='PackForgeryInputs'),
]
# Photographs of any size are answered at the size that it learned from.
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(384, 384), keep_ratio=True),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
model = dict(
    projection=dict(
        type='ChannelProjection', in_channels=[24, 40, 112, 320], out_channels=slim_channels, norm_cfg=norm_cfg
    ),
    neck=dict(in_channels=slim_channels),
    decode_head=dict(in_channels=slim_channels),
)
# Six forgeries per photograph to learn from; real pictures three times, so that they are a third, as in the test set.
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmengine.ClassBalancedDataset',
        oversample_thr=0.85,
        dataset=dict(
            type='ForgeryDataset',
            data_root='data/photos_x6',
            ann_file='train.txt',
            pipeline=train_pipeline,
            on_error='replace',
        ),
    )
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_cfg = dict(max_epochs=max_epochs, val_interval=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=100),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_epochs, by_epoch=True, convert_to_iter_based=True),
]

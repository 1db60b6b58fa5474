# Forged photographs from ImageNet weights: crops of 256x256 in training, whole pictures of 384 in the test.
# docs/training.md, "Backbones of timm", has the commands that make checkpoint and data.
_base_ = './monfap-c_photos-160x160.py'
crop_size = (256, 256)
max_epochs = 12
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
model = dict(
    data_preprocessor=dict(size=crop_size, mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        out_indices=(1, 2, 3, 4),
        pretrained=False,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/tf-efficientnet-lite0.pth'),
    ),
    neck=dict(in_channels=[24, 40, 112, 320]),
    decode_head=dict(in_channels=[24, 40, 112, 320]),
)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
load_from = None
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_epochs, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)

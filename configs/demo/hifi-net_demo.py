# HiFi-Net at reduced size, trained on crops, of fakes with fake pixels: many of its maps have the size of the picture.
_base_ = ['../_base_/models/hifi_net.py', '../_base_/demo_600i.py']
norm_cfg = dict(type='BN', requires_grad=True)
widths = (8, 16, 32, 64)
crop_size = (80, 80)
model = dict(
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        widths=widths, stem_channels=16, stage1_channels=8, norm_cfg=norm_cfg, stem_norm_cfg=norm_cfg, init_cfg=None
    ),
    decode_head=dict(in_channels=widths, norm_cfg=norm_cfg),
)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.99),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

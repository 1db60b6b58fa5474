# MoNFAP-R: the paper's design on ResNet-50 as written, at 256 to 2048 channels.
_base_ = './monfap_convnextv2-atto.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        style='pytorch',
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(in_channels=[256, 512, 1024, 2048]),
    decode_head=dict(in_channels=[256, 512, 1024, 2048]),
)

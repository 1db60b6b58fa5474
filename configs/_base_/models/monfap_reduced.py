# MoNFAP-C at reduced size, to be trained from scratch.
_base_ = './monfap_convnextv2-atto.py'
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        arch=dict(_delete_=True, depths=[1, 1, 2, 1], channels=[16, 32, 64, 128]),
        drop_path_rate=0.0,
        # From scratch the usual initialisation (standard deviation 0.02) needs many epochs to come off the ground.
        init_cfg=dict(_delete_=True, type='Kaiming', layer=['Conv2d', 'Linear'], mode='fan_in', nonlinearity='linear'),
    ),
    neck=dict(in_channels=[16, 32, 64, 128], norm_cfg=norm_cfg),
    decode_head=dict(
        in_channels=[16, 32, 64, 128], mlp_channels=(256, 192, 128, 128), coarse_channels=96, norm_cfg=norm_cfg
    ),
)

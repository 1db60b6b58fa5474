# HiFi-Net at reduced size.
_base_ = ['../_base_/models/hifi_net.py', '../_base_/demo_600i.py']
norm_cfg = dict(type='BN', requires_grad=True)
widths = (8, 16, 32, 64)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        widths=widths, stem_channels=16, stage1_channels=8, norm_cfg=norm_cfg, stem_norm_cfg=norm_cfg, init_cfg=None
    ),
    decode_head=dict(in_channels=widths, norm_cfg=norm_cfg),
)

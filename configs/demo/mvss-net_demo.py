# MVSS-Net at reduced size.
_base_ = ['../_base_/models/mvss_net.py', '../_base_/demo_600i.py']
norm_cfg = dict(type='BN', requires_grad=True)
resnet = dict(depth=18, multi_grid=(1, 2), base_channels=16, stem_channels=16, norm_cfg=norm_cfg, init_cfg=None)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=resnet,
    noise_backbone=resnet,
    decode_head=dict(in_channels=[128, 128], channels=64, pam_channels=8, norm_cfg=norm_cfg),
    edge_stream=dict(in_channels=[16, 32, 64, 128], norm_cfg=norm_cfg),
)

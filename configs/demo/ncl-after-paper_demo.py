# NCL-IML after the paper, not the authors' network, at reduced size.
_base_ = ['../_base_/models/ncl_after_paper.py', '../_base_/demo_600i.py']
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(depth=18, multi_grid=(1, 2), base_channels=16, stem_channels=16, norm_cfg=norm_cfg),
    decode_head=dict(in_channels=[16, 128], channels=64, low_level_channels=12, norm_cfg=norm_cfg),
)

# PSCC-Net at reduced size.
_base_ = ['../_base_/models/pscc_net.py', '../_base_/demo_600i.py']
norm_cfg = dict(type='BN', requires_grad=True)
widths = [8, 16, 32, 64]
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        norm_cfg=norm_cfg,
        stem_channels=16,
        extra=dict(
            stage1=dict(num_blocks=(1,), num_channels=(8,)),
            stage2=dict(num_blocks=(1, 1), num_channels=widths[:2]),
            stage3=dict(num_blocks=(1, 1, 1), num_channels=widths[:3]),
            stage4=dict(num_blocks=(1, 1, 1, 1), num_channels=widths),
        ),
        init_cfg=None,
    ),
    mask_head=dict(in_channels=widths),
    detection_head=dict(in_channels=widths, norm_cfg=norm_cfg),
    crop_size=(128, 128),
    loss=dict(authentic_share=0.5),
)

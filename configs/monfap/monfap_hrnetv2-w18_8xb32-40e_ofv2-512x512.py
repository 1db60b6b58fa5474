_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='HRNet',
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(4,), num_channels=(64,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(4, 4), num_channels=(18, 36)),
            stage3=dict(num_modules=4, num_branches=3, block='BASIC', num_blocks=(4,) * 3, num_channels=(18, 36, 72)),
            stage4=dict(
                num_modules=3, num_branches=4, block='BASIC', num_blocks=(4,) * 4, num_channels=(18, 36, 72, 144)
            ),
        ),
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w18'),
    ),
    neck=dict(in_channels=[18, 36, 72, 144]),
    # 8 heads do not divide 18 channels; 6 divide all four widths.
    decode_head=dict(in_channels=[18, 36, 72, 144], num_heads=6),
)

# CAT-Net: HRNetV2-W48 beside a stream of the JPEG file's coefficients.
norm_cfg = dict(type='BN', momentum=0.01, requires_grad=True)
model = dict(
    type='CatNet',
    # Stacks pictures; they are normalized in the model, which knows where they end.
    data_preprocessor=dict(type='SegDataPreProcessor', size=(512, 512), seg_pad_val=255),
    backbone=dict(
        type='ResizeOnceHRNet',
        norm_cfg=norm_cfg,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(4,), num_channels=(64,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(4, 4), num_channels=(48, 96)),
            stage3=dict(num_modules=4, num_branches=3, block='BASIC', num_blocks=(4,) * 3, num_channels=(48, 96, 192)),
            stage4=dict(
                num_modules=3, num_branches=4, block='BASIC', num_blocks=(4,) * 4, num_channels=(48, 96, 192, 384)
            ),
        ),
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w48'),
    ),
    dct_stream=dict(channels=(96, 192, 384), stem=96, num_modules=(3, 2), num_blocks=4),
    backbone_channels=(48, 96, 192, 384),
    fused_channels=(24, 48, 96, 192),
    num_blocks=4,
    norm_cfg=norm_cfg,
    class_weight=(0.5, 2.5),
    train_cfg=dict(),
    # Windows on the grid of 8x8 blocks.
    test_cfg=dict(mode='whole', crop_size=(512, 512), stride=(344, 344)),
)

# PSCC-Net: a narrow HRNet without strides in its stem; the heads see its features at 256x256.
norm_cfg = dict(type='SyncBN', momentum=0.01, requires_grad=True)
channels = [18, 36, 72, 144]
model = dict(
    type='PSCCNet',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        size=(256, 256),
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='ResizeOnceHRNet',
        align_corners=True,
        stem_strides=(1, 1),
        norm_cfg=norm_cfg,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(2,), num_channels=(64,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(2, 2), num_channels=(18, 36)),
            stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(2,) * 3, num_channels=(18, 36, 72)),
            stage4=dict(
                num_modules=1, num_branches=4, block='BASIC', num_blocks=(2,) * 4, num_channels=(18, 36, 72, 144)
            ),
        ),
        # More modules than these: the first of each stage fits.
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w18_small'),
    ),
    mask_head=dict(in_channels=channels, reductions=(4, 2, 2, 1), published_order=False),
    detection_head=dict(in_channels=channels, norm_cfg=norm_cfg),
    crop_size=(256, 256),
    loss=dict(authentic_share=0.25),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

# HiFi-Net for data with binary labels: real or fake in all four levels of classes, all of them trained on all images,
# and partial convolutions that learn. hifi_net_published.py is the network of the published weights.
norm_cfg = dict(type='SyncBN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[0.0, 0.0, 0.0],
    std=[255.0, 255.0, 255.0],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(256, 256),
)
model = dict(
    type='HiFiNet',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='FENet',
        norm_cfg=dict(type='SyncBN', momentum=0.01, requires_grad=True),
        stem_norm_cfg=norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w18_small'),
    ),
    decode_head=dict(
        type='HiFiHead',
        in_channels=(18, 36, 72, 144),
        mask_branch=dict(type='HiFiMaskBranch'),
        num_classes=(2, 2, 2, 2),
        fake_path=(1, 1, 1, 1),
        norm_cfg=norm_cfg,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

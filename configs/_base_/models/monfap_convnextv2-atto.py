# MoNFAP-C.
norm_cfg = dict(type='SyncBN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    size=(512, 512),
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
)
checkpoint_file = 'https://download.openmmlab.com/mmclassification/v0/convnext-v2/convnext-v2-atto_fcmae-pre_3rdparty_in1k_20230104-23765f83.pth'  # noqa: E501
model = dict(
    type='MoNFAP',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='ConvNeXtV2',
        arch='atto',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint_file, prefix='backbone.'),
    ),
    neck=dict(
        type='MixtureOfNoises',
        in_channels=[40, 80, 160, 320],
        experts=('cd', 'bayar', 'srm', 'hf'),
        fusion='mone',
        loss_importance_weight=0.1,
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='FUPHead',
        in_channels=[40, 80, 160, 320],
        num_heads=8,
        mlp_channels=(2048, 1024, 512, 256),
        mask_threshold=0.5,
        num_scales=4,
        task_mode='token',
        norm_cfg=norm_cfg,
        loss_decode=dict(type='SampleWeightedCrossEntropy', manipulated_weight=10.0),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

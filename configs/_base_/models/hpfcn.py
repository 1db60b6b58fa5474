# HP-FCN. Images in [0, 1].
model = dict(
    type='HPFCN',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        size=(512, 512),
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
    ),
    loss='focal',
    l2_weight=1e-5,
    norm_cfg=dict(type='SyncBN', eps=1e-5, momentum=0.003),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

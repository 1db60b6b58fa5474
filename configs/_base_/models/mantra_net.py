# ManTra-Net. Images in [-1, 1].
model = dict(
    type='ManTraNet',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        size=(512, 512),
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
    ),
    norm='batch',
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

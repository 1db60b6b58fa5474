# The authors' ObjectFormer: a Visual Parser. No weights of its backbone are known in a model zoo.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(380, 380),
)
model = dict(
    type='ViPObjectFormer',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='ViP'),
    decode_head=dict(type='ViPObjectFormerHead'),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# The batch norms of several GPUs work as one.
sync_bn = 'torch'

# The baseline of Table VI: an FCN on the backbone of MoNFAP-C.
_base_ = './monfap_convnextv2-atto.py'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(test_cfg=dict(size=(32, 32))),  # pads what is smaller than the stride, in testing
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=320,
        in_index=3,
        channels=512,
        num_convs=2,
        dropout_ratio=0.1,
        num_classes=2,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=1.0),
    ),
)

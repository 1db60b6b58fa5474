# An FCN on the backbone of monfap_reduced.py.
_base_ = './monfap_reduced.py'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(test_cfg=dict(size=(32, 32))),  # pads what is smaller than the stride, in testing
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=96,
        num_convs=2,
        dropout_ratio=0.1,
        num_classes=2,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        # One pixel in ten is fake: without a weight the FCN calls hardly any pixel fake.
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, class_weight=[1.0, 5.0], loss_weight=1.0),
    ),
)

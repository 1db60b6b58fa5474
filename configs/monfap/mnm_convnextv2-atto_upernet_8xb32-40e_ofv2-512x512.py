# The neck alone, before a stock UPerHead: residual=True hands the head f_i + r_i.
_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(test_cfg=dict(size=(32, 32))),  # pads what is smaller than the stride, in testing
    neck=dict(residual=True),
    decode_head=dict(
        _delete_=True,
        type='UPerHead',
        in_channels=[40, 80, 160, 320],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=128,
        dropout_ratio=0.1,
        num_classes=2,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=1.0),
    ),
)

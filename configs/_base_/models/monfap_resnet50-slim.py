# MoNFAP-R-slim: features projected to a quarter of their width before neck and head. Not in the paper.
_base_ = './monfap_resnet50.py'
model = dict(
    projection=dict(
        type='ChannelProjection',
        in_channels=[256, 512, 1024, 2048],
        out_channels=[64, 128, 256, 512],
        norm_cfg=dict(type='SyncBN', requires_grad=True),
    ),
    neck=dict(in_channels=[64, 128, 256, 512]),
    decode_head=dict(in_channels=[64, 128, 256, 512]),
)

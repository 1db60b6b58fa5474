# MoNFAP on a frozen DINOv2: a plain vision transformer, whose one map of stride 14 becomes a pyramid. Not in the paper.
_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
checkpoint_file = (
    'https://download.openmmlab.com/mmpretrain/v1.0/dinov2/vit-small-p14_dinov2-pre_3rdparty_20230426-5641ca5a.pth'  # noqa: E501
)
channels = [384, 384, 384, 384]
model = dict(
    # Patches of 14 pixels, and half their number at the coarsest level: multiples of 28.
    data_preprocessor=dict(size=(532, 532), test_cfg=dict(size_divisor=28)),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch='dinov2-small',
        img_size=518,
        patch_size=14,
        layer_scale_init_value=1e-5,
        out_indices=(2, 5, 8, 11),
        out_type='featmap',
        frozen_stages=12,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint_file, prefix='backbone.'),
    ),
    projection=dict(type='Feature2Pyramid', embed_dim=384, rescales=[4, 2, 1, 0.5]),
    neck=dict(in_channels=channels),
    decode_head=dict(in_channels=channels),
)

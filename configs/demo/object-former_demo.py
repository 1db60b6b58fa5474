# ObjectFormer at reduced size.
_base_ = ['../_base_/models/object_former.py', '../_base_/demo_600i.py']
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(image_size=128, num_layers=4, channels=96, num_heads=4, num_prototypes=16, init_cfg=None),
    decode_head=dict(in_channels=192),
)

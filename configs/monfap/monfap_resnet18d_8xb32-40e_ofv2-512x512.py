# A backbone of timm (`pip install ".[timm]"`).
_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
checkpoint_file = (
    'https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/resnet18d_ra2-48a79e06.pth'  # noqa: E501
)
model = dict(
    backbone=dict(
        _delete_=True,
        type='TIMMBackbone',
        model_name='resnet18d',
        features_only=True,
        out_indices=(1, 2, 3, 4),
        # True fetches weights whenever the model is built, also to answer; init_cfg only to train.
        pretrained=False,
        # The file has timm's names, so it is loaded into the part that is timm's.
        init_cfg=dict(
            type='Constant',
            val=0,
            layer=[],
            override=dict(type='Pretrained', name='timm_model', checkpoint=checkpoint_file),
        ),
    ),
    neck=dict(in_channels=[64, 128, 256, 512]),
    decode_head=dict(in_channels=[64, 128, 256, 512]),
)

# ObjectFormer on a ViT: orthonormal cosine transform without the low frequencies, mean of the neighbors, ReLU in the
# head. object_former_published.py is the network of the published weights.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(224, 224),
)
checkpoint_file = 'https://download.openmmlab.com/mmclassification/v0/vit/vit-base-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-98e8652b.pth'  # noqa: E501
model = dict(
    type='ObjectFormer',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='ObjectFormerEncoder',
        image_size=224,
        as_published=False,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint_file, prefix='backbone.'),
    ),
    decode_head=dict(type='ObjectFormerHead', as_published=False),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

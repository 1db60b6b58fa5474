# DOA-GAN's generator with a mask of one class.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(320, 320),
)
checkpoint_file = 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg19_batch256_imagenet_20210208-e6920e4a.pth'
model = dict(
    type='DOAGAN',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='mmpretrain.VGG',
        depth=19,
        num_stages=4,
        dilations=(1, 1, 1, 1),
        out_indices=(1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint_file, prefix='backbone.'),
    ),
    decode_head=dict(type='DOAHead', num_classes=1),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# The batch norms of several GPUs work as one.
sync_bn = 'torch'

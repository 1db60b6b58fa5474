# CAT-Net at reduced size. The pictures of the demo are JPEG files, and not resized.
_base_ = ['../_base_/models/cat_net.py', '../_base_/demo_600i.py']
widths = (16, 32, 64, 128)
fused = (8, 16, 32, 64)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        stem_channels=32,
        extra=dict(
            stage1=dict(num_blocks=(1,), num_channels=(16,)),
            stage2=dict(num_blocks=(1, 1), num_channels=widths[:2]),
            stage3=dict(num_modules=1, num_blocks=(1, 1, 1), num_channels=widths[:3]),
            stage4=dict(num_modules=1, num_blocks=(1, 1, 1, 1), num_channels=widths),
        ),
        init_cfg=None,
    ),
    dct_stream=dict(channels=(32, 64, 128), dilated_channels=16, stem=32, num_modules=(1, 1), num_blocks=1),
    backbone_channels=widths,
    fused_channels=fused,
    num_blocks=1,
)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='LoadJpegGrid'),
    dict(type='GridFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='LoadJpegGrid'),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

# CAT-Net at reduced size, with the data and the number of iterations of monfap-c_demo.py.
_base_ = [
    '../_base_/models/cat_net.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
widths = (16, 32, 64, 128)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        extra=dict(
            stage1=dict(num_blocks=(1,), num_channels=(16,)),
            stage2=dict(num_blocks=(1, 1), num_channels=widths[:2]),
            stage3=dict(num_modules=1, num_blocks=(1, 1, 1), num_channels=widths[:3]),
            stage4=dict(num_modules=1, num_blocks=(1, 1, 1, 1), num_channels=widths),
        ),
        init_cfg=None,
    ),
    dct_stream=dict(channels=(32, 64, 128), stem=32, num_modules=(1, 1), num_blocks=1),
    backbone_channels=widths,
    fused_channels=widths,
    num_blocks=1,
)
# The pictures of the demo are JPEG files, and not resized.
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
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

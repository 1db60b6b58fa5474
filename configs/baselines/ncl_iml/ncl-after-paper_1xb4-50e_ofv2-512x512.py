# The recipe of the base network: random scale, crop and flip. Not the authors', which is unknown.
_base_ = [
    '../../_base_/models/ncl_after_paper.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_deeplab_50e.py',
    '../../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomResize', resize_type='ForgeryResize', scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 512)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
# The head cannot normalize a last batch of one image.
train_dataloader = dict(batch_size=4, drop_last=True, dataset=dict(pipeline=train_pipeline))

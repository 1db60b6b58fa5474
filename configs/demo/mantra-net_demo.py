# ManTra-Net at reduced size, trained on crops, of fakes with fake pixels: all of its maps have the size of the picture.
_base_ = ['../_base_/models/mantra_net.py', '../_base_/demo_600i.py']
crop_size = (64, 64)
model = dict(data_preprocessor=dict(size=crop_size), base_channels=4, detector_channels=8)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.99),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

# MoNFAP-C at the demo's size on photographs that from_photos.py forged: crops in training, whole pictures in the test.
_base_ = './monfap-c_demo.py'
data_root = 'data/photos'
crop_size = (160, 160)
max_epochs = 8
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
model = dict(data_preprocessor=dict(size=crop_size))
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
# One by one: the pictures are not all of one size.
val_dataloader = dict(batch_size=1, dataset=dict(data_root=data_root))
test_dataloader = dict(batch_size=1, dataset=dict(data_root=data_root))
# Photographs are harder than the demo's scenes: without pretrained weights start from the demo's model.
load_from = 'work_dirs/demo/best.pth'
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_epochs, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)

# The demo's small model on CASIA v1, a set of image forgeries, from scratch: crops at native resolution for training,
# whole images for testing (they come in two sizes, hence one a batch).
_base_ = './monfap-c_demo.py'
data_root = 'data/casia1'
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='RandomCrop', crop_size=(160, 160)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
model = dict(data_preprocessor=dict(size=(160, 160)))
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(data_root=data_root))
test_dataloader = dict(batch_size=1, dataset=dict(data_root=data_root, ann_file='val.txt'))
max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_epochs, by_epoch=True, convert_to_iter_based=True),
]

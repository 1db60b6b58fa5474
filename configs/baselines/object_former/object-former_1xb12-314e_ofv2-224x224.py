# The recipe on OFV2: 314 epochs of 44 122 images are as many images as 1100 of CASIA v2.
_base_ = './object-former_1xb12-1100e_casia2-224x224.py'
data = dict(type='OFV2Dataset', data_root='data/ofv2')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
max_epochs = 314
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=5e-7, by_epoch=True, begin=2, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)

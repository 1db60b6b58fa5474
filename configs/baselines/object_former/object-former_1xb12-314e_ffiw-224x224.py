# The recipe on FFIW, for as many epochs as on OFV2.
_base_ = './object-former_1xb12-1100e_casia2-224x224.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)
max_epochs = 314
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=5e-7, by_epoch=True, begin=2, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)

# The authors' network and recipe on FFIW.
_base_ = './object-former-vip_1xb24-40e_casia2-380x380.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

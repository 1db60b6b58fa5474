# The authors' network and recipe on OFV2.
_base_ = './object-former-vip_1xb24-40e_casia2-380x380.py'
data = dict(type='OFV2Dataset', data_root='data/ofv2')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

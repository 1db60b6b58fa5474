# The authors' recipe on FFIW.
_base_ = './doa-gan_1xb20-100e_ofv2-320x320.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

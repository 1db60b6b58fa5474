# The authors' recipe on FFIW.
_base_ = './cat-net_1xb11-200e_ofv2-512x512.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

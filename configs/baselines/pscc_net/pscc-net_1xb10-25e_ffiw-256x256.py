# The authors' recipe on FFIW.
_base_ = './pscc-net_1xb10-25e_ofv2-256x256.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

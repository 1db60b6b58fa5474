# The recipe of the base network on FFIW.
_base_ = './ncl-after-paper_1xb4-50e_ofv2-512x512.py'
data = dict(type='FFIWDataset', data_root='data/ffiw')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=data)

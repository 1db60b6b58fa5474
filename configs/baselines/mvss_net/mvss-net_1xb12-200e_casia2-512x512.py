# Table V: the paper's recipe on CASIA v2, tested on another set, by default CASIA v1.
_base_ = './mvss-net_1xb12-200e_ofv2-512x512.py'
data = dict(type='ForgeryDataset', data_root='data/casia2')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=dict(type='ForgeryDataset', data_root='data/casia1'))

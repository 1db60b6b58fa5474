# Table V: the authors' recipe on CASIA v2, tested on another set, by default CASIA v1.
_base_ = './pscc-net_1xb10-25e_ofv2-256x256.py'
data = dict(type='ForgeryDataset', data_root='data/casia2')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=dict(type='ForgeryDataset', data_root='data/casia1'))

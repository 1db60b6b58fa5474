# Table V: the recipe of the base network on CASIA v2, tested on another set, by default CASIA v1.
_base_ = './ncl-after-paper_1xb4-50e_ofv2-512x512.py'
data = dict(type='ForgeryDataset', data_root='data/casia2')
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = dict(dataset=dict(type='ForgeryDataset', data_root='data/casia1'))

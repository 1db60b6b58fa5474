# CASIA v2 (Table V): {train,val}.txt below data/casia2. The test set is another one: test.txt below data/casia1.
_base_ = './forgery_512x512.py'
dataset_type = 'ForgeryDataset'
data_root = 'data/casia2'

train_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='train.txt'))
val_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='val.txt'))
test_dataloader = dict(dataset=dict(type=dataset_type, data_root='data/casia1', ann_file='test.txt'))

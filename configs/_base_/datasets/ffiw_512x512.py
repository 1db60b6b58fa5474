# FFIW: {train,val,test}.txt and the images below data/ffiw.
_base_ = './forgery_512x512.py'
dataset_type = 'FFIWDataset'
data_root = 'data/ffiw'

train_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='train.txt'))
val_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='val.txt'))
test_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='test.txt'))

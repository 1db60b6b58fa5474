# OFV2: {train,val,test}.txt and the images below data/ofv2.
_base_ = './forgery_512x512.py'
dataset_type = 'OFV2Dataset'
data_root = 'data/ofv2'

train_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='train.txt'))
val_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='val.txt'))
test_dataloader = dict(dataset=dict(type=dataset_type, data_root=data_root, ann_file='test.txt'))

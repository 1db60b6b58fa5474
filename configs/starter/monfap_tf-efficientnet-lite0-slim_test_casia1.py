# Test the starter model on spliced photographs of CASIA v1, which are unlike what it learned from.
_base_ = './monfap_tf-efficientnet-lite0-slim_photos-256x256.py'
test_dataloader = dict(dataset=dict(data_root='data/casia1', ann_file='val.txt'))

# For the published weights, and to train on from them.
_base_ = './pscc-net_1xb10-25e_casia2-256x256.py'
model = dict(mask_head=dict(published_order=True))

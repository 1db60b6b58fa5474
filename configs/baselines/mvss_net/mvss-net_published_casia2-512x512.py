# For the published weights, and to train on from them.
_base_ = './mvss-net_1xb12-200e_casia2-512x512.py'
model = dict(data_preprocessor=dict(bgr_to_rgb=False))

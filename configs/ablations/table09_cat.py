# Table IX, 'Cat': the four noises side by side, then a 1x1 convolution.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(fusion='cat'))

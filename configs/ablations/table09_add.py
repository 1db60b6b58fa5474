# Table IX, 'Add': the sum of the four noises.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(fusion='add'))

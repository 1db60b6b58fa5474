# Table VII, 'two-branch': a classifier beside FUP.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(task_mode='two_branch'))

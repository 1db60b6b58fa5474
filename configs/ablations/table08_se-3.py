# Table VIII, three shared experts.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(num_shared_experts=3))

# Table XI, lambda = 15.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(loss_decode=dict(manipulated_weight=15.0)))

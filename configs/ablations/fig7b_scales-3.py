# Fig. 7(b), 3 stages, from the coarsest.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(num_scales=3))

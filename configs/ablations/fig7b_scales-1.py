# Fig. 7(b), 1 stage, from the coarsest.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(num_scales=1))

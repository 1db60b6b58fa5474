# Table XII, threshold 0.0: no masked attention.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(mask_threshold=0.0))

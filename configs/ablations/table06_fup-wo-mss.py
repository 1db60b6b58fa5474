# Table VI, '+FUP (w/o MSS)': no noise cues, and no features of the finer levels.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=None, decode_head=dict(multi_scale=False))

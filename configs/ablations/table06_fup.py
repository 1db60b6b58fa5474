# Table VI, '+FUP': no noise cues.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=None)

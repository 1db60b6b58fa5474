# Table X, 'w/o L_mone loss'.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(loss_importance_weight=0.0))

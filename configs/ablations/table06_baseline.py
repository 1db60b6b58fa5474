# Table VI, 'baseline': an FCN on the same backbone.
_base_ = '../monfap/fcn_convnextv2-atto_8xb32-40e_ffiw-512x512.py'

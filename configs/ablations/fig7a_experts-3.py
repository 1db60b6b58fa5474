# Fig. 7(a), 3 noise experts; which, the paper does not say.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(experts=('cd', 'bayar', 'srm')))

# MoNFAP-C at reduced size, at the learning rate of `make demo`, for as many iterations as the peers.
_base_ = ['../_base_/models/monfap_reduced.py', '../_base_/demo_600i.py']
optim_wrapper = dict(optimizer=dict(lr=4e-3))

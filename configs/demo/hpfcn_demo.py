# HP-FCN at reduced size.
_base_ = ['../_base_/models/hpfcn.py', '../_base_/demo_600i.py']
model = dict(
    data_preprocessor=dict(size=(128, 128)), widths=(8, 16, 32, 64), decoder_channels=32, norm_cfg=dict(type='BN')
)

# HP-FCN at reduced size, with the data and the number of iterations of monfap-c_demo.py.
_base_ = [
    '../_base_/models/hpfcn.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(128, 128)), widths=(8, 16, 32, 64), decoder_channels=32, norm_cfg=dict(type='BN')
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

# ObjectFormer at reduced size, with the data and the number of iterations of monfap-c_demo.py.
_base_ = [
    '../_base_/models/object_former.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(image_size=128, num_layers=4, channels=96, num_heads=4, num_prototypes=16, init_cfg=None),
    decode_head=dict(in_channels=192),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

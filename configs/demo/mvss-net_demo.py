# MVSS-Net at reduced size, with the data and the number of iterations of monfap-c_demo.py.
_base_ = [
    '../_base_/models/mvss_net.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
norm_cfg = dict(type='BN', requires_grad=True)
resnet = dict(depth=18, multi_grid=(1, 2), base_channels=16, stem_channels=16, norm_cfg=norm_cfg, init_cfg=None)
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=resnet,
    noise_backbone=resnet,
    decode_head=dict(in_channels=[128, 128], channels=64, pam_channels=8, norm_cfg=norm_cfg),
    edge_stream=dict(in_channels=[16, 32, 64, 128], norm_cfg=norm_cfg),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

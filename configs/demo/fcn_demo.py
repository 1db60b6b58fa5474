# The FCN baseline of equal budget: the same backbone, data and number of iterations as monfap-c_demo.py.
_base_ = [
    '../_base_/models/fcn_reduced.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

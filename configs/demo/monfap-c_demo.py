# MoNFAP-C at reduced size, trained from scratch on a CPU by `make demo`.
_base_ = [
    '../_base_/models/monfap_reduced.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/schedules/schedule_demo.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(logger=dict(interval=50), checkpoint=dict(max_keep_ckpts=1))
randomness = dict(seed=0)

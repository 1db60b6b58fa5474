# MoNFAP's data and schedule, for a comparison on an equal budget. AdamW decays the weights, so the loss does not.
_base_ = [
    '../../_base_/models/hpfcn.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
model = dict(l2_weight=0.0)

# MoNFAP's data and schedule, for comparisons at an equal budget.
_base_ = [
    '../../_base_/models/ncl_after_paper.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]

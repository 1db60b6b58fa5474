_base_ = [
    '../_base_/models/monfap_convnextv2-atto.py',
    '../_base_/datasets/ofv2_512x512.py',
    '../_base_/schedules/schedule_adamw_40e.py',
    '../_base_/default_runtime.py',
]

_base_ = [
    '../_base_/models/monfap_resnet50.py',
    '../_base_/datasets/ffiw_512x512.py',
    '../_base_/schedules/schedule_adamw_40e.py',
    '../_base_/default_runtime.py',
]

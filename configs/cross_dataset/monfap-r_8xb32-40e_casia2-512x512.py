# Table V: trained on CASIA v2, tested on another set, by default CASIA v1.
_base_ = [
    '../_base_/models/monfap_resnet50.py',
    '../_base_/datasets/casia2_512x512.py',
    '../_base_/schedules/schedule_adamw_40e.py',
    '../_base_/default_runtime.py',
]

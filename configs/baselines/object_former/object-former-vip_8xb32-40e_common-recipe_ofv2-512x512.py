# The authors' network with MoNFAP's data and schedule.
_base_ = [
    '../../_base_/models/object_former_vip.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(512, 512)))

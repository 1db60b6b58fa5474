# MoNFAP's data and schedule; the table of positions is made for 512x512.
_base_ = [
    '../../_base_/models/object_former.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(512, 512)), backbone=dict(image_size=512))

# MoNFAP's data and schedule, without the discriminator.
_base_ = [
    '../../_base_/models/doa_gan.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(512, 512)))

_base_ = [
    '../../_base_/models/hpfcn.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_hpfcn_10e.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=1)

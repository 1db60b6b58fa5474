_base_ = [
    '../../_base_/models/mantra_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_mantra-net_40e.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=1)
val_dataloader = dict(batch_size=1)
test_dataloader = dict(batch_size=1)

# For the published weights of the full network (750001), and to train on from them.
_base_ = [
    '../../_base_/models/hifi_net_published.py',
    '../../_base_/datasets/ofv2_bicubic-256x256.py',
    '../../_base_/schedules/schedule_hifi_net.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=10)

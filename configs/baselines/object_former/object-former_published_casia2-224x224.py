# The network of the published weights (Table V), and training with its quirks.
_base_ = [
    '../../_base_/models/object_former_published.py',
    '../../_base_/datasets/casia2_224x224.py',
    '../../_base_/schedules/schedule_object_former.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=12)

# IMDL-BenCo's recipe for Table V, with the sane reading of the network.
_base_ = [
    '../../_base_/models/object_former.py',
    '../../_base_/datasets/casia2_224x224.py',
    '../../_base_/schedules/schedule_object_former.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=12)

# The authors' network and recipe; it also runs the weights of their code.
_base_ = [
    '../../_base_/models/object_former_vip.py',
    '../../_base_/datasets/casia2_380x380.py',
    '../../_base_/schedules/schedule_object_former_vip.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=24)

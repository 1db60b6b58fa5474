# The generator of the published weights for CASIA and CoMoFoD (masks of one class), and training without discriminator.
_base_ = [
    '../../_base_/models/doa_gan.py',
    '../../_base_/datasets/ofv2_320x320.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=20)

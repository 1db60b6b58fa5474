# The authors' recipe, as far as their code tells; the discriminator is our inference.
_base_ = [
    '../../_base_/models/doa_gan.py',
    '../../_base_/datasets/ofv2_320x320.py',
    '../../_base_/schedules/schedule_doa_gan.py',
    '../../_base_/default_runtime.py',
]
model = dict(discriminator=dict(type='DOADiscriminator', mask_channels=1), adversarial_weight=0.05)
train_dataloader = dict(batch_size=20)

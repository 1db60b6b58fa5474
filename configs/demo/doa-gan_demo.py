# DOA-GAN with its discriminator at reduced size; a narrow ResNet in the place of VGG, which has one width only.
_base_ = ['../_base_/models/doa_gan.py', '../_base_/demo_600i.py']
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        base_channels=16,
        stem_channels=16,
        norm_cfg=dict(type='BN', requires_grad=True),
    ),
    decode_head=dict(in_channels=(16, 32, 64), grid=16, channels=64, mask_rates=(3, 6, 9), forge_rates=(2, 4, 6)),
    discriminator=dict(type='DOADiscriminator', base_channels=16),
)
part = _base_.optim_wrapper
optim_wrapper = dict(_delete_=True, constructor='PartsOptimWrapperConstructor', generator=part, discriminator=part)

# HiFi-Net's authors: Adam; they see 3 x 360 000 images, as many as 24 epochs of OFV2, 10 at a time.
frequency = dict(lr_mult=0.9)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-4, weight_decay=1e-6),
    paramwise_cfg=dict(custom_keys={f'backbone.frequency.{i}.': frequency for i in (0, 1, 4, 5)}),
)
# Theirs looks at the training loss of every 50 iterations, ours at the validation.
param_scheduler = [
    dict(type='ReduceOnPlateauLR', monitor='forgery/IoU-f', rule='greater', factor=0.95, patience=0, min_value=1e-8)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=24, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=10)

# ManTra-Net: Adam, half the learning rate where validation stalls. Its maps have 256 channels at full size: one image
# at a time, and eight to a step.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999)),
    accumulative_counts=8,
)
param_scheduler = [
    dict(type='ReduceOnPlateauLR', monitor='forgery/IoU-f', rule='greater', factor=0.5, patience=3, by_epoch=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=8)

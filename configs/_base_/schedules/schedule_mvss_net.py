# MVSS-Net: Adam from 1e-4 to 1e-7. The paper tells neither the batch nor the epochs nor the period of the decay: 12
# images and 200 epochs are those of a public re-implementation, in one period.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min=1e-7, begin=0, end=200, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=12)

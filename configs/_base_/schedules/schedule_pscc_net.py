# PSCC-Net's authors: Adam; the learning rate is halved after every 5 epochs, of 100 000 images each.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[5, 10, 15, 20], gamma=0.5, begin=0, end=25, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=25, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=10)

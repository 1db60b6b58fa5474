# The paper's schedule (Sec. IV-D): AdamW and 'poly' by iteration. 32 images per GPU on 8 GPUs.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01))
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=40, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Off, because the paper's batch is what these configs assume; on, the learning rate follows the batch.
auto_scale_lr = dict(enable=False, base_batch_size=256)

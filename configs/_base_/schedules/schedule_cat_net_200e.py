# The authors' schedule of CAT-Net (their code): SGD on all parameters, 'poly' by iteration.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=5e-4, nesterov=False)
)
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=200, by_epoch=True, convert_to_iter_based=True)
]
# Every 10 epochs, every 5 from epoch 80, each from epoch 120.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=10, dynamic_intervals=[(80, 5), (120, 1)])
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=11)

# The options of DOA-GAN's published code for masks of one class; its training loop is not published. Adam is inferred.
optimizer = dict(type='Adam', lr=1e-4)
optim_wrapper = dict(
    constructor='PartsOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=optimizer),
    discriminator=dict(type='OptimWrapper', optimizer=optimizer),
)
# Each part of the model is wrapped on its own where there are several processes.
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=20)

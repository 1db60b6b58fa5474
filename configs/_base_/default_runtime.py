# One import makes everything of the package known, also under `mim train mmseg CONFIG`.
custom_imports = dict(imports=['monfap_mm'], allow_failed_imports=False)
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ForgeryVisualizer', vis_backends=vis_backends, name='visualizer')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=True),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=3, save_best='forgery/IoU-f', rule='greater'),
    start_weights=dict(type='StartWeightsHook'),
    finite_training=dict(type='FiniteTrainingHook'),
    missed_validation=dict(type='MissedValidationHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='ForgeryVisualizationHook'),
)
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False

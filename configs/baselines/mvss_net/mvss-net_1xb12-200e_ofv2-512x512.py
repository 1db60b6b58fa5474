# The paper's recipe as far as it is known. Blur and JPEG need albumentations (extra `perturb`); their probabilities are
# ours. The authors also paste squares and inpaint: forgeries of no face, and left out.
_base_ = [
    '../../_base_/models/mvss_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_mvss_net.py',
    '../../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='ForgeryResize', scale=(512, 512), keep_ratio=False),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(
        type='Albu',
        transforms=[dict(type='GaussianBlur', p=0.2), dict(type='ImageCompression', quality_range=(50, 100), p=0.2)],
    ),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(batch_size=12, dataset=dict(pipeline=train_pipeline))

# MoNFAP's data and schedule: pictures resized to 512x512 and then compressed in memory, since the coefficients of the
# file are none of a resized picture. 8 pictures a GPU, and 4 batches to a step, which makes the paper's 256.
_base_ = [
    '../../_base_/models/cat_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
norm_cfg = dict(type='SyncBN', momentum=0.01, requires_grad=True)
model = dict(backbone=dict(norm_cfg=norm_cfg), norm_cfg=norm_cfg)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='ForgeryResize', scale=(512, 512), keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='LoadJpegGrid'),
    dict(type='PackForgeryInputs'),
]
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='FreezeMask'),
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(type='LoadJpegGrid'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    *test_pipeline[:-1],
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='GridFlip', prob=0.0), dict(type='GridFlip', prob=1.0)],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(accumulative_counts=4)

# For the published weights of the localization variant: images at their own size, one at a time; the head resizes to
# 256x256.
_base_ = './hifi-net_published_ofv2-256x256.py'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    decode_head=dict(
        mask_branch=dict(type='HiFiFPNMaskBranch', norm_cfg=norm_cfg),
        map_weight=1.0,
        mask_weight=0.0,
        coarse_weight=1e-5,
        fine_weight=1e-5,
    )
)
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='LoadForgeryAnnotations')],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))

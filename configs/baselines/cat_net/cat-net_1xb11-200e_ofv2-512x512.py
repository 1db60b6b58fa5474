# The authors' recipe: crops of 512x512 on the grid of the JPEG blocks, no other augmentation. In testing, pictures of
# their own size, one at a time: resizing would leave nothing of how the file was compressed. Also for their weights.
_base_ = [
    '../../_base_/models/cat_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_cat_net_200e.py',
    '../../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='LoadJpegGrid'),
    dict(type='GridCrop', crop_size=(512, 512)),
    dict(type='PackForgeryInputs'),
]
# The mask stays as it is shown, whichever way the file is stored.
grid_loading = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(type='FreezeMask'),
    dict(type='LoadJpegGrid'),
]
test_pipeline = [*grid_loading, dict(type='PackForgeryInputs')]
tta_pipeline = [
    *grid_loading,
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='GridFlip', prob=0.0), dict(type='GridFlip', prob=1.0)],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
train_dataloader = dict(batch_size=11, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))

# CASIA v2 at 224x224 with the augmentation of IMDL-BenCo, but for its copy-move and inpainting.
_base_ = './casia2_512x512.py'
resize = dict(scale=(224, 224), keep_ratio=False)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(
        type='Albu',
        transforms=[
            dict(type='RandomScale', scale_limit=0.2, p=1.0),
            dict(type='HorizontalFlip', p=0.5),
            dict(type='VerticalFlip', p=0.5),
            dict(type='RandomBrightnessContrast', brightness_limit=0.1, contrast_limit=0.1, p=1.0),
            dict(type='ImageCompression', quality_range=(70, 100), p=0.2),
            dict(type='RandomRotate90', p=0.5),
            dict(type='GaussianBlur', blur_limit=(3, 7), p=0.2),
        ],
    ),
    dict(type='ForgeryResize', **resize),
    dict(type='PackForgeryInputs', relabel_after_crop=False),  # nothing is cropped
]
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', **resize),
    dict(type='LoadForgeryAnnotations'),
    dict(type='PackForgeryInputs'),
]
tta_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', **resize)],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='LoadForgeryAnnotations')],
            [dict(type='PackForgeryInputs')],
        ],
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

# CASIA v2 with the augmentation of ObjectFormer's authors: resized to 434x434, crops of 380x380.
_base_ = './casia2_512x512.py'
resize = dict(scale=(380, 380), keep_ratio=False)
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryAnnotations'),
    dict(
        type='Albu',
        transforms=[
            dict(
                type='OneOf',
                transforms=[
                    dict(type='ColorJitter'),
                    dict(type='RandomBrightnessContrast'),
                    dict(type='HueSaturationValue'),
                    dict(type='CLAHE'),
                    dict(type='RandomGamma'),
                    dict(type='Sharpen'),
                ],
                p=0.5,
            ),
            dict(type='GaussNoise', p=0.5),
            dict(type='HorizontalFlip', p=0.5),
            dict(type='ImageCompression', quality_range=(65, 80), p=0.5),
        ],
    ),
    dict(type='ForgeryResize', scale=(434, 434), keep_ratio=False),
    dict(type='RandomCrop', crop_size=(380, 380)),
    dict(type='PackForgeryInputs'),
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

"""The perturbations: family -> name -> what to apply, at five severities.

``type`` is a transform of albumentations, or one of :data:`~monfap_mm.datasets.perturbations.own.OWN`. In the other
arguments a **list** holds one value for each severity, mild to strong; everything else is the same at all of them.
albumentations takes ranges: (a, a) is a fixed value. Lengths are in pixels of the original image.

A table of one's own has the same form; see ``docs/perturbations.md``.

Source: the five families of Sec. IV-C c) of the paper, after the test-challenge set of OpenForensics (Le et al., ICCV
2021). Neither publishes parameters; those below are chosen to leave a face recognizable at severity 5.
"""

_REFLECT = 4  # cv2.BORDER_REFLECT_101: no black rim in the image, and none in the mask

_COLOR = dict(
    brighten=dict(
        type='RandomBrightnessContrast',
        brightness_limit=[(0.08, 0.08), (0.15, 0.15), (0.22, 0.22), (0.3, 0.3), (0.4, 0.4)],
        contrast_limit=(0, 0),
    ),
    darken=dict(
        type='RandomBrightnessContrast',
        brightness_limit=[(-0.08, -0.08), (-0.15, -0.15), (-0.22, -0.22), (-0.28, -0.28), (-0.35, -0.35)],
        contrast_limit=(0, 0),
    ),
    raise_contrast=dict(
        type='ColorJitter',
        contrast=[(1.25, 1.25), (1.5, 1.5), (1.75, 1.75), (2, 2), (2.5, 2.5)],
        brightness=(1, 1),
        saturation=(1, 1),
        hue=(0, 0),
    ),
    lower_contrast=dict(
        type='ColorJitter',
        contrast=[(0.8, 0.8), (0.65, 0.65), (0.5, 0.5), (0.35, 0.35), (0.25, 0.25)],
        brightness=(1, 1),
        saturation=(1, 1),
        hue=(0, 0),
    ),
    saturate=dict(
        type='ColorJitter',
        saturation=[(1.3, 1.3), (1.6, 1.6), (2, 2), (2.5, 2.5), (3, 3)],
        brightness=(1, 1),
        contrast=(1, 1),
        hue=(0, 0),
    ),
    desaturate=dict(
        type='ColorJitter',
        saturation=[(0.75, 0.75), (0.5, 0.5), (0.3, 0.3), (0.15, 0.15), (0, 0)],
        brightness=(1, 1),
        contrast=(1, 1),
        hue=(0, 0),
    ),
    hue_up=dict(
        type='ColorJitter',
        hue=[(0.02, 0.02), (0.04, 0.04), (0.07, 0.07), (0.1, 0.1), (0.15, 0.15)],
        brightness=(1, 1),
        contrast=(1, 1),
        saturation=(1, 1),
    ),
    hue_down=dict(
        type='ColorJitter',
        hue=[(-0.02, -0.02), (-0.04, -0.04), (-0.07, -0.07), (-0.1, -0.1), (-0.15, -0.15)],
        brightness=(1, 1),
        contrast=(1, 1),
        saturation=(1, 1),
    ),
    local_histogram=dict(type='CLAHE', clip_limit=[(1.5, 1.5), (2, 2), (4, 4), (6, 6), (8, 8)], tile_grid_size=(8, 8)),
    posterize=dict(type='Posterize', num_bits=[6, 5, 4, 3, 2]),
)

_EDGE = dict(
    edge_overlay=dict(type='edge_overlay', alpha=[0.1, 0.2, 0.3, 0.45, 0.6]),
    sharpen=dict(
        type='Sharpen',
        alpha=[(0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (0.8, 0.8), (1, 1)],
        lightness=(1, 1),
        method='kernel',
    ),
    emboss=dict(type='Emboss', alpha=[(0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (0.8, 0.8), (1, 1)], strength=(0.5, 0.5)),
    ringing=dict(
        type='RingingOvershoot',
        blur_limit=[(7, 7), (9, 9), (11, 11), (13, 13), (15, 15)],
        cutoff=[(2.0, 2.0), (1.6, 1.6), (1.3, 1.3), (1.0, 1.0), (0.8, 0.8)],
    ),
)

_CORRUPTION = dict(
    gaussian_noise=dict(type='noise', kind='gaussian', std=[5, 10, 20, 30, 45]),
    laplace_noise=dict(type='noise', kind='laplace', std=[5, 10, 20, 30, 45]),
    shot_noise=dict(type='ShotNoise', scale_range=[(0.005, 0.005), (0.02, 0.02), (0.05, 0.05), (0.1, 0.1), (0.2, 0.2)]),
    impulse_noise=dict(
        type='SaltAndPepper',
        amount=[(0.003, 0.003), (0.01, 0.01), (0.03, 0.03), (0.06, 0.06), (0.1, 0.1)],
        salt_vs_pepper=(0.5, 0.5),
    ),
    jpeg=dict(type='compress', file_format='.jpg', quality=[80, 60, 40, 25, 10]),
    webp=dict(type='compress', file_format='.webp', quality=[80, 60, 40, 25, 10]),
    downscale=dict(
        type='Downscale',
        scale_range=[(0.75, 0.75), (0.5, 0.5), (0.375, 0.375), (0.25, 0.25), (0.17, 0.17)],
        interpolation_pair=dict(downscale=3, upscale=1),  # cv2.INTER_AREA, cv2.INTER_LINEAR
    ),
    pixel_dropout=dict(type='PixelDropout', dropout_prob=[0.005, 0.02, 0.05, 0.1, 0.2]),
    grid_dropout=dict(type='GridDropout', ratio=[0.1, 0.2, 0.3, 0.4, 0.5]),
    jigsaw=dict(type='jigsaw', grid=8, swaps=[2, 5, 10, 20, 40]),
    elastic=dict(type='ElasticTransform', alpha=[20, 40, 60, 90, 120], sigma=6, border_mode=_REFLECT),
    grid_distortion=dict(
        type='GridDistortion',
        num_steps=5,
        distort_limit=[(-0.1, 0.1), (-0.2, 0.2), (-0.3, 0.3), (-0.4, 0.4), (-0.5, 0.5)],
        border_mode=_REFLECT,
    ),
)

_CONVOLUTION = dict(
    box_blur=dict(type='Blur', blur_limit=[(3, 3), (5, 5), (7, 7), (9, 9), (13, 13)]),
    gaussian_blur=dict(type='GaussianBlur', sigma_limit=[(0.7, 0.7), (1.2, 1.2), (2, 2), (3, 3), (4, 4)], blur_limit=0),
    median_blur=dict(type='MedianBlur', blur_limit=[(3, 3), (5, 5), (7, 7), (9, 9), (11, 11)]),
    # Centered kernels: a shifted one would move the image and not the mask.
    motion_blur=dict(
        type='MotionBlur',
        blur_limit=[(5, 5), (7, 7), (11, 11), (15, 15), (21, 21)],
        allow_shifted=False,
        direction_range=(0, 0),
    ),
    defocus=dict(type='Defocus', radius=[(1, 1), (2, 2), (3, 3), (5, 5), (7, 7)], alias_blur=(0.1, 0.1)),
    zoom_blur=dict(
        type='ZoomBlur',
        max_factor=[(1.03, 1.03), (1.06, 1.06), (1.1, 1.1), (1.15, 1.15), (1.2, 1.2)],
        step_factor=(0.01, 0.01),
    ),
    glass_blur=dict(type='GlassBlur', sigma=[0.5, 0.7, 0.9, 1.1, 1.3], max_delta=[1, 2, 3, 3, 4], iterations=1),
)

_EXTERNAL = dict(
    fog=dict(
        type='RandomFog', fog_coef_range=[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.45, 0.45), (0.6, 0.6)], alpha_coef=0.1
    ),
    snow=dict(type='snow', density=[0.002, 0.004, 0.006, 0.008, 0.01], radius=[0.8, 1, 1.2, 1.5, 1.8]),
    rain=dict(
        type='RandomRain',
        rain_type=['drizzle', 'default', 'heavy', 'heavy', 'torrential'],
        slant_range=(-15, 15),
        drop_length=[6, 8, 10, 15, 20],
        blur_value=[1, 3, 3, 3, 5],
        brightness_coefficient=[0.95, 0.9, 0.85, 0.8, 0.7],
    ),
    wet_lens=dict(
        type='Spatter',
        mode='rain',
        cutout_threshold=[(0.72, 0.72), (0.71, 0.71), (0.7, 0.7), (0.69, 0.69), (0.68, 0.68)],
        intensity=[(0.2, 0.2), (0.25, 0.25), (0.3, 0.3), (0.35, 0.35), (0.4, 0.4)],
    ),
    mud=dict(
        type='Spatter',
        mode='mud',
        cutout_threshold=[(0.74, 0.74), (0.72, 0.72), (0.71, 0.71), (0.7, 0.7), (0.68, 0.68)],
        intensity=[(0.2, 0.2), (0.3, 0.3), (0.4, 0.4), (0.45, 0.45), (0.5, 0.5)],
    ),
    sun_flare=dict(
        type='RandomSunFlare', src_radius=[30, 60, 90, 120, 160], flare_roi=(0, 0, 1, 0.5), method='physics_based'
    ),
    shadow=dict(
        type='RandomShadow',
        shadow_intensity_range=[(0.2, 0.2), (0.35, 0.35), (0.5, 0.5), (0.65, 0.65), (0.8, 0.8)],
        shadow_roi=(0, 0, 1, 1),
        num_shadows_limit=(1, 2),
    ),
    cloud_shadow=dict(
        type='PlasmaShadow',
        shadow_intensity_range=[(0.2, 0.2), (0.35, 0.35), (0.5, 0.5), (0.65, 0.65), (0.8, 0.8)],
        roughness=0.5,
    ),
)

PERTURBATIONS = dict(color=_COLOR, edge=_EDGE, corruption=_CORRUPTION, convolution=_CONVOLUTION, external=_EXTERNAL)

"""Metadata that fits no particular model."""

from monfap_mm.model_files.onnx_metadata import OnnxMetadata, ResizeStep

METADATA = OnnxMetadata(
    resize=ResizeStep((96, 64), False, 'bilinear'),
    bgr_to_rgb=True,
    mean=(123.675, 116.28, 103.53),
    std=(58.395, 57.12, 57.375),
    pad_size=None,
    pad_divisor=None,
    pad_value=0,
    mode='whole',
    crop_size=(64, 96),
    stride=(43, 64),
    window_score='max',
    experts=('cd', 'bayar', 'srm', 'hf'),
    config='tiny',
    config_hash='0' * 16,
    weights_hash='1' * 16,
    package_version='0.0',
)

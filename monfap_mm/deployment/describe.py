"""What a config says of its pictures, in the form that an ONNX file carries."""

from pathlib import Path

from mmengine.config import Config

from ..media.limits import MAX_PIXELS_IN_ONE_PIECE
from ..model_files.loading import load_config, pipeline_without_loading, type_name
from ..model_files.onnx_metadata import INTERPOLATIONS, OnnxMetadata, ResizeStep
from ..utils.provenance import hash_file, hash_text
from ..version import __version__

PACKING = ('PackForgeryInputs', 'PackSegInputs')


def describe(
    cfg: Config, weights: str, experts: tuple[str, ...] = (), max_pixels_in_one_piece: int = MAX_PIXELS_IN_ONE_PIECE
) -> OnnxMetadata:
    """Describe how pictures go into a model, and how its answers are to be read.

    Args:
        cfg: The config, as :func:`load_config` gives it.
        weights: Path of the checkpoint.
        experts: Names of the experts, in the order of the gate values.
        max_pixels_in_one_piece: How large an input may be in mode 'whole'.

    Returns:
        The metadata.

    Raises:
        ValueError: If the test pipeline, the data preprocessor or the model does what the runtime of ONNX files cannot
            do; names it.
    """
    if (cfg.model.get('decode_head') or {}).get('align_corners'):
        raise ValueError('ONNX files cannot be run with decode_head.align_corners=True: set it to False')
    test_cfg, window = cfg.model.test_cfg, _window(cfg)
    preprocessing = _preprocessing(cfg.model.get('data_preprocessor'))
    if test_cfg['mode'] == 'slide' and (preprocessing['pad_size'] or preprocessing['pad_divisor']):
        raise ValueError('ONNX files cannot be run in windows of padded pictures: leave out data_preprocessor.test_cfg')
    return OnnxMetadata(
        resize=_resize_step(pipeline_without_loading(cfg, None)),
        **preprocessing,
        mode=test_cfg['mode'],
        crop_size=window and window['crop_size'],
        stride=window and window['stride'],
        window_score=test_cfg.get('window_score', 'max'),
        experts=experts,
        config=Path(cfg.filename).stem if cfg.filename else '',
        config_hash=hash_text(cfg.pretty_text),
        weights_hash=hash_file(weights),
        package_version=__version__,
        max_pixels_in_one_piece=max_pixels_in_one_piece,
    )


def _resize_step(pipeline: list[dict]) -> ResizeStep | None:
    """The one resizing of a pipeline without loading, if it has one."""
    found = None
    for step in pipeline:
        values = dict(step)
        name = type_name(values)
        if name in PACKING:
            continue
        if name != 'Resize' or found is not None:
            raise ValueError(
                f'ONNX files cannot be run with {name} in the test pipeline: it may hold loading, one Resize, packing'
            )
        del values['type']
        found = _read_resize(values)
    return found


def _read_resize(values: dict) -> ResizeStep:
    scale, interpolation = values.pop('scale', None), values.pop('interpolation', 'bilinear')
    keep_ratio = values.pop('keep_ratio', False)
    unknown = {key: value for key, value in values.items() if (key, value) != ('backend', 'cv2')}
    if scale is None or unknown or interpolation not in INTERPOLATIONS:
        raise ValueError(
            f'ONNX files cannot be run with this Resize in the test pipeline: it needs scale=(width, height), and may '
            f'have keep_ratio and interpolation ({", ".join(INTERPOLATIONS)})'
        )
    return ResizeStep((scale, scale) if isinstance(scale, int) else tuple(scale), keep_ratio, interpolation)


def _preprocessing(cfg: dict | None) -> dict:
    """Channels, normalization and padding, as ``SegDataPreProcessor`` does them in testing."""
    cfg = cfg or dict(type='SegDataPreProcessor')
    name = type_name(cfg)
    if name != 'SegDataPreProcessor':
        raise ValueError(f'ONNX files cannot be run with the data preprocessor {name}, only with SegDataPreProcessor')
    padding = cfg.get('test_cfg') or {}
    mean, std = cfg.get('mean'), cfg.get('std')
    return dict(
        bgr_to_rgb=bool(cfg.get('bgr_to_rgb') or cfg.get('rgb_to_bgr')),  # either turns the three around
        mean=mean and tuple(mean),
        std=std and tuple(std),
        pad_size=padding.get('size') and tuple(padding['size']),
        pad_divisor=padding.get('size_divisor'),
        pad_value=cfg.get('pad_val', 0),
    )


def _window(cfg: Config) -> dict | None:
    """Size and steps of the windows in mode 'slide'; None where the config does not tell."""
    try:
        cfg, _ = load_config(cfg, 'slide')
    except ValueError:
        return None
    return {key: tuple(cfg.model.test_cfg[key]) for key in ('crop_size', 'stride')}

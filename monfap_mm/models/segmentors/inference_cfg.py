"""``test_cfg`` of a model that answers twice."""

from mmseg.utils import OptConfigType

from ...utils.windows import MODES, WINDOW_SCORES


def complete_test_cfg(test_cfg: OptConfigType) -> dict:
    """Fill in and check ``test_cfg``.

    Args:
        test_cfg: ``mode`` ('whole' or 'slide'), for 'slide' also ``crop_size``, ``stride``
            (vertical, horizontal) and ``window_score`` ('max' or 'mean').

    Returns:
        A copy that has ``mode`` and ``window_score``.

    Raises:
        ValueError: If a value is not listed, or windows would leave out pixels.
    """
    test_cfg = dict(mode='whole', window_score='max') | dict(test_cfg or {})
    mode = test_cfg['mode']
    if mode not in MODES:
        raise ValueError(f"test_cfg.mode must be 'whole' or 'slide', but got {mode!r}.")
    if test_cfg['window_score'] not in WINDOW_SCORES:
        raise ValueError(f"test_cfg.window_score must be 'max' or 'mean', but got {test_cfg['window_score']!r}.")
    if mode == 'whole':
        return test_cfg
    missing = [key for key in ('crop_size', 'stride') if key not in test_cfg]
    if missing:
        raise ValueError(f"test_cfg.mode='slide' needs {' and '.join(missing)}.")
    if not all(0 < step <= crop for step, crop in zip(test_cfg['stride'], test_cfg['crop_size'])):
        raise ValueError(
            'test_cfg.stride must be positive and at most crop_size, or pixels between the windows are left out, '
            f'but got stride={test_cfg["stride"]}, crop_size={test_cfg["crop_size"]}.'
        )
    return test_cfg

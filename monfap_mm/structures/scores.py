"""The scores behind an answer: logit of each pixel, P(fake) of an image."""

from torch import Tensor


def pixel_logits(sample: dict) -> Tensor | None:
    """Logit of each pixel's P(fake).

    Args:
        sample: Data sample as dict, with or without ``seg_logits`` ((2, H, W); or (1, H, W), which mmseg has already
            turned into probabilities).

    Returns:
        (1, H, W); None without ``seg_logits``.
    """
    if 'seg_logits' not in sample:
        return None
    logits = sample['seg_logits']['data'].float()
    return logits.logit() if len(logits) == 1 else logits[1:2] - logits[0:1]


def image_score(sample: dict, logits: Tensor | None) -> float:
    """P(fake) of an image: the model's, or else the largest of its pixels.

    Args:
        sample: Data sample as dict, with ``pred_label`` (score (2,)) or not.
        logits: Those of its pixels, (1, H, W).

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: If there is neither.
    """
    if 'pred_label' in sample:
        return float(sample['pred_label']['score'][1])
    if logits is None:
        raise ValueError('it has neither pred_label nor seg_logits to tell P(fake) from')
    return float(logits.max().sigmoid())

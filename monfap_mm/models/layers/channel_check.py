"""A clear error where features do not have the channels of the config."""

from collections.abc import Sequence

from torch import Tensor


def check_channels(feats: Sequence[Tensor], in_channels: Sequence[int], module: str, key: str) -> None:
    """Compare features with the config.

    Args:
        feats: Features ``(B, C_i, H_i, W_i)``.
        in_channels: Channels C_i that the config names.
        module: Name of the module that has them.
        key: Key of the module in the model's config.

    Raises:
        ValueError: If they differ; says what to set.
    """
    channels = [feat.shape[1] for feat in feats]
    if channels != list(in_channels):
        raise ValueError(
            f'{module} has in_channels={list(in_channels)}, but the features have {channels}: set {key}.in_channels to '
            'the channels of the backbone.'
        )

"""References in ``tests/data/reference/peers/<name>``: weights and inputs by a recipe, outputs from a file."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

DATA = Path(__file__).parents[2] / 'data' / 'reference' / 'peers'
Draw = Callable[[np.random.RandomState, str, tuple[int, ...]], np.ndarray | None]


def shapes(name: str, file: str = 'state_dict_shapes.json') -> dict[str, list[int]]:
    """Shapes of the authors' state dict, by key."""
    return json.loads((DATA / name / file).read_text())


def draw(shapes: dict, rng: np.random.RandomState, special: Draw | None = None) -> dict[str, torch.Tensor]:
    """Weights in the authors' naming: keys in sorted order, each drawn by the recipe that the sheets share.

    Args:
        shapes: Shapes by key.
        rng: Generator; the recipe goes on to draw the inputs from it.
        special: What this peer's recipe says of some keys; its None means the shared rule. A returned array is taken
            as it is; a key that draws nothing returns a constant.
    """
    drawn = {}
    for key in sorted(shapes):
        shape = tuple(shapes[key])
        value = special(rng, key, shape) if special else None
        if value is None:
            value = draw_one(rng, key, shape)
        is_count = key.endswith('num_batches_tracked')
        drawn[key] = torch.from_numpy(np.asarray(value, dtype=np.int64 if is_count else np.float32))
    return drawn


def draw_one(rng: np.random.RandomState, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The rule that most sheets share."""
    if key.endswith('num_batches_tracked'):
        return np.zeros(shape)
    if key.endswith('running_var'):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) == 1:
        return 0.1 * rng.standard_normal(shape) + float(key.endswith('weight'))
    return rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))


def arrays(name: str, file: str = 'forward.npz') -> dict[str, torch.Tensor]:
    """What the authors' code computed."""
    with np.load(DATA / name / file) as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored}


def samples(labels: list[int], masks: torch.Tensor) -> list[SegDataSample]:
    """Data samples of labels (0 real, 1 fake) and masks ``(B, H, W)`` (0 real, 1 fake, 255 ignored)."""
    made = []
    for label, mask in zip(labels, masks):
        sample = SegDataSample(metainfo=dict(img_shape=mask.shape, ori_shape=mask.shape, pad_shape=mask.shape))
        sample.gt_sem_seg = PixelData(data=mask[None].long())
        sample.gt_label = LabelData(label=torch.tensor([label]))
        made.append(sample)
    return made

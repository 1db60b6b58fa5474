"""The small instance of ``tests/data/reference``: weights and inputs from their seed, in the authors' naming."""

import json
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / 'data' / 'reference'
CHANNELS = (8, 16, 32, 64)
SIZES = (32, 16, 8, 4)


def draw() -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
    """State dict and features f0..f3 of the reference, drawn in the order of its recipe."""
    shapes = json.loads((DATA / 'small_state_dict_shapes.json').read_text())
    rng = np.random.RandomState(20240805)
    state = {key: torch.from_numpy(_draw_one(rng, key, shapes[key])) for key in sorted(shapes)}
    feats = [torch.from_numpy(rng.standard_normal((3, c, s, s)).astype(np.float32)) for c, s in zip(CHANNELS, SIZES)]
    return state, feats


def _draw_one(rng: np.random.RandomState, key: str, shape: list[int]) -> np.ndarray:
    if key.endswith('num_batches_tracked'):
        return np.zeros(shape, dtype=np.int64)
    if key.endswith('running_var'):
        value = rng.uniform(0.5, 1.5, shape)
    elif 'experts.1.kernel' in key:
        value = rng.uniform(0.0, 1.0, shape)
    elif key.endswith(('positional_encoding_gaussian_matrix', 'mask_tokens.weight')):
        value = rng.standard_normal(shape)
    elif len(shape) == 1:
        value = 0.1 * rng.standard_normal(shape) + (1 if key.endswith('weight') else 0)
    else:
        value = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    return value.astype(np.float32)


def outputs() -> dict[str, torch.Tensor]:
    """What the authors' implementation computed."""
    with np.load(DATA / 'small_forward.npz') as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays}


def targets() -> tuple[torch.Tensor, torch.Tensor]:
    """Labels ``(3,)`` and masks ``(3, 128, 128)`` of the loss."""
    masks = torch.zeros(3, 128, 128, dtype=torch.long)
    masks[1, 20:60, 30:90] = 1
    masks[2, 70:120, 10:50] = 1
    masks[2, 0:8] = 255
    return torch.tensor([0, 1, 1]), masks

"""Is what was exported the same function?"""

from collections.abc import Callable, Iterable

import numpy as np
import torch

from .export import ExportForm

TOLERANCE = 1e-4
# Pictures (B, H, W, 3), uint8, and the height and width (2,) that they had before, to answers by name.
Runner = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]


class CheckError(RuntimeError):
    """An exported file answers otherwise than the model."""


def check_outputs(
    form: ExportForm, run: Runner, shapes: Iterable[tuple[int, int, int]], tolerance: float = TOLERANCE
) -> float:
    """Compare all answers with those of the model, for noise that was half as wide and three rows higher before.

    An answer may differ by ``tolerance`` times its largest absolute value, but at least by that: 1e-4 is ten times what
    rounding does, where logits are large.

    Args:
        form: The model, on the CPU.
        run: The exported one.
        shapes: Batch, height and width of the pictures.
        tolerance: What an answer may differ by. Default: 1e-4.

    Returns:
        The largest difference, as a multiple of ``max(1, largest absolute value)``.

    Raises:
        CheckError: If an answer is missing, has another shape, or differs by more; names it.
    """
    generator, worst = np.random.default_rng(0), 0.0
    for batch, height, width in shapes:
        images = generator.integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
        before = np.array([height + 3, width // 2], np.int64)
        expected = answers_of(form, images, before)
        where = f'{batch} x {height} x {width} x 3'
        try:
            found = run(images, before)
        except Exception as error:  # a runtime's own
            raise CheckError(f'what was exported fails at {where}: {" ".join(str(error).split())[:300]}') from error
        if set(found) != set(expected):
            raise CheckError(f'what was exported gives {", ".join(found)}, and the model {", ".join(expected)}')
        for name in expected:
            worst = max(worst, _difference(found[name], expected[name], tolerance, f'{name} of {where}'))
    return worst


def answers_of(form: ExportForm, images: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
    """The answers of the model; arguments as those of a :data:`Runner`."""
    with torch.no_grad():
        answers = form(torch.from_numpy(images), torch.from_numpy(size))
    return {name: answer.numpy() for name, answer in answers.items()}


def _difference(found: np.ndarray, expected: np.ndarray, tolerance: float, where: str) -> float:
    if found.shape != expected.shape:
        raise CheckError(f'{where} has the shape {found.shape}, and the model gives {expected.shape}')
    difference = float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))
    if not difference <= tolerance:
        raise CheckError(f'{where} differs by {difference:.1e}, more than {tolerance:g}')
    return difference

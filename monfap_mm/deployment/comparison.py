"""Is what was exported the same function?"""

from collections.abc import Callable, Iterable

import numpy as np
import torch

from .export import OUTPUTS, ExportForm

TOLERANCE = 1e-4
Runner = Callable[[np.ndarray], list[np.ndarray]]


class CheckError(RuntimeError):
    """An exported file answers otherwise than the model."""


def check_outputs(form: ExportForm, run: Runner, shapes: Iterable[tuple[int, int, int]]) -> float:
    """Compare all outputs with those of the model, on noise.

    An output may differ by 1e-4 times its largest absolute value, but at least by 1e-4: ten times what rounding does,
    where logits are large.

    Args:
        form: The model, on the CPU.
        run: The exported one: images (B, 3, H, W), float32, to outputs in the same order.
        shapes: Batch, height and width of the images.

    Returns:
        The largest difference, as a multiple of ``max(1, largest absolute value)``.

    Raises:
        CheckError: If an output differs by more, or has another shape; names it.
    """
    generator, worst = np.random.default_rng(0), 0.0
    for batch, height, width in shapes:
        images = generator.standard_normal((batch, 3, height, width), dtype=np.float32)
        with torch.no_grad():
            expected = [output.numpy() for output in form(torch.from_numpy(images))]
        size = f'{batch} x 3 x {height} x {width}'
        try:
            found = run(images)
        except Exception as error:  # a runtime's own
            raise CheckError(f'what was exported fails at {size}: {" ".join(str(error).split())[:300]}') from error
        for name, a, b in zip(OUTPUTS, found, expected):
            where = f'{name} of {size}'
            if a.shape != b.shape:
                raise CheckError(f'{where} has the shape {a.shape}, and the model gives {b.shape}')
            difference = float(np.abs(a - b).max() / max(1, np.abs(b).max()))
            if not difference <= TOLERANCE:
                raise CheckError(f'{where} differs by {difference:.1e}, more than {TOLERANCE:g}')
            worst = max(worst, difference)
    return worst

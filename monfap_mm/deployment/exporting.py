"""Export from config and checkpoint to a file that is known to answer as the model does."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..apis.onnx_session import open_session
from ..model_files.loading import build_model, load_config
from ..model_files.onnx_metadata import KEY, OnnxMetadata
from ..utils.atomic_write import atomic_write
from .benchmark import benchmark
from .comparison import Runner, check_outputs
from .describe import describe
from .export import ExportForm, export_program, to_onnx
from .half_weights import TOLERANCE, halve_weights

FORMATS = ('.onnx', '.pt2')
# Batches and sizes that a graph which holds for one only would fail on; the size of testing comes in addition.
CHECKED = ((1, 64, 64), (3, 97, 131), (2, 128, 96), (1, 17, 40))
DEFAULT_SIZE = (512, 512)


@dataclass(frozen=True)
class Exported:
    """An exported file that has passed its check.

    Attributes:
        form: The model.
        run: The file: pictures and size to answers, see :func:`check_outputs`.
        size: Height and width of the pictures in testing.
        difference: The largest one, see :func:`check_outputs`.
    """

    form: ExportForm
    run: Runner
    size: tuple[int, int]
    difference: float

    def benchmark(self, shape: tuple[int, int, int], rounds: int = 20) -> dict[str, float]:
        """Latency beside PyTorch, see :func:`benchmark`."""
        return benchmark(self.form, self.run, shape, rounds)


def export_model(config: str, weights: str, out: Path, half_weights: bool = False, card: str | None = None) -> Exported:
    """Export a model and check it; the file is written last, if it is right.

    Args:
        config: Path of a config, or a name that the package knows.
        weights: Path of a checkpoint.
        out: Where to; the ending is the format.
        half_weights: Whether an .onnx file stores its weights in 16 bits; the calculations stay in 32 bits.
        card: A text for the readers of an .onnx file.

    Returns:
        What was made.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If the ending is unknown or cannot hold what is asked for, the config does what the runtime cannot
            do, or the weights do not fit, into the model or into 16 bits.
        ImportError: If the ONNX packages are not installed.
        ExportError: If the model has no form as a graph.
        CheckError: If the graph does not answer as the model does.
    """
    if out.suffix not in FORMATS:
        raise ValueError(f'the file must end with {" or ".join(FORMATS)}, got {out}')
    if out.suffix != '.onnx' and (half_weights or card):
        raise ValueError(f'only .onnx files have weights of 16 bits or a card, not {out}')
    cfg, _ = load_config(config, None)
    model = build_model(cfg, weights, 'cpu')
    metadata = describe(cfg, weights, getattr(model, 'experts', ()), model.max_pixels_in_one_piece)
    form = ExportForm(model, metadata)
    program = export_program(form)
    if out.suffix == '.onnx':
        content = to_onnx(program, form, metadata, card)
        run = _run_onnx(content)
    else:
        content = _to_pt2(program, metadata)
        run = _run_pt2(content)
    size = _size(metadata)
    shapes = [*CHECKED, (1, *size)]
    difference = check_outputs(form, run, shapes)
    if half_weights:
        content = halve_weights(content)
        run = _run_onnx(content)
        difference = check_outputs(form, run, shapes, TOLERANCE)
    atomic_write(out, content)
    return Exported(form, run, size, difference)


def _size(metadata: OnnxMetadata) -> tuple[int, int]:
    """Height and width of the pictures in testing, as far as they are known."""
    if metadata.resize is not None:
        return metadata.resize.scale[::-1]
    return metadata.crop_size or DEFAULT_SIZE


def _run_onnx(content: bytes) -> Runner:
    session = open_session(content, 'cpu')
    names = [output.name for output in session.get_outputs()]

    def run(images: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, dict(image=images, size=size))))

    return run


def _to_pt2(program: torch.export.ExportedProgram, metadata: OnnxMetadata) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={KEY: metadata.to_json()})
    return buffer.getvalue()


def _run_pt2(content: bytes) -> Runner:
    module = torch.export.load(io.BytesIO(content)).module()

    def run(images: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
        answers = module(torch.from_numpy(images), torch.from_numpy(size))
        return {name: answer.numpy() for name, answer in answers.items()}

    return run

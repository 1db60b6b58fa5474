"""A trained model answers: is the picture fake, and where?"""

import io
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track
from scipy.special import expit

from ..media.folders import PictureInputs, expand_inputs
from ..media.images import read_picture
from ..media.limits import MAX_PIXELS_OF_ANSWERS, check_one_piece
from ..model_files.starter import STARTER
from ..structures import CLASSES, ForgeryResult, find_regions
from ..utils.known import known
from .backend import load_backend
from .lookahead import batched, map_ahead
from .prediction import Prediction, Prepared

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config
    from mmseg.structures import SegDataSample


@dataclass
class _Work:
    """A picture on its way: first what goes into the model, then what comes out, or the reason why nothing does."""

    path: str | None
    image: np.ndarray | None = None
    note: str | None = None
    prepared: Prepared | None = None
    prediction: Prediction | None = None
    error: str | None = None


class ForgeryInferencer:
    """Answers for pictures, in the manner of ``MMSegInferencer``.

    The figures are those of ``tools/test.py``: the pictures go through the config's test pipeline and data
    preprocessor. What cannot be read or predicted becomes an answer with ``error``; the rest goes on.

    Args:
        model: Path of a config, a name that the package knows (``monfap info``), or a config; or path of an .onnx file
            that ``tools/deployment/export.py`` made, which needs no PyTorch. Default: 'starter', the one that comes
            with the package, see docs/starter-model.md.
        weights: Path or address of a checkpoint. Default: None, the one that the package knows for the name; an .onnx
            file has its own.
        device: 'cpu', 'cuda', 'cuda:1'..., or a ``torch.device``. Default: None, a GPU if there is one.
        mode: 'whole' predicts a picture in one piece, as the config's pipeline makes it; 'slide' in overlapping windows
            at full resolution, where the picture is as fake as its most fake window. Default: None, what the config
            says.
        threshold: P(fake) above which a picture is called fake, 0 to 1. Default: 0.5.
        max_pixels: Larger pictures are refused before they are decoded. Default: 89 million.
        backend: 'torch' or 'onnx'. Default: None, 'onnx' for an .onnx file, else 'torch'.

    Raises:
        ImportError: If what the backend needs is not installed.
        FileNotFoundError: If there is no such config, checkpoint or .onnx file.
        ValueError: If there are no weights, they do not fit, or the checkpoint holds anything but weights and plain
            values; if the mode is unknown or the threshold out of range.

    Example:
        >>> inferencer = ForgeryInferencer('configs/demo/monfap-c_demo.py', 'work_dirs/demo/best.pth')
        >>> (result,) = inferencer('photo.jpg')
        >>> result.label, result.score, result.regions
    """

    def __init__(
        self,
        model: 'str | os.PathLike | Config' = STARTER,
        weights: str | os.PathLike | None = None,
        device: 'str | torch.device | None' = None,
        mode: str | None = None,
        threshold: float = 0.5,
        max_pixels: int = MAX_PIXELS_OF_ANSWERS,
        backend: str | None = None,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f'the threshold must lie in 0 to 1, got {threshold}')
        self.backend = load_backend(model, weights, device, mode, backend)
        self.name = self.backend.name  # what answers call the model
        self.threshold = threshold
        self.max_pixels = max_pixels

    def __call__(
        self,
        inputs: PictureInputs,
        batch_size: int = 1,
        workers: int = 2,
        return_datasamples: bool = False,
        show_progress: bool = False,
    ) -> 'list[ForgeryResult] | list[SegDataSample]':
        """All answers at once; arguments as those of :meth:`stream`, and ``show_progress`` for a progress bar."""
        answers = self.stream(inputs, batch_size, workers, return_datasamples)
        return list(track(answers, 'pictures') if show_progress else answers)

    def stream(
        self,
        inputs: PictureInputs,
        batch_size: int = 1,
        workers: int = 2,
        return_datasamples: bool = False,
        keep_image: bool = False,
    ) -> 'Iterator[ForgeryResult | SegDataSample]':
        """Answers one by one, in the order of the inputs, in memory that does not grow with their number.

        Args:
            inputs: A file, a folder (with its subfolders), a glob, the contents of a file (``io.BytesIO``, whose
                ``name``, if it has one, becomes the answer's path), an array (H, W, 3), uint8, BGR, or an iterable of
                these, which may be endless.
            batch_size: Pictures that go through the model together, if their sizes after the pipeline are equal.
            workers: Threads that read pictures ahead; 0 reads none before it is needed.
            return_datasamples: Whether to give mmseg's samples instead; one without an answer has ``error`` in its meta
                information. Not with backend 'onnx'.
            keep_image: Whether an answer has its picture.

        Yields:
            One answer per input; a folder or glob is as many inputs as it has images.
        """
        if batch_size < 1 or workers < 0:
            raise ValueError(f'batch_size must be at least 1 and workers at least 0, got {batch_size} and {workers}')
        if return_datasamples and not self.backend.has_datasamples:
            raise ValueError("return_datasamples is of backend 'torch' only")
        works = map_ahead(self._prepare, expand_inputs(inputs), workers, ahead=batch_size + workers)
        for batch in batched(works, batch_size):
            self._predict(batch)
            while batch:
                # Taken from the list, so that the consumer is the only one that holds it.
                work = batch.pop(0)
                yield _data_sample(work) if return_datasamples else self._result(work, keep_image)

    def _prepare(self, source: str | io.BytesIO | np.ndarray) -> _Work:
        name = source if isinstance(source, str) else getattr(source, 'name', None)
        work = _Work(path=name if isinstance(name, str) else None)
        try:
            work.image, work.note = read_picture(source, self.max_pixels, self._check_picture)
            file = None if isinstance(source, np.ndarray) else source
            work.prepared = self.backend.prepare(work.image, work.path, file)
            work.note = '; '.join(filter(None, (work.note, work.prepared.note))) or None
            self._check_size(work.prepared.size)
        # A transform may fail in any way on a picture of absurd form.
        except Exception as error:
            work.error = _reason(error)
        return work

    def _check_picture(self, size: tuple[int, int]) -> None:
        """Refuse a picture of a height and width whose input would be too large, before it is decoded."""
        size = self.backend.input_size(size)
        if size is not None:
            self._check_size(size)

    def _check_size(self, size: tuple[int, int]) -> None:
        if self.backend.mode == 'whole':
            check_one_piece(size, self.backend.max_pixels_in_one_piece)
        height, width = size
        # A narrow strip is padded to the height of a window.
        if height * width > max(self.max_pixels, MAX_PIXELS_OF_ANSWERS):
            raise ValueError(f'the model would need {width} x {height} pixels, too many')

    def _predict(self, batch: list[_Work]) -> None:
        """Predict those pictures of a batch that could be read, those of one size together."""
        alike = defaultdict(list)
        for work in batch:
            if work.error is None:
                alike[known(work.prepared).size].append(work)
        for works in alike.values():
            self._predict_alike(works)

    def _predict_alike(self, works: list[_Work]) -> None:
        try:
            predictions = self.backend.predict([known(work.prepared) for work in works])
            for work, prediction in zip(works, predictions, strict=True):
                work.prediction = prediction
                work.error = 'the model answered with NaN' if prediction.has_nan else None
        # Out of memory, or a form that the model cannot take: alone, the others may still pass.
        except Exception as error:
            if len(works) == 1:
                works[0].error = f'the model failed: {_reason(error)}'
                return
            for work in works:
                self._predict_alike([work])

    def _result(self, work: _Work, keep_image: bool) -> ForgeryResult:
        image = work.image if keep_image else None
        if work.error is not None:
            return ForgeryResult(work.path, note=work.note, error=work.error, image=image)
        prediction = known(work.prediction)
        score, mask, coarse = prediction.score, prediction.mask, prediction.coarse
        probability = expit(prediction.logits)
        return ForgeryResult(
            path=work.path,
            size=mask.shape,
            score=score,
            label=CLASSES[score > self.threshold],
            mask=mask,
            probability=probability.astype(np.float16),
            regions=find_regions(mask, probability),
            gates=self._gates(prediction.gates),
            coarse=None if coarse is None else coarse.astype(np.float16),
            note=work.note,
            model=self.name,
            image=image,
        )

    def _gates(self, gates: np.ndarray | None) -> dict[str, tuple[float, ...]] | None:
        if gates is None:
            return None
        return {name: tuple(levels) for name, levels in zip(self.backend.experts, gates.T.tolist())}


def _data_sample(work: _Work) -> 'SegDataSample':
    if work.error is None:
        return known(known(work.prediction).sample)
    from .torch_backend import error_sample

    return error_sample(work.path, work.error)


def _reason(error: Exception) -> str:
    """An error in a line: its message, or its type where it has none."""
    return ' '.join(str(error).split()) or type(error).__name__

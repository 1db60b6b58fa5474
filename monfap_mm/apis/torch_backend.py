"""A config and a checkpoint, run by PyTorch as ``tools/test.py`` does."""

import os
from functools import cached_property
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmcv.transforms import Resize
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from mmseg.datasets.transforms import PackSegInputs
from mmseg.structures import SegDataSample

from ..media.headers import Source
from ..media.limits import MAX_PIXELS_IN_ONE_PIECE
from ..model_files.loading import build_model, load_config, pipeline_without_loading
from ..model_files.onnx_input import padded_size
from ..structures.scores import image_score, pixel_logits
from ..utils.known import known
from ..utils.provenance import hash_file, hash_text
from .prediction import Prediction, Prepared


class TorchBackend:
    """A :class:`Backend` on PyTorch; arguments as those of :class:`ForgeryInferencer`.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If there are no weights, or they do not fit.
    """

    has_datasamples = True

    def __init__(self, model: str | Config, weights: str | None, device: str | None, mode: str | None) -> None:
        self.cfg, known_weights = load_config(model, mode)
        self.name = Path(self.cfg.filename).stem if self.cfg.filename else 'a config'
        found = weights or known_weights
        if found is None:
            raise ValueError('weights are needed: without a checkpoint the model would answer at random')
        self.weights = found
        self.model = build_model(self.cfg, self.weights, device or get_device())
        with DefaultScope.overwrite_default_scope('mmseg'):
            self.pipeline = Compose(pipeline_without_loading(self.cfg, mode))
        self.mode = self.cfg.model.test_cfg['mode']
        # A stock segmentor has none of these.
        self.experts = getattr(self.model, 'experts', ())
        self.max_pixels_in_one_piece = getattr(self.model, 'max_pixels_in_one_piece', MAX_PIXELS_IN_ONE_PIECE)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Hashes of config and checkpoint; a checkpoint that is no file has its address."""
        weights = hash_file(self.weights) if os.path.isfile(self.weights) else self.weights
        return dict(config=hash_text(self.cfg.pretty_text), weights=weights)

    def input_size(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Height and width, padding included, of the input; None if the pipeline has steps that may change its size."""
        height, width = size
        for step in self.pipeline.transforms:
            if isinstance(step, Resize):
                scale = step.scale or tuple(
                    int(length * factor + 0.5) for length, factor in zip((width, height), step.scale_factor)
                )
                width, height = mmcv.rescale_size((width, height), scale) if step.keep_ratio else scale
            elif hasattr(step, 'output_size'):
                height, width = step.output_size((height, width))
            elif not isinstance(step, PackSegInputs):
                return None
        padding = self.cfg.model.data_preprocessor.get('test_cfg') or {}
        return padded_size((height, width), padding.get('size'), padding.get('size_divisor'))

    def prepare(self, image: np.ndarray, path: str | None, file: Source | None = None) -> Prepared:
        """Send a picture (H, W, 3), uint8, BGR, through the test pipeline."""
        size = image.shape[:2]
        picture = dict(img=image, img_path=path or 'array', img_file=file, img_shape=size, ori_shape=size)
        data = self.pipeline(picture)
        return Prepared(tuple(data['inputs'].shape[1:]), data, data['data_samples'].metainfo.get('note'))

    @torch.no_grad()
    def predict(self, batch: list[Prepared]) -> list[Prediction]:
        """Predict pictures whose inputs are of one size."""
        data = {key: [prepared.data[key] for prepared in batch] for key in ('inputs', 'data_samples')}
        return [_prediction(sample.cpu()) for sample in self.model.test_step(data)]


def error_sample(path: str | None, error: str) -> SegDataSample:
    """What stands for a picture without answer among samples."""
    return SegDataSample(metainfo=dict(img_path=path, error=error))


def _prediction(sample: SegDataSample) -> Prediction:
    values = sample.to_dict()
    logits = known(pixel_logits(values))
    return Prediction(
        score=image_score(values, logits),
        logits=logits[0].numpy(),
        mask=values['pred_sem_seg']['data'][0].numpy() == 1,
        coarse=values['coarse_prob']['data'][0].numpy() if 'coarse_prob' in values else None,
        gates=values['gates']['value'].float().numpy() if 'gates' in values else None,
        sample=sample,
    )

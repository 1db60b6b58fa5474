"""The paper's four figures: ACC and AUC of detection, F1-f and IoU-f of localization."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

from .functional import PixelCounts, accuracy, count_pixels, f1_score, iou, roc_auc, sum_counts


@dataclass(frozen=True, slots=True)
class ImageResult:
    """What is kept of an image: a few numbers, whatever its size.

    Attributes:
        img_path: Path of the image.
        sample_idx: Its index in the dataset; None if the pipeline does not tell.
        label: 0 real, 1 fake.
        score: P(fake).
        pixels: Confusion matrix of its pixels.
    """

    img_path: str
    sample_idx: int | None
    label: int
    score: float
    pixels: PixelCounts


@METRICS.register_module()
class ForgeryMetric(BaseMetric):
    """Detection and localization of manipulated images, in percent.

    - ``ACC``: images whose P(fake) is on the right side of 0.5.
    - ``AUC``: area under the ROC curve of P(fake).
    - ``F1-f``, ``IoU-f``: F1 and IoU of the fake pixels, from one confusion matrix summed over all manipulated images
      (so that IoU = F1 / (2 - F1), as in Table II of the paper).

    A figure that is not defined, as AUC on images of one class, is NaN, with a warning.

    A model that gives only a mask (any stock segmentor) is scored by "detection by localization" (Fig. 1a of the
    paper): P(fake) of the image is the largest P(fake) of its pixels.

    The figures are exact for any number of processes and any distribution of the images among them. Images that the
    sampler repeats to even out the processes' shares count once.

    Args:
        ignore_index (int): Pixels of the mask that do not count. Defaults to 255.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's ``BaseMetric``; the numbers are gathered by the
            default process group, whatever the device.
    """

    default_prefix = 'forgery'

    def __init__(self, ignore_index: int = 255, **kwargs):
        super().__init__(**kwargs)
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score a batch.

        Args:
            data_batch (dict): Not used.
            data_samples (Sequence[dict]): Predictions with ground truth, as dicts.

        Raises:
            ValueError: If ground truth is missing, prediction and mask differ in size, or a score is NaN.
        """
        for sample in data_samples:
            try:
                self.results.append(self._score(sample))
            except ValueError as error:
                raise ValueError(f'Cannot score {sample.get("img_path")}: {error}') from error

    def _score(self, sample: dict) -> ImageResult:
        for key in ('gt_label', 'gt_sem_seg'):
            if key not in sample:
                raise ValueError(f'it has no {key}; use LoadForgeryAnnotations and PackForgeryInputs in the pipeline')
        score = image_score(sample)
        if not math.isfinite(score):
            raise ValueError(f'its P(fake) is {score}')
        prediction = sample['pred_sem_seg']['data']
        target = sample['gt_sem_seg']['data'].to(prediction.device)
        return ImageResult(
            img_path=sample.get('img_path'),
            sample_idx=sample.get('sample_idx'),
            label=int(sample['gt_label']['label']),
            score=score,
            pixels=count_pixels(prediction, target, self.ignore_index),
        )

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the images of all processes and compute the figures, on every process alike.

        Unlike mmengine's implementation, this one does not assume equal shares in the order of the sampler.

        Args:
            size (int): Number of images of the dataset.

        Returns:
            dict[str, float]: The figures by name, with prefix.
        """
        results = list(chain.from_iterable(all_gather_object(self.results)))
        self.results.clear()
        if len(results) > size:
            results = drop_repeated(results)
        if len(results) != size:
            _warn(f'{len(results)} images were scored, but the dataset has {size}')
        return {f'{self.prefix}/{name}': value for name, value in self.compute_metrics(results).items()}

    def compute_metrics(self, results: list[ImageResult]) -> dict[str, float]:
        """Compute the figures and print them.

        Args:
            results (list[ImageResult]): One entry an image.

        Returns:
            dict[str, float]: The figures in percent.
        """
        labels = np.array([result.label for result in results], dtype=int)
        scores = np.array([result.score for result in results], dtype=float)
        pixels = sum_counts(result.pixels for result in results if result.label == 1)
        fractions = {
            'ACC': accuracy(labels, scores),
            'AUC': roc_auc(labels, scores),
            'F1-f': f1_score(pixels),
            'IoU-f': iou(pixels),
        }
        metrics = {name: 100 * value for name, value in fractions.items()}
        self._report(metrics, num_real=int(np.sum(labels == 0)), num_fake=int(np.sum(labels == 1)))
        return metrics

    @staticmethod
    def _report(metrics: dict[str, float], num_real: int, num_fake: int) -> None:
        undefined = [name for name, value in metrics.items() if math.isnan(value)]
        if undefined:
            _warn(f'{", ".join(undefined)} not defined (NaN) on {num_real} real and {num_fake} fake images')
        table = PrettyTable(['real', 'fake', *metrics])
        table.add_row([num_real, num_fake, *(f'{value:.2f}' for value in metrics.values())])
        print_log(f'detection and localization, in percent:\n{table.get_string()}', logger='current')


def image_score(sample: dict) -> float:
    """P(fake) of an image: the model's, or else the largest of its pixels.

    Args:
        sample: Data sample as dict, with ``pred_label`` (score (2,)) or ``seg_logits`` ((2, H, W); or (1, H, W),
            which mmseg has already turned into probabilities).

    Returns:
        Between 0 and 1.

    Raises:
        ValueError: If the sample has neither.
    """
    if 'pred_label' in sample:
        return float(sample['pred_label']['score'][1])
    if 'seg_logits' not in sample:
        raise ValueError('it has neither pred_label nor seg_logits to tell P(fake) from')
    logits = sample['seg_logits']['data'].float()
    probabilities = logits.softmax(dim=0)[1] if len(logits) > 1 else logits
    return float(probabilities.max())


def drop_repeated(results: Iterable[ImageResult]) -> list[ImageResult]:
    """Keep one result for each image, told by path and index in the dataset."""
    return list({(result.img_path, result.sample_idx): result for result in results}.values())


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)

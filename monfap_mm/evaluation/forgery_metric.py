"""The metric of detection and localization: turns predictions into records, gathers them, computes the figures."""

import logging
import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
from mmengine.dist import all_gather_object, barrier, get_rank, get_world_size, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from ..media.masks import DEFAULT_MASK_VALUES
from ..structures.scores import image_score, pixel_logits
from .figures import PAPER_FIGURES, all_figures, paper_figures
from .functional.faces import count_faces
from .functional.pixel_scan import scan_pixels
from .image_record import ImageRecord, drop_repeated
from .result_table import ResultTable
from .results_file import PartialResults, check_ending, remove_stale_parts, write_results
from .text_report import detailed_report, paper_report


@METRICS.register_module()
class ForgeryMetric(BaseMetric):
    """Detection and localization of manipulated images, in percent.

    - ``ACC``: images whose P(fake) is on the right side of 0.5.
    - ``AUC``: area under the ROC curve of P(fake).
    - ``F1-f``, ``IoU-f``: F1 and IoU of the fake pixels, from one confusion matrix summed over all manipulated images
      (so that IoU = F1 / (2 - F1), as in Table II of the paper).

    With ``detail``, also the figures of images, pixels and faces that docs/evaluation.md explains. A face is a
    connected region of the ground truth; where faces touch, boxes can tell them apart, as ``face_boxes`` in the
    sample's meta information: x1, y1, x2, y2 in pixels of the ground truth.

    Images whose mask is not known, so that all of it is ignored, count for the figures of images alone. The log has
    their number.

    A figure that is not defined, as AUC on images of one class, is NaN, with a warning.

    A model that gives only a mask (any stock segmentor) is scored by "detection by localization" (Fig. 1a of the
    paper): P(fake) of the image is the largest P(fake) of its pixels.

    The figures are exact for any number of processes and any distribution of the images among them. Images that the
    sampler repeats to even out the processes' shares count once.

    Args:
        ignore_index: Pixels of the mask that do not count. Default: 255.
        detail: Whether to compute all figures, not only the paper's four. Default: False, for validation
            during training.
        out_file: Results file to write, ``.jsonl``, from which ``tools/analysis_tools/eval_metric.py``
            computes any figure. Until it is complete, each process keeps its share in ``<out_file>.part<rank>``.
            Default: None.
        **kwargs: ``prefix`` and ``collect_device`` of mmengine's ``BaseMetric``; the numbers are gathered by the
            default process group, whatever the device.

    Raises:
        ValueError: If ``out_file`` does not end with ``.jsonl``.
    """

    default_prefix = 'forgery'

    def __init__(self, ignore_index: int = 255, detail: bool = False, out_file: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.ignore_index = ignore_index
        self.detail = detail
        self.out_file = out_file
        if out_file is not None:
            check_ending(out_file)
            self._partial = PartialResults(out_file, get_rank())

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ground truth, as dicts.

        Raises:
            ValueError: If ground truth is missing, prediction and mask differ in size, or a score is NaN.
        """
        for sample in data_samples:
            try:
                record = self._score(sample)
            except ValueError as error:
                raise ValueError(f'Cannot score {sample.get("img_path")}: {error}') from error
            self.results.append(record)
            if self.out_file is not None:
                self._partial.append(record)

    def _score(self, sample: dict) -> ImageRecord:
        for key in ('gt_label', 'gt_sem_seg'):
            if key not in sample:
                raise ValueError(f'it has no {key}; use LoadForgeryAnnotations and PackForgeryInputs in the pipeline')
        logits = pixel_logits(sample)
        scan = scan_pixels(sample['pred_sem_seg']['data'], sample['gt_sem_seg']['data'], logits, self.ignore_index)
        return ImageRecord(
            img_path=sample.get('img_path'),
            sample_idx=sample.get('sample_idx'),
            mask_path=sample.get('seg_map_path'),
            label=int(sample['gt_label']['label']),
            score=image_score(sample, logits),
            pixels=scan.counts,
            faces=count_faces(scan.prediction, scan.target, sample.get('face_boxes')),
            histogram=scan.histogram,
            ranking=scan.ranking,
            mask_values=sample.get('mask_values', DEFAULT_MASK_VALUES),
        )

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the images of all processes and compute the figures, on every process alike.

        Unlike mmengine's implementation, this one does not assume equal shares in the order of the sampler.

        Args:
            size: Number of images of the dataset.

        Returns:
            The figures by name, with prefix.
        """
        results = list(chain.from_iterable(all_gather_object(self.results)))
        self.results.clear()
        if len(results) > size:
            results = drop_repeated(results)
        if len(results) != size:
            _warn(f'{len(results)} images were scored, but the dataset has {size}')
        figures = {f'{self.prefix}/{name}': value for name, value in self.compute_metrics(results).items()}
        if self.out_file is not None:
            self._keep(results)
        return figures

    def _keep(self, results: list[ImageRecord]) -> None:
        """Write the results file; only then do the processes give up their parts."""
        if is_main_process():
            write_results(self.out_file, results)
            remove_stale_parts(self.out_file, get_world_size())
        barrier()
        self._partial.remove()

    def compute_metrics(self, results: list[ImageRecord]) -> dict[str, float]:
        """Compute the figures and print them.

        Args:
            results: One entry per image.

        Returns:
            The figures: percentages but for thresholds and counts.
        """
        table = ResultTable.from_records(results)
        figures = all_figures(table) if self.detail else paper_figures(table)
        num_real, num_fake = (int(np.sum(table.labels == label)) for label in (0, 1))
        undefined = [name for name, value in figures.items() if math.isnan(value)]
        if undefined:
            _warn(f'{", ".join(undefined)} not defined (NaN) on {num_real} real and {num_fake} fake images')
        without_mask = int(np.sum(table.without_mask & (table.labels == 1)))
        report = paper_report({name: figures[name] for name in PAPER_FIGURES}, num_real, num_fake, without_mask)
        if self.detail:
            report += '\n' + detailed_report(figures)
        print_log(f'detection and localization, in percent:\n{report}', logger='current')
        return figures


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)

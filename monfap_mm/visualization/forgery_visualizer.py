"""One picture per sample: image | ground truth | coarse mask | prediction."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer

from ..structures import CLASSES, PALETTE
from ..utils.atomic_write import written_aside
from .panels import center, gray_mask, heat_map, missing, panel_size, resize, side_by_side
from .prediction_panel import ALPHA, tint_fake, write_verdict


@VISUALIZERS.register_module()
class ForgeryVisualizer(SegLocalVisualizer):
    """Draws image, ground truth, coarse mask and prediction side by side, with P(fake) written on the prediction.

    Panels are 256 to 384 pixels high. A panel whose content the sample lacks says "n/a".

    Args:
        name: Name of the instance. Default: 'visualizer'.
        classes: Names of the classes. Default: ('real', 'fake').
        palette: Their colors, RGB. Default: bluish green and vermilion.
        alpha: Opacity of the tint on fake pixels, 0 to 1. Default: 0.45.
        **kwargs: Arguments of mmseg's ``SegLocalVisualizer``: vis_backends, save_dir...
    """

    def __init__(
        self,
        name: str = 'visualizer',
        classes: Sequence[str] = CLASSES,
        palette: Sequence[Sequence[int]] = tuple(PALETTE),
        alpha: float = ALPHA,
        **kwargs,
    ):
        super().__init__(name=name, classes=list(classes), palette=list(palette), alpha=alpha, **kwargs)
        # The runner tells only the main process' visualizer about the dataset, but all processes draw.
        self.classes, self.palette = classes, palette

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
        with_labels: bool = True,
    ) -> None:
        """Draw a sample and show it, write it to a file, or give it to the backends.

        Args:
            name: Name of the picture.
            image: The image (H, W, 3), uint8, RGB.
            data_sample: Ground truth and prediction. Default: None.
            draw_gt: Whether to draw the ground truth. Default: True.
            draw_pred: Whether to draw the coarse mask and the prediction. Default: True.
            show: Whether to show the picture in a window; backends get nothing then. Default: False.
            wait_time: Seconds to show it, 0 for ever. Default: 0.
            out_file: File to write to, in place of the backends. Every process writes, whereas only
                the main one has backends. Default: None.
            step: Step to record. Default: 0.
            with_labels: Whether to write labels and P(fake). Default: True.
        """
        picture = self.draw(image, data_sample, draw_gt, draw_pred, with_labels)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            Path(out_file).parent.mkdir(parents=True, exist_ok=True)
            with written_aside(out_file) as temporary:
                mmcv.imwrite(mmcv.rgb2bgr(picture), str(temporary))
        elif not show:
            self.add_image(name, picture, step)

    def draw(
        self,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        with_labels: bool = True,
    ) -> np.ndarray:
        """Draw a sample; arguments as those of :meth:`add_datasample`.

        Returns:
            Picture (H', W', 3), uint8, RGB.
        """
        sample = SegDataSample() if data_sample is None else data_sample
        image = resize(np.ascontiguousarray(image), panel_size(*image.shape[:2]))
        panels = [('image', center(image))]
        if draw_gt:
            panels.append(self._ground_truth(image, sample, with_labels))
        if draw_pred:
            panels.append(self._coarse_mask(image, sample))
            panels.append(self._prediction(image, sample, with_labels))
        return side_by_side(panels)

    def _ground_truth(self, image: np.ndarray, sample: SegDataSample, with_labels: bool) -> tuple[str, np.ndarray]:
        caption, size = 'ground truth', image.shape[:2]
        if with_labels and 'gt_label' in sample:
            caption += f': {self.classes[_array(sample.gt_label.label).item()]}'
        if 'gt_sem_seg' not in sample:
            return caption, center(missing(size))
        return caption, center(gray_mask(resize(_plane(sample.gt_sem_seg), size, cv2.INTER_NEAREST)))

    @staticmethod
    def _coarse_mask(image: np.ndarray, sample: SegDataSample) -> tuple[str, np.ndarray]:
        size = image.shape[:2]
        picture = heat_map(resize(_plane(sample.coarse_prob), size)) if 'coarse_prob' in sample else missing(size)
        return 'coarse mask', center(picture)

    def _prediction(self, image: np.ndarray, sample: SegDataSample, with_labels: bool) -> tuple[str, np.ndarray]:
        mask = _plane(sample.pred_sem_seg) if 'pred_sem_seg' in sample else None
        panel = tint_fake(image, mask, self.palette[1], self.alpha)
        if with_labels and 'pred_label' in sample:
            score = float(_array(sample.pred_label.score)[1])
            panel = write_verdict(panel, score, int(score > 0.5), self.classes, self.palette)
        return 'prediction', panel


def _array(values: torch.Tensor | np.ndarray) -> np.ndarray:
    """Values as an array; mmseg's ``browse_dataset.py`` gives samples that hold arrays already."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = values.float() if values.is_floating_point() else values
    return np.asarray(values)


def _plane(data: PixelData) -> np.ndarray:
    """The one plane of ``PixelData`` (1, H, W) as an array that OpenCV takes."""
    plane = _array(data.data).squeeze(0)
    return plane.astype(np.float32 if plane.dtype.kind == 'f' else np.uint8)

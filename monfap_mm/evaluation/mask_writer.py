"""Predicted masks as files."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from ..utils.atomic_write import atomic_write
from ..utils.file_names import FileNames


@METRICS.register_module()
class MaskWriter(BaseMetric):
    """Writes the predicted mask of each image as PNG: 8 bit, 0 real, 255 fake, at the size of the image.

    That is the format in which masks are read, so that predictions can serve as annotations. It computes no figure.

    Args:
        output_dir: Folder to write to, made if needed. A file is named after its image, with the index in the
            dataset behind it where two images share a name, or several processes write.
        **kwargs: Arguments of mmengine's ``BaseMetric``.
    """

    def __init__(self, output_dir: str, **kwargs):
        super().__init__(**kwargs)
        self.output_dir = Path(output_dir)
        self._unique_name = FileNames()

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Write the masks of a batch.

        Args:
            data_batch: Not used.
            data_samples: Predictions as dicts, with ``pred_sem_seg`` (1, H, W) and ``img_path``.

        Raises:
            OSError: If a file cannot be written.
        """
        self.output_dir.mkdir(parents=True, exist_ok=True)
        for sample in data_samples:
            mask = sample['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
            path = self.output_dir / f'{self._unique_name(sample["img_path"], sample.get("sample_idx"))}.png'
            content = cv2.imencode('.png', (mask == 1).astype(np.uint8) * 255)[1].tobytes()
            try:
                atomic_write(path, content)
            except OSError as error:
                raise OSError(f'Cannot write the mask {path}: {error.strerror or error}') from error
            self.results.append(str(path))

    def compute_metrics(self, results: list[str]) -> dict[str, float]:
        """No figures."""
        return {}

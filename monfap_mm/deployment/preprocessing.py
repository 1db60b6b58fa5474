"""What mmseg's data preprocessor does in testing, as part of a graph."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..model_files.onnx_metadata import OnnxMetadata


class Preprocessing(nn.Module):
    """Orders channels, normalizes and pads, for any batch, height and width.

    Args:
        metadata: What the config says of it.
    """

    def __init__(self, metadata: OnnxMetadata) -> None:
        super().__init__()
        self.metadata = metadata
        for name, default in (('mean', (0.0, 0.0, 0.0)), ('std', (1.0, 1.0, 1.0))):
            values = torch.tensor(getattr(metadata, name) or default, dtype=torch.float32)
            self.register_buffer(name, values.view(3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Preprocess.

        Args:
            image: Pictures ``(B, H, W, 3)``, uint8, BGR.

        Returns:
            Input of the model ``(B, 3, H', W')``, padded to the right and below.
        """
        image = image.permute(0, 3, 1, 2)
        if self.metadata.bgr_to_rgb:
            image = image.flip(1)
        image = (image.float() - self.mean) / self.std
        if not self.metadata.pads:
            return image
        size = image.shape[2:]
        bottom, right = (new - old for new, old in zip(self._padded(*size), size))
        return F.pad(image, (0, right, 0, bottom), value=self.metadata.pad_value)

    def _padded(self, *size: int) -> list[int]:
        if self.metadata.pad_size is not None:
            return [torch.sym_max(length, least) for length, least in zip(size, self.metadata.pad_size)]
        divisor = self.metadata.pad_divisor
        return [(length + divisor - 1) // divisor * divisor for length in size]

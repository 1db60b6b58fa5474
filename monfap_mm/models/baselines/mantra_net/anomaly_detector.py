"""The local anomaly detector of ManTra-Net: how far a pixel's features are from those around it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .conv_lstm import ConvLSTMCell


class AnomalyDetector(nn.Module):
    """Z-scores in windows that grow, read from the smallest to the largest by an LSTM, to one logit a pixel.

    ``Z_k = |mean_k - x| / sigma``, with the mean in a window of k x k pixels, as far as it is within the image, and
    last in the image; ``sigma = max(std of the image, s + 1e-6)`` with a learned s >= 0 for each channel.

    Args:
        channels: Channels C of the features.
        windows: Sizes k, odd. Default: (7, 15, 31).
        hidden_channels: Channels of the LSTM. Default: 8.
    """

    def __init__(self, channels: int, windows: Sequence[int] = (7, 15, 31), hidden_channels: int = 8) -> None:
        super().__init__()
        self.windows = tuple(windows)
        self.least_std = nn.Parameter(torch.full((1, channels, 1, 1), 1e-5))
        self.lstm = ConvLSTMCell(channels, hidden_channels)
        self.predict = nn.Conv2d(hidden_channels, 1, 7, padding=3)
        nn.init.xavier_uniform_(self.predict.weight)
        nn.init.zeros_(self.predict.bias)

    @property
    def radius(self) -> int:
        """How far a pixel sees, in pixels, the statistics of the image aside."""
        num_convs = len(self.windows) + 2  # the LSTM reads the image last, and then there is the prediction
        return max(self.windows) // 2 + 3 * num_convs

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and sigma of features ``(B, C, H, W)``, ``(B, C, 1, 1)`` each."""
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
        # As max(std, s), but with a gradient where the image is flat: there the root of 0 has none.
        return mean, torch.maximum(variance, (self.least_std.clamp(min=0) + 1e-6).square()).sqrt()

    def forward(self, x: Tensor, mean: Tensor, sigma: Tensor) -> Tensor:
        """Features ``(B, C, H, W)`` and the statistics of their image to logits ``(B, 1, H, W)``."""
        state = self.lstm(z_score(local_mean(x, self.windows[0]), x, sigma))
        for size in self.windows[1:]:
            state = self.lstm(z_score(local_mean(x, size), x, sigma), state)
        hidden, _ = self.lstm(z_score(mean, x, sigma), state)
        return self.predict(hidden)


def z_score(mean: Tensor, x: Tensor, sigma: Tensor) -> Tensor:
    """``|mean - x| / sigma``."""
    return ((mean - x) / sigma).abs()


def local_mean(x: Tensor, size: int) -> Tensor:
    """Mean over ``size`` x ``size`` pixels around each pixel, of those that are in the image.

    By rows and then by columns: ``2 * size`` additions a pixel, and none of the rounding of integral images.
    """
    x = F.avg_pool2d(x, (size, 1), 1, (size // 2, 0), count_include_pad=False)
    return F.avg_pool2d(x, (1, size), 1, (0, size // 2), count_include_pad=False)

"""What the ways to run a model have in common: arrays in, arrays out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..media.headers import Source

if TYPE_CHECKING:
    from mmseg.structures import SegDataSample


class Prepared(NamedTuple):
    """A picture as it goes into the model.

    Attributes:
        size: Height and width of the input; pictures of one size can be predicted together.
        data: What the backend needs.
        note: What the reader of the answer should know of how it was prepared.
    """

    size: tuple[int, int]
    data: Any
    note: str | None = None


@dataclass
class Prediction:
    """What the model says of a picture.

    Attributes:
        score: P(fake) of the picture, 0 to 1.
        logits: Logit of each pixel's P(fake), (H, W), float32, at the original size.
        mask: Where it is fake, (H, W), bool.
        coarse: P(fake) of the coarse mask, (H', W'), float32, at the size of the input; None in a model without it.
        gates: How far each of L levels trusts each of E experts, (L, E), float32; None in a model without gates.
        sample: MMSegmentation's sample, of the backend 'torch' only.
    """

    score: float
    logits: np.ndarray
    mask: np.ndarray
    coarse: np.ndarray | None = None
    gates: np.ndarray | None = None
    sample: 'SegDataSample | None' = None

    @property
    def has_nan(self) -> bool:
        """Whether any number of it is NaN, so that nothing of it can be trusted."""
        return any(
            np.isnan(part).any() for part in (self.score, self.logits, self.coarse, self.gates) if part is not None
        )


class Backend(Protocol):
    """A model that is ready to answer.

    Attributes:
        name: What the model is called in its answers.
        mode: 'whole' or 'slide'.
        max_pixels_in_one_piece: How large an input may be with 'whole'.
        experts: Names of the experts, in the order of the gate values; empty in a model without gates.
        weights: Path or address of the file that holds the weights.
        has_datasamples: Whether predictions come with MMSegmentation's samples.
    """

    name: str
    has_datasamples: bool
    mode: str
    max_pixels_in_one_piece: int
    experts: tuple[str, ...]
    weights: str

    @property
    def provenance(self) -> dict[str, str]:
        """Hashes of ``config`` and ``weights``, on which the answers depend."""

    def input_size(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Height and width, padding included, of the input that a picture of a height and width becomes.

        None if that is not known before it is prepared.
        """

    def prepare(self, image: np.ndarray, path: str | None, file: Source | None = None) -> Prepared:
        """Make a picture (H, W, 3), uint8, BGR, ready for the model; may be called from several threads.

        Args:
            image: The picture as shown.
            path: Its name.
            file: The file that it is from, or the contents of that, for models that read more of it than its pixels.
        """

    def predict(self, batch: list[Prepared]) -> list[Prediction]:
        """Predict pictures whose inputs are of one size."""

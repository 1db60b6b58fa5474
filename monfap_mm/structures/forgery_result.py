"""The answer for one picture, and its form in JSON."""

from dataclasses import asdict, dataclass

import numpy as np

from .notebook import result_html, verdict
from .region import Region
from .rle import decode_rle, encode_rle

# Raised when a key of the JSON form changes its meaning or goes; new keys do not raise it.
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class ForgeryResult:
    """The answer for one picture, or the reason why there is none.

    All coordinates are those of the picture as a viewer shows it, turned by EXIF, at its original size.

    Attributes:
        path: The file as it was named; None for an array.
        size: Height and width in pixels; None where there is no answer.
        score: P(fake) of the picture, 0 to 1; None where there is no answer.
        label: 'real' or 'fake'; None where there is no answer.
        mask: Where it is fake, (H, W), bool; None where there is no answer.
        probability: P(fake) of each pixel, (H, W), float16, 0 to 1; not part of the JSON form.
        regions: One entry per manipulated region, the largest first; ``faces`` in the JSON form of schema version 1.
        gates: How far the model trusts each noise expert, by name one value per level, the finest first, which sum to 1
            over the experts; None where there is no answer, or a model without gates.
        coarse: P(fake) of the coarse mask that guides the attention, (H', W') at the size of the model's input,
            float16; not part of the JSON form.
        note: What the reader should know about the answer, such as that it is for the first frame.
        error: Why there is no answer; None where there is one.
        model: Name of the model that answered; None where there is no answer, or in records from before it was kept.
        image: The picture (H, W, 3), uint8, BGR, where it was asked for; not part of the JSON form.
    """

    path: str | None
    size: tuple[int, int] | None = None
    score: float | None = None
    label: str | None = None
    mask: np.ndarray | None = None
    probability: np.ndarray | None = None
    regions: tuple[Region, ...] = ()
    gates: dict[str, tuple[float, ...]] | None = None
    coarse: np.ndarray | None = None
    note: str | None = None
    error: str | None = None
    model: str | None = None
    image: np.ndarray | None = None

    @property
    def faces(self) -> tuple[Region, ...]:
        """The regions, by the name that they had before; schema version 2 will give it to faces, genuine ones too."""
        return self.regions

    def __repr__(self) -> str:
        return f'ForgeryResult({self.path!r}: {verdict(self)})'

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return result_html(self)

    def to_json(self) -> dict:
        """The answer in JSON's types; the mask as COCO's uncompressed RLE, without the probabilities of the pixels."""
        return dict(
            schema_version=SCHEMA_VERSION,
            kind='picture',
            path=self.path,
            size=None if self.size is None else list(self.size),
            score=self.score,
            label=self.label,
            faces=[asdict(region) | dict(box=list(region.box)) for region in self.regions],
            gates=None if self.gates is None else {expert: list(values) for expert, values in self.gates.items()},
            mask=None if self.mask is None else encode_rle(self.mask),
            note=self.note,
            error=self.error,
            model=self.model,
        )

    @classmethod
    def from_json(cls, values: dict) -> 'ForgeryResult':
        """Read what :meth:`to_json` made; keys that it does not know are left out.

        Args:
            values: The object.

        Returns:
            The answer, without probabilities of the pixels.

        Raises:
            ValueError: If it is of another version of the schema, lacks a key, or holds a broken mask.
        """
        check_schema(values)
        try:
            size, mask, gates = values['size'], values['mask'], values.get('gates')
            return cls(
                path=values['path'],
                size=None if size is None else tuple(size),
                score=values['score'],
                label=values['label'],
                mask=None if mask is None else decode_rle(mask),
                regions=tuple(Region(tuple(one['box']), one['area'], one['score']) for one in values['faces']),
                gates=None if gates is None else {expert: tuple(levels) for expert, levels in gates.items()},
                note=values['note'],
                error=values['error'],
                model=values.get('model'),
            )
        except KeyError as error:
            raise ValueError(f'the answer lacks {error}') from error


def check_schema(values: object) -> None:
    """Raise a ValueError unless an object says that it is an answer of this version of the schema."""
    found = values.get('schema_version') if isinstance(values, dict) else values
    if not isinstance(values, dict) or found != SCHEMA_VERSION:
        raise ValueError(f'an answer of schema version {SCHEMA_VERSION} was expected, got {found!r}')

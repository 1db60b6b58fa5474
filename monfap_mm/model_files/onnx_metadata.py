"""What an ONNX file says of itself, so that it can be run without the config it was made from."""

import json
from dataclasses import asdict, dataclass, fields

# Raised when a key changes its meaning or goes; new keys with a default do not raise it.
SCHEMA_VERSION = 1
# Under this name the file's metadata holds the JSON.
KEY = 'monfap_mm'


@dataclass(frozen=True)
class ResizeStep:
    """Resizing of a picture before it goes into the model.

    Attributes:
        scale: Width and height; with ``keep_ratio`` the largest ones, in any order.
        keep_ratio: Whether the aspect ratio is kept.
        interpolation: Name that OpenCV has for it: 'nearest', 'bilinear', 'bicubic', 'area' or 'lanczos'.
    """

    scale: tuple[int, int]
    keep_ratio: bool
    interpolation: str


@dataclass(frozen=True)
class OnnxMetadata:
    """All that the runtime needs. Sizes are (height, width) but for ``resize.scale``.

    Attributes:
        resize: How pictures are resized in mode 'whole'; None: not at all.
        bgr_to_rgb: Whether the model takes the channels in the order RGB.
        mean: Subtracted from the channels, in the model's order; None: nothing is.
        std: What they are divided by then.
        pad_size: Smallest input; smaller ones are padded to the right and below, after normalisation. None: any size.
        pad_divisor: What the sides of an input are padded to a multiple of. None: any size.
        pad_value: What they are padded with.
        mode: 'whole' or 'slide', where nobody says otherwise.
        crop_size: Size of a window; None where the config does not tell.
        stride: Steps from window to window; None where the config does not tell.
        window_score: 'max' or 'mean': how the windows make up the score of the picture.
        experts: Names of the experts, in the order of the gate values; empty in a model without gates.
        config: Name of the config.
        config_hash: Short SHA-256 of its text.
        weights_hash: Short SHA-256 of the checkpoint.
        package_version: Version of monfap_mm that made the file.
    """

    resize: ResizeStep | None
    bgr_to_rgb: bool
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    pad_size: tuple[int, int] | None
    pad_divisor: int | None
    pad_value: float
    mode: str
    crop_size: tuple[int, int] | None
    stride: tuple[int, int] | None
    window_score: str
    experts: tuple[str, ...]
    config: str
    config_hash: str
    weights_hash: str
    package_version: str

    def to_json(self) -> str:
        """The metadata as JSON."""
        return json.dumps(dict(schema_version=SCHEMA_VERSION) | asdict(self), sort_keys=True)


def read_metadata(entries: dict[str, str], path: str) -> OnnxMetadata:
    """Read what :meth:`OnnxMetadata.to_json` made; keys that are not known are left out.

    Args:
        entries: The metadata of the file.
        path: The file, for the error.

    Returns:
        The metadata.

    Raises:
        ValueError: If the file was not made by this package, or by a version that is too new or too old.
    """
    if KEY not in entries:
        raise ValueError(f'{path} does not say how it wants its pictures: export it by tools/deployment/export.py')
    try:
        values = json.loads(entries[KEY])
        version = values.pop('schema_version')
        if version != SCHEMA_VERSION:
            raise ValueError(f'they are of version {version}, and this package reads version {SCHEMA_VERSION}')
        known = {field.name: _frozen(values[field.name]) for field in fields(OnnxMetadata)}
        resize = known['resize'] and ResizeStep(
            **{field.name: _frozen(known['resize'][field.name]) for field in fields(ResizeStep)}
        )
    except KeyError as error:
        raise ValueError(f'{path} has broken metadata: {error} is missing') from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f'{path} has metadata that cannot be read: {error}') from error
    return OnnxMetadata(**known | dict(resize=resize))


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value

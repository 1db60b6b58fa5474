"""What an ONNX file says of itself, so that it can be run without the config it was made from."""

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields

from ..media.limits import MAX_PIXELS_IN_ONE_PIECE
from ..utils.windows import MODES, WINDOW_SCORES

# Raised when a key changes its meaning or goes; new keys with a default do not raise it. In version 1 the graph took
# normalized pictures and gave raw logits; from version 2 on it is the whole function.
SCHEMA_VERSION = 2
READABLE = (1, 2)
# Under this name the file's metadata holds the JSON.
KEY = 'monfap_mm'
# And under this one, if it has one, a text for people: what the model is good for.
CARD = 'model_card'
INTERPOLATIONS = ('nearest', 'bilinear', 'bicubic', 'area', 'lanczos')


@dataclass(frozen=True)
class ResizeStep:
    """Resizing of a picture before it goes into the model.

    Attributes:
        scale: Width and height; with ``keep_ratio`` the largest ones, in any order.
        keep_ratio: Whether the aspect ratio is kept.
        interpolation: Name that OpenCV has for it, one of :data:`INTERPOLATIONS`.
    """

    scale: tuple[int, int]
    keep_ratio: bool
    interpolation: str

    def __post_init__(self) -> None:
        _check_sides('resize.scale', self.scale)
        _check(isinstance(self.keep_ratio, bool), 'resize.keep_ratio must be true or false', self.keep_ratio)
        known = ', '.join(INTERPOLATIONS)
        _check(self.interpolation in INTERPOLATIONS, f'resize.interpolation must be one of {known}', self.interpolation)


@dataclass(frozen=True)
class OnnxMetadata:
    """All that the runtime needs. Sizes are (height, width) but for ``resize.scale``.

    From version 2 on, channels, normalization and padding are part of the graph, and stand here for the reader.

    Attributes:
        resize: How pictures are resized in mode 'whole'; None: not at all.
        bgr_to_rgb: Whether the model takes the channels in the order RGB.
        mean: Subtracted from the channels, in the model's order; None: nothing is.
        std: What they are divided by then.
        pad_size: Smallest input; smaller ones are padded to the right and below, after normalization. None: any size.
        pad_divisor: What the sides of an input are padded to a multiple of. None: any size.
        pad_value: What they are padded with.
        mode: 'whole' or 'slide', where nobody says otherwise.
        crop_size: Size of a window; None where the config does not tell.
        stride: Steps from window to window, at most its size; None where the config does not tell.
        window_score: 'max' or 'mean': how the windows make up the score of the picture.
        experts: Names of the experts, in the order of the gate values; empty in a model without gates.
        config: Name of the config.
        config_hash: Short SHA-256 of its text.
        weights_hash: Short SHA-256 of the checkpoint.
        package_version: Version of monfap_mm that made the file.
        schema_version: Version of this description.
        max_pixels_in_one_piece: How large an input may be in mode 'whole'.

    Raises:
        ValueError: If a value cannot be meant; names it.
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
    schema_version: int = SCHEMA_VERSION
    max_pixels_in_one_piece: int = MAX_PIXELS_IN_ONE_PIECE

    @property
    def pads(self) -> bool:
        """Whether the data preprocessor pads pictures."""
        return self.pad_size is not None or self.pad_divisor is not None

    def to_json(self) -> str:
        """The metadata as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def __post_init__(self) -> None:
        _check(isinstance(self.bgr_to_rgb, bool), 'bgr_to_rgb must be true or false', self.bgr_to_rgb)
        _check((self.mean is None) == (self.std is None), 'mean and std must both be there or both be null', self.std)
        for name in ('mean', 'std'):
            values = getattr(self, name)
            _check(values is None or _are_numbers(values, 3), f'{name} must be three numbers', values)
        _check(self.std is None or all(value > 0 for value in self.std), 'std must be above 0', self.std)
        for name in ('pad_size', 'crop_size', 'stride'):
            _check_sides(name, getattr(self, name))
        divisor = self.pad_divisor
        _check(divisor is None or _is_positive(divisor), 'pad_divisor must be an integer from 1', divisor)
        largest = self.max_pixels_in_one_piece
        _check(_is_positive(largest), 'max_pixels_in_one_piece must be an integer from 1', largest)
        _check(_are_numbers((self.pad_value,), 1), 'pad_value must be a number', self.pad_value)
        _check(self.mode in MODES, f'mode must be one of {", ".join(MODES)}', self.mode)
        _check(self.window_score in WINDOW_SCORES, 'window_score must be max or mean', self.window_score)
        both = (self.crop_size is None) == (self.stride is None)
        _check(both, 'crop_size and stride must both be there or both be null', self.stride)
        fits = self.stride is None or all(step <= crop for step, crop in zip(self.stride, self.crop_size))
        _check(fits, f'stride must be at most crop_size, {self.crop_size}, or pixels are left out', self.stride)
        names = isinstance(self.experts, tuple) and all(isinstance(name, str) for name in self.experts)
        _check(names and len(set(self.experts)) == len(self.experts), 'experts must be distinct names', self.experts)


def read_metadata(entries: dict[str, str], path: str) -> OnnxMetadata:
    """Read what :meth:`OnnxMetadata.to_json` made; keys that are not known are left out.

    Args:
        entries: The metadata of the file.
        path: The file, for the error.

    Returns:
        The metadata.

    Raises:
        ValueError: If the file was not made by this package, or by a version that is too new or too old, or a value
            cannot be meant.
    """
    if KEY not in entries:
        raise ValueError(f'{path} does not say how it wants its pictures: export it by tools/deployment/export.py')
    try:
        values = json.loads(entries[KEY])
        version = values['schema_version']
        if version not in READABLE:
            raise ValueError(f'they are of version {version}, and this package reads versions 1 to {SCHEMA_VERSION}')
        # Keys with a default came later than the first files.
        names = [field.name for field in fields(OnnxMetadata) if field.name in values or field.default is MISSING]
        known = {name: _frozen(values[name]) for name in names}
        _check(isinstance(known['resize'], dict | None), 'resize must be an object or null', known['resize'])
        resize = known['resize'] and ResizeStep(
            **{field.name: _frozen(known['resize'][field.name]) for field in fields(ResizeStep)}
        )
        return OnnxMetadata(**known | dict(resize=resize))
    except KeyError as error:
        raise ValueError(f'{path} has broken metadata: {error} is missing') from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f'{path} has metadata that cannot be read: {error}') from error


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value


def _check(is_right: bool, rule: str, value: object) -> None:
    if not is_right:
        raise ValueError(f'{rule}, got {value!r}')


def _check_sides(name: str, sides: object) -> None:
    right = sides is None or (isinstance(sides, tuple) and len(sides) == 2 and all(map(_is_positive, sides)))
    _check(right, f'{name} must be two integers from 1', sides)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_numbers(values: object, count: int) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) == count
        and all(isinstance(value, (int, float)) and math.isfinite(value) for value in values)
    )

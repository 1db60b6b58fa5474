"""Forging faces: replace, blend or repair away faces of a picture, with the mask of what was changed.

Works on rendered scenes and on photographs alike: all it needs is an image and the boxes of its faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .imaging import Rng
from .regions import Window, check_boxes, ellipse_coverage, warp_box
from .traces import History

KINDS = ('splice', 'swap', 'self_blend', 'blend', 'poisson', 'inpaint')
# The two kinds that leave the faintest traces are drawn half as often as the others.
_WEIGHTS = {'poisson': 0.5, 'inpaint': 0.5}
_MARGIN = 12


@dataclass(frozen=True)
class FaceSource:
    """A picture that faces can be taken from.

    Attributes:
        image: Uint8 BGR ``(H, W, 3)``.
        box: The face in it: x1, y1, x2, y2 in pixels.
        name: What the manifest calls it.
    """

    image: np.ndarray
    box: np.ndarray
    name: str = ''


@dataclass(frozen=True)
class Forgery:
    """A forged picture.

    Attributes:
        image: Uint8 BGR ``(H, W, 3)``.
        mask: Bool ``(H, W)``, True where the picture was changed (a soft edge counts from one half on).
        records: For each forged face, what was done, ready for JSON: ``kind``, ``face`` (number of its box), ``box``,
            ``feather`` in pixels, and the parameters of the kind.
    """

    image: np.ndarray
    mask: np.ndarray
    records: list[dict]


@dataclass(frozen=True)
class _Job:
    """One face to forge: the untouched picture, all its boxes, and what may be pasted."""

    image: np.ndarray
    boxes: np.ndarray
    face: int
    sources: Sequence[FaceSource]

    @property
    def box(self) -> np.ndarray:
        return self.boxes[self.face]

    def paste(self, source: FaceSource, window: Window, rng: Rng) -> tuple[np.ndarray, dict]:
        """Fit a source's face onto this face's box and give it a history; returns the pixels and the parameters."""
        history = History.sample(rng)
        piece = warp_box(source.image, np.asarray(source.box, np.float64), self.box, window)
        color_match = rng.uniform(0.2, 0.7)
        piece = _match_color(piece, self.image[window.slices], color_match)
        return history.apply(piece, rng), {'colour_match': color_match, 'history': history.describe()}


def forge(
    image: np.ndarray,
    boxes: np.ndarray,
    sources: Sequence[FaceSource],
    rng: Rng,
    kinds: Sequence[str] = KINDS,
    count: int | None = None,
) -> Forgery:
    """Forge one or more faces of a picture.

    Args:
        image: Uint8 BGR ``(H, W, 3)``.
        boxes: Faces in it, ``(N, 4)``: x1, y1, x2, y2 in pixels; clipped to the image.
        sources: Faces of other pictures, for the kinds that need one (splice, blend, poisson).
        rng: Source of randomness; the same state gives the same forgery.
        kinds: Kinds to choose from, each face on its own: ``splice`` (a face of another picture), ``swap`` (another
            face of the same picture), ``self_blend`` (the face itself, shifted, resampled, recolored, re-noised),
            ``blend`` (another face, half transparent, wide edge), ``poisson`` (another face, gradients blended),
            ``inpaint`` (half or all of the face painted over from its surroundings).
        count: How many faces to forge; drawn between one and all when not given.

    Returns:
        The forged picture, its mask, and one record for each forged face.

    Raises:
        ValueError: If the image is not uint8 BGR, a box is unusable, a kind is unknown or impossible here, or
            there are fewer faces than ``count``.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'Forging needs a uint8 BGR image (H, W, 3), got {image.dtype} {image.shape}.')
    boxes = check_boxes(boxes, image.shape)
    possible = _possible_kinds(kinds, len(boxes), len(sources))
    weights = np.array([_WEIGHTS.get(kind, 1.0) for kind in possible])
    if count is None:
        count = int(rng.integers(1, len(boxes) + 1))
    if not 1 <= count <= len(boxes):
        raise ValueError(f'count is {count}: the picture has {len(boxes)} face(s), and at least one is forged.')
    forged, mask, records = image.copy(), np.zeros(image.shape[:2], bool), []
    for face in rng.permutation(len(boxes))[:count]:
        kind = str(rng.choice(possible, p=weights / weights.sum()))
        window = Window.around(boxes[face], image.shape, _MARGIN)
        content, coverage, params = _FORGERS[kind](_Job(image, boxes, int(face), sources), window, rng)
        target = forged[window.slices]
        mixed = target + (content.astype(np.float32) - target) * (coverage * params.get('opacity', 1.0))[..., None]
        forged[window.slices] = np.where(coverage[..., None] > 0, np.clip(mixed + 0.5, 0, 255), target)
        mask[window.slices] |= coverage >= 0.5
        records.append({'kind': kind, 'face': int(face), 'box': boxes[face].round(2).tolist(), **params})
    return Forgery(forged, mask, records)


def _possible_kinds(kinds: Sequence[str], faces: int, sources: int) -> list[str]:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f'Unknown kinds of forgery {unknown}: choose from {list(KINDS)}.')
    lacking = {'swap'} if faces < 2 else set()
    if not sources:
        lacking |= {'splice', 'blend', 'poisson'}
    possible = [kind for kind in kinds if kind not in lacking]
    if not faces or not possible:
        raise ValueError(
            f'Nothing to forge with kinds {list(kinds)}, {faces} face(s) and {sources} source(s): every picture needs '
            'a face, swap needs two, and splice, blend and poisson need a source.'
        )
    return possible


def _match_color(piece: np.ndarray, target: np.ndarray, strength: float) -> np.ndarray:
    """Move the mean color of ``piece`` towards that of ``target``, all the way at strength 1."""
    shift = strength * (target.mean(axis=(0, 1)) - piece.mean(axis=(0, 1)))
    return np.clip(piece + shift + 0.5, 0, 255).astype(np.uint8)


def _shrink(box: np.ndarray, factor: float) -> np.ndarray:
    """The box, made smaller around its center."""
    centre = np.tile((box[:2] + box[2:]) / 2, 2)
    return centre + (box - centre) * factor


def _splice(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    source = job.sources[rng.integers(len(job.sources))]
    feather = rng.uniform(1.0, 4.0)
    content, params = job.paste(source, window, rng)
    return content, ellipse_coverage(job.box, window, feather), {'source': source.name, 'feather': feather, **params}


def _swap(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    others = [number for number in range(len(job.boxes)) if number != job.face]
    donor = int(rng.choice(others))
    feather = rng.uniform(1.0, 4.0)
    content, params = job.paste(FaceSource(job.image, job.boxes[donor]), window, rng)
    return content, ellipse_coverage(job.box, window, feather), {'donor': donor, 'feather': feather, **params}


def _self_blend(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    feather = rng.uniform(1.0, 5.0)
    sides = np.tile(job.box[2:] - job.box[:2], 2)
    jitter = rng.uniform(-0.04, 0.04, 4)
    content, params = job.paste(FaceSource(job.image, job.box + jitter * sides), window, rng)
    params = {'jitter': jitter.round(4).tolist(), 'feather': feather, **params}
    return content, ellipse_coverage(job.box, window, feather), params


def _blend(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    source = job.sources[rng.integers(len(job.sources))]
    feather = rng.uniform(4.0, 8.0)
    content, params = job.paste(source, window, rng)
    params = {'source': source.name, 'opacity': rng.uniform(0.7, 0.95), 'feather': feather, **params}
    return content, ellipse_coverage(_shrink(job.box, 0.95), window, feather), params


def _poisson(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    source = job.sources[rng.integers(len(job.sources))]
    content, params = job.paste(source, window, rng)
    coverage = (ellipse_coverage(_shrink(job.box, 0.95), window, 0) >= 0.5).astype(np.float32)
    return (
        _clone(content, job.image[window.slices], coverage > 0),
        coverage,
        {'source': source.name, 'feather': 0.0, **params},
    )


def _clone(content: np.ndarray, target: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Poisson blending; both pictures are padded, since OpenCV's solver cannot touch their borders."""
    pad = 4
    content, target = (cv2.copyMakeBorder(side, pad, pad, pad, pad, cv2.BORDER_REPLICATE) for side in (content, target))
    mask = np.pad(inside.astype(np.uint8) * 255, pad)
    x, y, width, height = cv2.boundingRect(mask)
    cloned = cv2.seamlessClone(content, target, mask, (x + width // 2, y + height // 2), cv2.NORMAL_CLONE)
    return cloned[pad:-pad, pad:-pad]


def _inpaint(job: _Job, window: Window, rng: Rng) -> tuple[np.ndarray, np.ndarray, dict]:
    """Paint over half or all of the face from its surroundings, at times with grain on top."""
    part = str(rng.choice(['upper', 'lower', 'whole']))
    x1, y1, x2, y2 = _shrink(job.box, 0.92)
    middle = y1 + (y2 - y1) * rng.uniform(0.4, 0.6)
    box = np.array({'upper': (x1, y1, x2, middle), 'lower': (x1, middle, x2, y2), 'whole': (x1, y1, x2, y2)}[part])
    feather = rng.uniform(1.0, 3.0)
    coverage = ellipse_coverage(box, window, feather)
    method = str(rng.choice(['telea', 'navier_stokes']))
    flag = {'telea': cv2.INPAINT_TELEA, 'navier_stokes': cv2.INPAINT_NS}[method]
    content = cv2.inpaint(job.image[window.slices], (coverage > 0).astype(np.uint8), 3, flag)
    history = History(noise=rng.uniform(9, 16) if rng.random() < 0.4 else 0.0)
    params = {'part': part, 'method': method, 'feather': feather, 'history': history.describe()}
    return history.apply(content, rng), coverage, params


_FORGERS = {
    'splice': _splice,
    'swap': _swap,
    'self_blend': _self_blend,
    'blend': _blend,
    'poisson': _poisson,
    'inpaint': _inpaint,
}

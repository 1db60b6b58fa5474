"""Scenes: a background, a light, and people standing in one or two rows; and portraits of one person."""

from dataclasses import dataclass

import numpy as np

from ..forging.imaging import Rng, blur
from .backgrounds import BACKGROUNDS
from .faces import Light, Look, Pose, draw_person, face_box

MIN_FACES, MAX_FACES = 2, 6


@dataclass(frozen=True)
class Scene:
    """A rendered scene.

    Attributes:
        radiance: Float32 ``(H, W, 3)``, linear light, BGR.
        boxes: Float ``(N, 4)``, face boxes (x1, y1, x2, y2) in pixels, clipped to the picture.
        background: Name of the background.
    """

    radiance: np.ndarray
    boxes: np.ndarray
    background: str


def render_scene(rng: Rng, size: int) -> Scene:
    """Render a group picture of two to six people, ``size`` pixels square."""
    background, image = _render_background(rng, size)
    light = Light.sample(rng)
    people = _place_people(rng, size, int(rng.integers(MIN_FACES, MAX_FACES + 1)))
    focus_loss = max(0.0, rng.uniform(-0.5, 0.8)) * size / 192
    boxes = []
    for row in people:
        image = blur(image, focus_loss)
        for look, pose in row:
            draw_person(image, look, pose, light)
            boxes.append(face_box(look, pose))
    return Scene(image, np.clip(boxes, 0, size), background)


def render_portrait(rng: Rng, size: int) -> Scene:
    """Render one person whose face fills most of a picture of ``size`` pixels square."""
    background, image = _render_background(rng, size)
    half_height = size * rng.uniform(0.32, 0.38)
    look, pose = Look.sample(rng), _sample_pose(rng, (size / 2, size / 2), half_height)
    draw_person(image, look, pose, Light.sample(rng))
    return Scene(image, np.clip([face_box(look, pose)], 0, size), background)


def _render_background(rng: Rng, size: int) -> tuple[str, np.ndarray]:
    name = str(rng.choice(sorted(BACKGROUNDS)))
    image = BACKGROUNDS[name](rng, (size, size))
    return name, blur(image.astype(np.float32), rng.uniform(0, 1.6) * size / 192)


def _sample_pose(rng: Rng, centre: tuple[float, float], half_height: float) -> Pose:
    return Pose(
        centre=centre,
        half_height=half_height,
        roll=float(np.clip(rng.normal(0, 0.14), -0.45, 0.45)),
        yaw=rng.uniform(-0.22, 0.22),
        pitch=rng.uniform(-0.08, 0.08),
    )


def _place_people(rng: Rng, size: int, count: int) -> list[list[tuple[Look, Pose]]]:
    """Spread people over a back row and a front row, in drawing order.

    Neighbors in a row keep their faces apart; bodies, hair and the other row may overlap.
    """
    front = count if count <= 3 else int(np.ceil(count / 2))
    rows = [] if front == count else [_place_row(rng, size, count - front, rng.uniform(0.2, 0.28), 0.85)]
    centre = rng.uniform(0.4, 0.58) if front == count else rng.uniform(0.6, 0.68)
    return [*rows, _place_row(rng, size, front, centre, 1.0)]


def _place_row(rng: Rng, size: int, count: int, height: float, scale: float) -> list[tuple[Look, Pose]]:
    slot = size / count
    people = []
    for column in range(count):
        half_height = min(slot * 0.54, size * 0.22) * scale * rng.uniform(0.75, 1.0)
        x = (column + 0.5 + rng.uniform(-0.14, 0.14)) * slot
        y = size * (height + rng.uniform(-0.05, 0.05))
        people.append((Look.sample(rng), _sample_pose(rng, (x, y), half_height)))
    return [people[i] for i in rng.permutation(count)]

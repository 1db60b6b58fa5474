"""People: a seeded look, a pose, and a renderer that shades a head from one light direction.

Head units: ``u`` points right and ``v`` down in the frame of the head; the face spans v = -1 (top of the forehead) to
v = 1 (chin). A pose says where that frame lies in the picture.
"""

from dataclasses import dataclass

import numpy as np

from ..forging.imaging import Rng
from .canvas import ellipse, fractal_noise, linear, paint, random_color, step

# Display BGR from light to dark skin, and the natural hair colors.
_SKIN = np.array(
    [
        (0.74, 0.82, 0.96),
        (0.62, 0.74, 0.92),
        (0.48, 0.63, 0.84),
        (0.36, 0.5, 0.71),
        (0.24, 0.35, 0.53),
        (0.17, 0.24, 0.38),
    ]
)
_HAIR = np.array(
    [(0.08, 0.09, 0.1), (0.11, 0.15, 0.22), (0.18, 0.28, 0.42), (0.4, 0.6, 0.78), (0.15, 0.25, 0.5), (0.7, 0.72, 0.74)]
)
_IRIS = np.array([(0.12, 0.22, 0.35), (0.6, 0.45, 0.3), (0.3, 0.45, 0.35), (0.08, 0.12, 0.18)])


@dataclass(frozen=True)
class Light:
    """The light of a scene.

    Attributes:
        direction: Unit vector towards the light (right, down, towards the viewer).
        color: Color of the direct light, linear BGR.
        ambient: Color of the light from everywhere, linear BGR.
    """

    direction: np.ndarray
    color: np.ndarray
    ambient: np.ndarray

    @classmethod
    def sample(cls, rng: Rng) -> 'Light':
        """Draw a light from above, from any side, between hard sun and overcast sky."""
        direction = np.array([rng.uniform(-0.9, 0.9), rng.uniform(-0.8, -0.1), rng.uniform(0.5, 1.0)])
        hardness = rng.uniform(0.45, 0.8)
        warmth = rng.uniform(-0.12, 0.12)
        tint = np.array([1 - warmth, 1, 1 + warmth], np.float32)
        return cls(
            direction=(direction / np.linalg.norm(direction)).astype(np.float32),
            color=tint * np.float32(1.2 * hardness),
            ambient=tint[::-1] * np.float32(1 - hardness),
        )


@dataclass(frozen=True)
class Pose:
    """Where a head lies in the picture.

    Attributes:
        centre: x and y of the face's center in pixels.
        half_height: Half the face's height in pixels.
        roll: In-plane rotation in radians.
        yaw: Turn to the side: how far the features move along u, in head units.
        pitch: Nod: how far the features move along v, in head units.
    """

    centre: tuple[float, float]
    half_height: float
    roll: float
    yaw: float
    pitch: float


@dataclass(frozen=True)
class Look:
    """What a person looks like: colors are linear BGR, lengths are in head units."""

    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    lips: np.ndarray
    clothes: tuple[np.ndarray, np.ndarray]
    half_width: float
    jaw: float
    eye_distance: float
    eye_size: float
    brow: tuple[float, float]
    nose: tuple[float, float]
    mouth: tuple[float, float]
    smile: float
    teeth: float
    hairline: float
    hair_volume: float
    long_hair: bool
    beard: float
    glasses: bool
    pattern: int
    texture_seed: int

    @classmethod
    def sample(cls, rng: Rng) -> 'Look':
        """Draw a person."""
        tone = rng.uniform(0, len(_SKIN) - 1)
        skin = np.array([np.interp(tone, range(len(_SKIN)), channel) for channel in _SKIN.T])
        skin = linear(skin * rng.uniform(0.94, 1.06, 3))
        # Light hair hardly ever comes with dark skin.
        hair = _HAIR[rng.integers(0, len(_HAIR)) if tone < 2.5 else rng.integers(0, 2)]
        masculine = rng.random() < 0.5
        return cls(
            skin=skin,
            hair=linear(hair * rng.uniform(0.8, 1.2)),
            iris=linear(_IRIS[rng.integers(0, len(_IRIS))]),
            lips=skin * np.array([0.62, 0.5, 0.92], np.float32) * np.float32(rng.uniform(0.75, 1.05)),
            clothes=(random_color(rng, (0.0, 0.8), (0.15, 0.9)), random_color(rng, (0.0, 0.8), (0.15, 0.9))),
            half_width=rng.uniform(0.7, 0.82),
            jaw=rng.uniform(0.08, 0.34),
            eye_distance=rng.uniform(0.3, 0.36),
            eye_size=rng.uniform(0.1, 0.14),
            brow=(rng.uniform(0.025, 0.06), rng.uniform(-0.15, 0.2)),
            nose=(rng.uniform(0.1, 0.17), rng.uniform(0.22, 0.34)),
            mouth=(rng.uniform(0.2, 0.32), rng.uniform(0.04, 0.08)),
            smile=rng.uniform(-0.05, 0.25),
            teeth=max(0.0, rng.uniform(-0.06, 0.07)),
            hairline=rng.uniform(-0.72, -0.42),
            hair_volume=rng.uniform(0.08, 0.26),
            long_hair=rng.random() < (0.1 if masculine else 0.8),
            beard=rng.uniform(0.3, 0.9) if masculine and rng.random() < 0.5 else 0.0,
            glasses=rng.random() < 0.2,
            pattern=int(rng.integers(0, 4)),
            texture_seed=int(rng.integers(0, 2**31)),
        )


@dataclass
class _Patch:
    """The window of a picture around a head, with head coordinates for its pixels."""

    pixels: np.ndarray  # (h, w, 3), a view into the picture
    u: np.ndarray  # (h, w)
    v: np.ndarray  # (h, w)
    soft: float  # edge softness: a bit more than a pixel, in head units


def _open_patch(image: np.ndarray, pose: Pose, left: float, top: float, right: float, bottom: float) -> _Patch:
    """Cut the window that reaches the given head units away from the center, clipped to the picture."""
    height, width = image.shape[:2]
    (x, y), scale = pose.centre, pose.half_height
    x1, x2 = (int(np.clip(x + scale * reach, 0, width)) for reach in (left, right))
    y1, y2 = (int(np.clip(y + scale * reach, 0, height)) for reach in (top, bottom))
    dx = (np.arange(x1, x2, dtype=np.float32) + 0.5 - x) / scale
    dy = ((np.arange(y1, y2, dtype=np.float32) + 0.5 - y) / scale)[:, None]
    cos, sin = np.float32(np.cos(pose.roll)), np.float32(np.sin(pose.roll))
    return _Patch(image[y1:y2, x1:x2], dx * cos + dy * sin, dy * cos - dx * sin, 1.4 / scale)


def face_box(look: Look, pose: Pose) -> tuple[float, float, float, float]:
    """Box (x1, y1, x2, y2) in pixels around the turned face oval, without hair."""
    cos, sin = np.cos(pose.roll), np.sin(pose.roll)
    half_w = pose.half_height * np.hypot(look.half_width * cos, sin)
    half_h = pose.half_height * np.hypot(look.half_width * sin, cos)
    x, y = pose.centre
    return (x - half_w, y - half_h, x + half_w, y + half_h)


def draw_person(image: np.ndarray, look: Look, pose: Pose, light: Light) -> None:
    """Draw a person over ``image`` ``(H, W, 3)`` in place: hair behind, body, head, hair in front."""
    rng = np.random.default_rng(look.texture_seed)
    patch = _open_patch(image, pose, -1.75, -1.75, 1.75, 1.75)
    if min(patch.u.shape) < 2:
        return
    strands = fractal_noise(rng, patch.u.shape, (4, 24), 3, 0.8)
    if look.long_hair:
        _draw_back_hair(patch, look, light, strands)
    _draw_body(image, look, pose, light, rng)
    _draw_head(patch, look, pose, light, rng)
    _draw_front_hair(patch, look, light, strands)


def _outline(patch: _Patch, look: Look) -> np.ndarray:
    """Signed distance to the face oval (positive inside), in head units; the jaw narrows it below the cheeks."""
    half_width = look.half_width * (1 - look.jaw * np.clip(patch.v, 0, 1) ** 2)
    return (1 - np.sqrt((patch.u / half_width) ** 2 + patch.v**2)) * look.half_width


def _lit(albedo: np.ndarray, normal: np.ndarray, light: Light) -> np.ndarray:
    """Lambert shading plus a faint highlight; ``normal`` is ``(h, w, 3)``."""
    diffuse = np.clip(normal @ light.direction, 0, 1)
    half = light.direction + np.array([0, 0, 1], np.float32)
    gloss = 0.06 * np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** 24
    return albedo * (light.ambient + light.color * diffuse[..., None]) + gloss[..., None] * light.color


def _bump(patch: _Patch, centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    """Gaussian bump of height 1."""
    return np.exp(-(((patch.u - centre[0]) / radii[0]) ** 2) - ((patch.v - centre[1]) / radii[1]) ** 2)


def _normals(patch: _Patch, look: Look, pose: Pose) -> np.ndarray:
    """Surface normals of an ellipsoid head with nose, sockets, cheeks, lips and chin, turned into picture axes."""
    yaw, pitch = pose.yaw, pose.pitch
    width, length = look.nose
    relief = 0.3 * _bump(patch, (yaw * 1.3, 0.05 + pitch), (width, length))
    relief += 0.12 * _bump(patch, (yaw, 0.58 + pitch), (look.mouth[0] * 0.8, 0.1))
    relief += 0.12 * _bump(patch, (yaw, 0.9 + pitch), (0.2, 0.14))
    for side in (-1, 1):
        relief -= 0.14 * _bump(patch, (yaw + side * look.eye_distance, -0.2 + pitch), (0.2, 0.14))
        relief += 0.1 * _bump(patch, (yaw + side * 0.42, 0.25 + pitch), (0.22, 0.22))
    spacing = max(patch.soft / 1.4, 1e-3)
    slope_y, slope_x = np.gradient(relief, spacing)
    cos, sin = np.cos(pose.roll), np.sin(pose.roll)
    nu, nv = patch.u / (look.half_width * 1.05), patch.v / 1.1
    nz = np.sqrt(np.clip(1 - nu**2 - nv**2, 0.03, 1))
    normal = np.stack([nu * cos - nv * sin - slope_x * nz, nu * sin + nv * cos - slope_y * nz, nz], axis=-1)
    return (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)


def _draw_head(patch: _Patch, look: Look, pose: Pose, light: Light, rng: Rng) -> None:
    """Draw ears and the shaded face with all its features."""
    inside = step(_outline(patch, look), patch.soft)
    for side in (-1, 1):
        if side * pose.yaw < 0.15:  # a turned head hides the ear on its far side
            ear = ellipse(patch.u, patch.v, (side * look.half_width * 0.98, 0.0), (0.1, 0.2), patch.soft)
            paint(patch.pixels, look.skin * (light.ambient + 0.45 * light.color), ear)
    mottle = fractal_noise(rng, patch.u.shape, (8, 8), 4, 0.7)
    albedo = look.skin * (1 + 0.05 * mottle)[..., None]
    _draw_features(patch, albedo, look, pose, mottle)
    paint(patch.pixels, _lit(albedo, _normals(patch, look, pose), light), inside)


def _draw_features(patch: _Patch, albedo: np.ndarray, look: Look, pose: Pose, mottle: np.ndarray) -> None:
    """Paint blush, beard, eyes, brows, nostrils, mouth and glasses onto the skin's albedo in place."""
    u, v, soft = patch.u - pose.yaw, patch.v - pose.pitch, patch.soft
    if look.beard:
        jaw = step(v - 0.3 + 0.12 * mottle, 0.25) * (1 - ellipse(u, v, (0, 0.57), (0.24, 0.1), 0.1))
        paint(albedo, look.hair, jaw * look.beard)
    for side in (-1, 1):
        paint(albedo, look.lips, 0.2 * ellipse(u, v, (side * 0.42, 0.22), (0.22, 0.16), 0.3))
        _draw_eye(albedo, u, v, soft, look, side)
        nostril = ellipse(u, v, (side * look.nose[0] * 0.5 + pose.yaw * 0.3, 0.3), (0.045, 0.03), soft)
        paint(albedo, look.skin * 0.15, nostril * 0.85)
    curved = v + look.smile * u**2 * 3
    width, thickness = look.mouth
    paint(albedo, look.lips, ellipse(u, curved, (0, 0.57), (width, thickness + look.teeth), soft))
    paint(albedo, look.lips * 0.15, ellipse(u, curved, (0, 0.57), (width * 0.92, 0.018 + look.teeth), soft))
    if look.teeth > 0.02:
        paint(albedo, linear((0.82, 0.88, 0.9)), ellipse(u, curved, (0, 0.56), (width * 0.8, look.teeth * 0.8), soft))


def _draw_eye(albedo: np.ndarray, u: np.ndarray, v: np.ndarray, soft: float, look: Look, side: int) -> None:
    """Paint one eye with lids, iris, glint and brow, and its glass."""
    x, y, size = side * look.eye_distance, -0.18, look.eye_size
    paint(albedo, look.skin * 0.3, ellipse(u, v, (x, y - 0.012), (size * 1.2, size * 0.68), soft))
    white = ellipse(u, v, (x, y), (size * 1.08, size * 0.55), soft)
    paint(albedo, linear((0.68, 0.71, 0.74)), white)
    paint(albedo, look.iris, white * ellipse(u, v, (x, y), (size * 0.52, size * 0.52), soft))
    paint(albedo, np.float32(0.01), white * ellipse(u, v, (x, y), (size * 0.25, size * 0.25), soft))
    paint(albedo, np.float32(1.0), ellipse(u, v, (x + 0.03, y - 0.03), (0.02, 0.02), soft) * 0.6)
    thickness, tilt = look.brow
    brow = ellipse(u, v + 0.8 * (u - x) ** 2, (x, -0.4), (size * 1.6, thickness), soft, side * tilt)
    paint(albedo, look.hair * 0.8, brow * 0.85)
    if look.glasses:
        rim = ellipse(u, v, (x, y), (0.26, 0.2), soft) - ellipse(u, v, (x, y), (0.22, 0.16), soft)
        bridge = ellipse(u, v, (0, y), (0.12, 0.03), soft)
        paint(albedo, np.float32(0.02), np.maximum(rim, bridge) * 0.9)


def _hair_color(look: Look, light: Light, strands: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Hair with strands, brighter on top where the light falls."""
    gloss = 0.55 + 0.5 * np.clip(-v, 0, 1)
    return look.hair * (light.ambient + 0.7 * light.color) * (gloss * np.exp(0.35 * strands))[..., None]


def _draw_back_hair(patch: _Patch, look: Look, light: Light, strands: np.ndarray) -> None:
    """Draw long hair that falls behind the head and onto the shoulders."""
    width = look.half_width + look.hair_volume + 0.06
    flow = width + 0.05 * strands + 0.12 * np.clip(patch.v, 0, 2)
    body = step(flow - np.abs(patch.u), patch.soft) * step(1.45 - patch.v + 0.1 * strands, 0.2)
    crown = ellipse(patch.u, patch.v, (0, -0.15), (width, 1.05 + look.hair_volume * 0.4), patch.soft)
    coverage = np.where(patch.v < -0.1, crown, body)
    paint(patch.pixels, 0.7 * _hair_color(look, light, strands, patch.v), coverage)


def _draw_front_hair(patch: _Patch, look: Look, light: Light, strands: np.ndarray) -> None:
    """Draw the hair on top of the head, down to a ragged hairline."""
    grown = _outline(patch, look) + look.hair_volume * np.clip(0.3 - patch.v, 0.2, 1) + 0.02 * strands
    line = look.hairline + 0.9 * (patch.u / look.half_width) ** 4 * 0.55 + 0.05 * strands
    coverage = step(grown, patch.soft) * step(line - patch.v, 2 * patch.soft)
    paint(patch.pixels, _hair_color(look, light, strands, patch.v), coverage)


def _draw_body(image: np.ndarray, look: Look, pose: Pose, light: Light, rng: Rng) -> None:
    """Draw neck, shoulders and clothes, upright whatever the head does."""
    upright = Pose(pose.centre, pose.half_height, 0.3 * pose.roll, 0.0, 0.0)
    patch = _open_patch(image, upright, -2.6, 0.3, 2.6, 8.0)
    if min(patch.u.shape) < 2:
        return
    u, v = patch.u, patch.v
    neck = step(0.42 + 0.15 * np.clip(v - 1, 0, 1) - np.abs(u), patch.soft) * step(1.9 - v, patch.soft)
    shadow = 0.35 + 0.5 * np.clip(v - 0.95, 0, 0.7)
    paint(patch.pixels, look.skin * (light.ambient + light.color * 0.6) * shadow[..., None], neck)
    edge = 1.35 + 0.5 * np.clip(np.abs(u) - 0.5, 0, None) ** 2 + 0.3 * np.clip(0.45 - np.abs(u), 0, None)
    body = step(v - edge, patch.soft) * step(2.0 + 0.1 * v - np.abs(u), patch.soft)
    folds = fractal_noise(rng, u.shape, (3, 6), 4, 0.65)
    side = 0.55 + 0.35 * np.clip(u * light.direction[0] * 0.6 + 0.4, 0, 1)
    cloth = np.where(_cloth_pattern(look.pattern, u, v)[..., None], *look.clothes)
    shade = (side * np.exp(0.16 * folds))[..., None]
    paint(patch.pixels, cloth * (light.ambient + light.color * 0.8) * shade, body)


def _cloth_pattern(pattern: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Plain cloth, stripes, checks, or a jacket that is open at the front, as a boolean image."""
    if pattern == 1:
        return (v * 4) % 1 < 0.5
    if pattern == 2:
        return ((v * 5) % 1 < 0.3) ^ ((u * 5) % 1 < 0.3)
    if pattern == 3:
        return np.abs(u) > 0.12 + 0.16 * np.clip(2.6 - v, 0, None)
    return np.ones(u.shape, bool)

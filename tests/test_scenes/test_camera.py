import cv2
import numpy as np
import pytest

from monfap_mm.scenes.camera import Camera

QUIET = dict(
    brightness=0.5,
    lens_blur=0.0,
    shot_noise=0.0,
    read_noise=0.0,
    white_balance=(1.5, 2.0),
    white_balance_error=(1.0, 1.0),
    demosaic='bilinear',
    sharpening=0.0,
    saturation=1.0,
    quality=100,
)


@pytest.mark.parametrize('demosaic', ['bilinear', 'edge_aware'])
def test_noiseless_camera_keeps_colors(demosaic):
    """An even color comes back as itself: exposure to the aimed brightness, then gamma."""
    color = np.array([0.1, 0.2, 0.3], np.float32)
    picture = Camera(**{**QUIET, 'demosaic': demosaic}).capture(np.tile(color, (32, 32, 1)), np.random.default_rng(0))
    expected = 255 * (color * (0.5**2.2 / (0.2 + 1e-3))) ** (1 / 2.2)
    np.testing.assert_allclose(picture.reshape(-1, 3), np.tile(expected, (32 * 32, 1)), atol=2)


def test_mosaic_matches_opencv_pattern():
    """A smooth colored ramp survives mosaic and demosaic; a wrong Bayer phase would swap red and blue."""
    ramp = np.linspace(0.1, 0.4, 64, dtype=np.float32)
    scene = np.stack([np.tile(ramp, (64, 1)), np.full((64, 64), 0.2, np.float32), np.tile(ramp[:, None], (1, 64))], -1)
    picture = Camera(**QUIET).capture(scene, np.random.default_rng(0)).astype(float)
    expected = 255 * (scene * (0.5**2.2 / (scene.mean() + 1e-3))) ** (1 / 2.2)
    assert np.abs(picture - expected)[2:-2, 2:-2].max() < 4


@pytest.mark.parametrize(('name', 'levels'), [('read_noise', (0.005, 0.01)), ('shot_noise', (3e-4, 12e-4))])
def test_noise_level_follows_the_parameters(name, levels):
    """Twice the read noise, or four times the variance a unit of signal, is twice the noise in the picture."""
    scene = np.full((128, 128, 3), 0.2, np.float32)
    rng = np.random.default_rng(0)
    cameras = [Camera(**{**QUIET, name: level}) for level in levels]
    # Brightness alone: JPEG halves the resolution of the colors.
    weak, strong = (cv2.cvtColor(camera.capture(scene, rng), cv2.COLOR_BGR2GRAY).std() for camera in cameras)
    assert weak > 0.5
    assert strong == pytest.approx(2 * weak, rel=0.1)


def test_noise_is_the_only_randomness():
    scene = np.random.default_rng(1).random((32, 32, 3), np.float32)
    camera = Camera.sample(np.random.default_rng(2))
    first, second, other = (camera.capture(scene, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert cv2.PSNR(first, other) > 20

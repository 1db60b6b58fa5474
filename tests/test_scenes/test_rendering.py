import numpy as np
import pytest

from monfap_mm.scenes.backgrounds import BACKGROUNDS
from monfap_mm.scenes.canvas import ellipse, fractal_noise, linear, pixel_grid, step
from monfap_mm.scenes.faces import Look, Pose, face_box
from monfap_mm.scenes.rendering import render_portrait, render_scene


def test_scenes_have_two_to_six_faces_inside():
    counts = set()
    for seed in range(30):
        scene = render_scene(np.random.default_rng(seed), 96)
        assert scene.radiance.shape == (96, 96, 3)
        assert np.isfinite(scene.radiance).all()
        assert scene.boxes.min() >= 0
        assert scene.boxes.max() <= 96
        assert (scene.boxes[:, 2:] - scene.boxes[:, :2]).min() >= 8
        counts.add(len(scene.boxes))
    assert counts == {2, 3, 4, 5, 6}


def test_portrait_has_one_large_face():
    scene = render_portrait(np.random.default_rng(0), 64)
    x1, y1, x2, y2 = scene.boxes[0]
    assert scene.boxes.shape == (1, 4)
    assert (x2 - x1) * (y2 - y1) > 0.2 * 64**2


@pytest.mark.parametrize('name', sorted(BACKGROUNDS))
def test_backgrounds_are_varied_light(name):
    images = [BACKGROUNDS[name](np.random.default_rng(seed), (48, 64)) for seed in range(2)]
    for image in images:
        assert image.shape == (48, 64, 3)
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.std() > 0.001
    assert np.abs(images[0] - images[1]).mean() > 0.01


def test_face_box_is_the_bounding_box_of_the_turned_oval():
    look = Look.sample(np.random.default_rng(0))
    pose = Pose(centre=(50.0, 40.0), half_height=20.0, roll=0.4, yaw=0.0, pitch=0.0)
    turn = np.linspace(0, 2 * np.pi, 2000)
    u, v = look.half_width * np.cos(turn) * 20, np.sin(turn) * 20
    x, y = 50 + u * np.cos(0.4) - v * np.sin(0.4), 40 + u * np.sin(0.4) + v * np.cos(0.4)
    np.testing.assert_allclose(face_box(look, pose), (x.min(), y.min(), x.max(), y.max()), atol=1e-3)


def test_ellipse_covers_its_area():
    x, y = pixel_grid((200, 100))
    coverage = ellipse(x, y, (0.5, 0.4), (0.2, 0.3), 0.01, angle=0.3)
    # Pixels are squeezed to the unit square, where the area is pi a b.
    assert coverage.mean() == pytest.approx(np.pi * 0.2 * 0.3, rel=0.01)


def test_step_and_linear_closed_forms():
    np.testing.assert_allclose(step(np.array([-1, -0.25, 0, 0.25, 1]), 1.0), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(linear((0.0, 0.5, 1.0)), [0, 0.5**2.2, 1], rtol=1e-6)


def test_fractal_noise_is_standardised():
    texture = fractal_noise(np.random.default_rng(0), (40, 60))
    assert texture.shape == (40, 60)
    assert texture.mean() == pytest.approx(0, abs=1e-5)
    assert texture.std() == pytest.approx(1, abs=1e-3)

import numpy as np
import pytest

from monfap_mm.structures import PALETTE, ForgeryResult
from monfap_mm.visualization import panels
from monfap_mm.visualization.prediction_panel import draw_overlay, tint_fake

GREEN, VERMILION = PALETTE


def answer(label='fake') -> ForgeryResult:
    mask = np.zeros((300, 400), bool)
    mask[100:250, 200:350] = True
    image = np.full((300, 400, 3), (200, 100, 0), np.uint8)  # BGR
    return ForgeryResult('x.png', (300, 400), 0.875, label, mask, image=image)


def test_the_overlay_tints_fake_pixels_and_leaves_the_others():
    picture = draw_overlay(answer())
    assert (picture[280, 20] == (0, 100, 200)).all()  # RGB
    tinted = 0.55 * np.array([0, 100, 200]) + 0.45 * np.array(VERMILION)
    np.testing.assert_allclose(picture[175, 275], tinted, atol=1)


@pytest.mark.parametrize(('label', 'color'), [('real', GREEN), ('fake', VERMILION)])
def test_the_tag_has_the_color_of_the_label(label, color):
    tag = draw_overlay(answer(label=label))[5:40, 5:250].reshape(-1, 3)
    assert (tag == color).all(axis=1).sum() > 500


def test_without_a_mask_the_panel_says_so():
    panel = tint_fake(np.zeros((256, 300, 3), np.uint8), None)
    assert panel.shape == (256, 300, 3)
    assert (panel == panels.FAINT).all(axis=2).mean() > 0.9

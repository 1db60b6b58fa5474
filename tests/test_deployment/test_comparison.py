import numpy as np
import pytest
import torch

from monfap_mm.deployment.comparison import CheckError, check_outputs

SHAPES = [(1, 8, 8), (2, 8, 16)]


def form(images):
    """Image logits up to 1, and pixel logits up to 1000."""
    return images.mean(dim=(1, 2, 3)).clip(-1, 1), images / images.abs().max() * 1000


def run_with(image_error=0.0, pixel_error=0.0):
    def run(images):
        image, pixels = (value.numpy() for value in form(torch.from_numpy(images)))
        return [image + np.float32(image_error), pixels + np.float32(pixel_error)]

    return run


def test_differences_are_relative_to_large_logits_only():
    assert check_outputs(form, run_with(), SHAPES) == 0
    assert check_outputs(form, run_with(5e-5), SHAPES) == pytest.approx(5e-5, rel=0.01)
    assert check_outputs(form, run_with(0, 0.05), SHAPES) == pytest.approx(5e-5, rel=0.01)


@pytest.mark.parametrize(
    ('run', 'message'),
    [
        (run_with(2e-4), 'cls_logits of 1 x 3 x 8 x 8 differs by 2.0e-04, more than 0.0001'),
        (run_with(0, 0.2), 'mask_logits of 1 x 3 x 8 x 8 differs by 2.0e-04'),
        (run_with(np.nan), 'cls_logits of 1 x 3 x 8 x 8 differs by nan'),
        (lambda images: [value[:, :1] for value in run_with()(images)[1:]] * 2, r'has the shape \(1, 1, 8, 8\)'),
        (lambda images: 1 / 0, 'fails at 1 x 3 x 8 x 8: division by zero'),
    ],
)
def test_what_differs_is_named(run, message):
    with pytest.raises(CheckError, match=message):
        check_outputs(form, run, SHAPES)


def test_a_fault_at_one_size_is_found():
    def run(images):
        return run_with(0 if images.shape[3] == 8 else 1)(images)

    with pytest.raises(CheckError, match='cls_logits of 2 x 3 x 8 x 16'):
        check_outputs(form, run, SHAPES)

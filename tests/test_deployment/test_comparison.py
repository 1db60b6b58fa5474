import numpy as np
import pytest

from monfap_mm.deployment.comparison import CheckError, check_outputs

SHAPES = [(1, 8, 8), (2, 8, 16)]


def form(images, size):
    """Scores up to 1, and logits up to 1000 for each pixel that the pictures had before."""
    scores = images.float().mean(dim=(1, 2, 3)) / 255
    logits = images.new_full((len(images), *size.tolist()), 1).float() * 1000
    return dict(score=scores, logits=logits)


def run_with(score_error=0.0, logits_error=0.0):
    def run(images, size):
        import torch

        answers = {
            name: value.numpy() for name, value in form(torch.from_numpy(images), torch.from_numpy(size)).items()
        }
        errors = dict(score=np.float32(score_error), logits=np.float32(logits_error))
        return {name: value + errors[name] for name, value in answers.items()}

    return run


def test_differences_are_relative_to_large_logits_only():
    assert check_outputs(form, run_with(), SHAPES) == 0
    assert check_outputs(form, run_with(5e-5), SHAPES) == pytest.approx(5e-5, rel=0.01)
    assert check_outputs(form, run_with(0, 0.05), SHAPES) == pytest.approx(5e-5, rel=0.01)


@pytest.mark.parametrize(
    ('run', 'message'),
    [
        (run_with(2e-4), 'score of 1 x 8 x 8 x 3 differs by 2.0e-04, more than 0.0001'),
        (run_with(0, 0.2), 'logits of 1 x 8 x 8 x 3 differs by 2.0e-04'),
        (run_with(np.nan), 'score of 1 x 8 x 8 x 3 differs by nan'),
        (lambda *pictures: {name: value[:1] for name, value in run_with()(*pictures).items()}, r'has the shape \(1,\)'),
        (
            lambda *pictures: dict(score=run_with()(*pictures)['score']),
            'exported gives score, and the model score, logits',
        ),
        (lambda *pictures: 1 / 0, 'fails at 1 x 8 x 8 x 3: division by zero'),
    ],
)
def test_what_differs_is_named(run, message):
    with pytest.raises(CheckError, match=message):
        check_outputs(form, run, SHAPES)


def test_a_fault_at_one_size_is_found():
    def run(images, size):
        return run_with(0 if images.shape[2] == 8 else 1)(images, size)

    with pytest.raises(CheckError, match='score of 2 x 8 x 16 x 3'):
        check_outputs(form, run, SHAPES)


def test_pictures_had_another_size_before():
    """Or a graph without the last resizing would pass."""
    sizes = []

    def run(images, size):
        sizes.append((images.shape[1:3], tuple(size)))
        return run_with()(images, size)

    check_outputs(form, run, SHAPES)
    assert sizes == [((8, 8), (11, 4)), ((8, 16), (11, 8))]

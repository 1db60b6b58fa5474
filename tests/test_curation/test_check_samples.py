import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.curation.check_samples import (
    BAD_IMAGE,
    BAD_MASK,
    FAKE_WITHOUT_MASK,
    NOT_BINARY,
    REAL_WITH_MASK,
    SECOND_LEVEL,
    SIZES,
    Sample,
    difference_hash,
    inspect,
)
from monfap_mm.media.masks import WHOLE_BORDER, WHOLE_IMAGE

from .rendered import take_picture


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'image.png'
    cv2.imwrite(str(path), take_picture(0, 96)[0])
    return str(path)


def save_mask(tmp_path, values) -> str:
    path = tmp_path / 'mask.png'
    cv2.imwrite(str(path), np.asarray(values, np.uint8))
    return str(path)


def kinds(facts):
    return [kind for kind, _ in facts.problems]


def test_a_good_fake(image, tmp_path):
    mask = np.zeros((96, 96))
    mask[:24, :48], mask[60:72, 60:72] = 255, 255
    facts = inspect(Sample('train', image, save_mask(tmp_path, mask), 1))
    assert kinds(facts) == []
    assert facts.area == pytest.approx((24 * 48 + 12 * 12) / 96**2)
    assert facts.regions == 2
    assert facts.digest == hashlib.sha256(Path(image).read_bytes()).digest()


def test_a_good_real_image(image, tmp_path):
    for mask in (None, save_mask(tmp_path, np.zeros((96, 96)))):
        facts = inspect(Sample('train', image, mask, 0))
        assert (kinds(facts), facts.area, facts.regions) == ([], 0, 0)


@pytest.mark.parametrize(
    ('values', 'label', 'wanted'),
    [
        (np.zeros((96, 96)), 1, [FAKE_WITHOUT_MASK]),
        (np.ones((96, 96)), 1, [NOT_BINARY, FAKE_WITHOUT_MASK]),
        (np.full((96, 96), 255), 0, [REAL_WITH_MASK]),
        (np.full((96, 90), 255), 1, [SIZES]),
        (np.full((96, 96), 200), 1, [NOT_BINARY]),
    ],
)
def test_masks_that_do_not_fit(image, tmp_path, values, label, wanted):
    facts = inspect(Sample('train', image, save_mask(tmp_path, values), label))
    assert kinds(facts) == wanted
    assert all('mask.png' in detail or 'image.png' in detail for _, detail in facts.problems)


def with_boxes(*values):
    mask = np.zeros((96, 96), np.uint8)
    for number, value in enumerate(values):
        mask[30 * number + 4 : 30 * number + 24, 10:60] = value
    return mask


@pytest.mark.parametrize(
    ('values', 'default', 'nonzero'),
    [
        (with_boxes(255), [], []),
        (with_boxes(1), [NOT_BINARY, FAKE_WITHOUT_MASK], []),
        (with_boxes(38, 75), [NOT_BINARY, FAKE_WITHOUT_MASK], []),
        (with_boxes(255, 100), [NOT_BINARY, SECOND_LEVEL], []),
        (with_boxes(), [FAKE_WITHOUT_MASK], [FAKE_WITHOUT_MASK]),
    ],
)
def test_values_that_are_fake(image, tmp_path, values, default, nonzero):
    sample = Sample('train', image, save_mask(tmp_path, values), 1)
    assert kinds(inspect(sample)) == default
    facts = inspect(sample, mask_values='nonzero')
    assert kinds(facts) == nonzero
    assert facts.area == pytest.approx((values > 0).mean())
    advice = [detail for kind, detail in inspect(sample).problems if kind == FAKE_WITHOUT_MASK and values.any()]
    assert all(f'is {values.max()}: see --mask-values' in detail for detail in advice)
    real = Sample('train', image, sample.mask, 0)
    assert (REAL_WITH_MASK in kinds(inspect(real, mask_values='nonzero'))) == values.any()


@pytest.mark.parametrize(
    ('values', 'note'),
    [
        (with_boxes() + 255, WHOLE_IMAGE),
        (255 - with_boxes(255), WHOLE_BORDER),
        (with_boxes(255), None),
        (np.pad(np.full((96, 95), 255), ((0, 0), (0, 1))), None),
        (np.pad(np.full((95, 96), 255), ((1, 0), (0, 0))), None),
    ],
)
def test_masks_of_the_wrong_polarity_are_noted(image, tmp_path, values, note):
    mask = save_mask(tmp_path, values)
    facts = inspect(Sample('train', image, mask, 1))
    assert (facts.problems, facts.notes) == ((), ((note, mask),) if note else ())
    assert inspect(Sample('train', image, mask, 0)).notes == ()


def test_unreadable_files(image, tmp_path):
    broken = tmp_path / 'broken.png'
    broken.write_bytes(Path(image).read_bytes()[:500])
    os.mkfifo(tmp_path / 'pipe.png')
    for path in (broken, tmp_path / 'none.png', tmp_path / 'pipe.png', tmp_path):
        facts = inspect(Sample('train', str(path), None, 0))
        assert (kinds(facts), facts.digest) == ([BAD_IMAGE], None)
        assert str(path) in facts.problems[0][1]
        facts = inspect(Sample('train', image, str(path), 1))
        assert kinds(facts) == [BAD_MASK]
        assert facts.area is None
    assert kinds(inspect(Sample('train', image, None, 0), max_pixels=96 * 96 - 1)) == [BAD_IMAGE]


def test_copies_look_alike_and_others_do_not():
    pictures = [take_picture(seed, 96)[0] for seed in range(12)]
    looks = [difference_hash(picture) for picture in pictures]
    assert len(set(looks)) == 12
    for picture, look in zip(pictures, looks):
        larger = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        assert (difference_hash(larger) ^ look).bit_count() <= 4
    assert difference_hash(np.zeros((50, 60, 3), np.uint8)) is None
    ramp = np.tile(np.array([200, 100] * 4 + [50], np.uint8)[:, None], (8, 1, 3)).reshape(8, 9, 3)
    assert difference_hash(ramp) == int('10101011' * 8, 2)

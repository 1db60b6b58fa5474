"""Every perturbation of the table, at every severity."""

import hashlib
import json
import random
import warnings

import cv2
import numpy as np
import pytest

from monfap_mm.datasets.perturbations import PERTURBATIONS, load_table
from monfap_mm.scenes.camera import Camera
from monfap_mm.scenes.rendering import render_scene

from ..files import box_mask, photo

ENTRIES = [entry for entries in load_table().values() for entry in entries]
GEOMETRIC = {'jigsaw', 'elastic', 'grid_distortion'}
SIZES = ((33, 47), (96, 64))


@pytest.fixture(scope='module')
def group():
    """A rendered group picture (192, 192, 3)."""
    rng = np.random.default_rng(5)
    return Camera.sample(rng).capture(render_scene(rng, 192).radiance, rng)


def every_entry(entries=ENTRIES):
    return pytest.mark.parametrize('entry', entries, ids=lambda entry: f'{entry.family}-{entry.name}')


def global_states():
    """Copies of the states of the process-wide generators; reading OpenCV's advances it, so it is set first."""
    opencv = np.zeros(8)
    cv2.randu(opencv, 0, 1)
    return random.getstate(), np.random.get_state()[1].tolist(), opencv.tolist()


def test_the_five_families_have_five_severities():
    table = load_table()
    assert list(table) == ['color', 'edge', 'corruption', 'convolution', 'external']
    assert {str(entry): entry.num_severities for entry in ENTRIES if entry.num_severities != 5} == {}
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names), 'a name must do without its family'


@every_entry()
def test_keeps_size_and_type_and_touches_no_global_state(entry):
    for (height, width), severity in ((size, severity) for size in SIZES for severity in range(1, 6)):
        image, mask = photo(height, width), box_mask(height, width, (8, 12, 24, 30)) // 255
        kept = image.copy(), mask.copy()
        cv2.setRNGSeed(7)
        before = global_states()
        cv2.setRNGSeed(7)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            first = entry.build(severity)(image, mask, 1)
        assert global_states() == before
        again = entry.build(severity)(image, mask, 1)
        for new, other, old, original in zip(first, again, kept, (image, mask)):
            np.testing.assert_array_equal(new, other)
            np.testing.assert_array_equal(original, old)
            assert (new.shape, new.dtype) == (old.shape, np.uint8)
        assert (first[0] != image).any()
        assert set(np.unique(first[1])) <= {0, 1}
        assert entry.build(severity)(image, None, 1)[1] is None


def test_the_published_severities_stay():
    """Figures of two models compare only if both were perturbed alike; a change of a value belongs in the docs."""
    hashes = {
        family: hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()[:16]
        for family, entries in PERTURBATIONS.items()
    }
    assert hashes == dict(
        color='4c96f8103a7259d1',
        edge='4007e1f73985fcfb',
        corruption='4093e2973da52780',
        convolution='101735a46ca49699',
        external='ac799aeaaf1b4989',
    )


@every_entry()
def test_the_strongest_leaves_the_picture_recognizable(entry, group):
    def coarse(image):
        return cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (48, 48), interpolation=cv2.INTER_AREA).ravel()

    for seed in range(2):
        assert np.corrcoef(coarse(group), coarse(entry.build(5)(group, None, seed)[0]))[0, 1] > 0.5


@every_entry()
def test_grows_with_severity(entry, group):
    change = [
        np.mean([np.abs(entry.build(severity)(group, None, seed)[0].astype(int) - group).mean() for seed in range(4)])
        for severity in (1, 3, 5)
    ]
    assert change == sorted(change)
    assert change[2] > 1.2 * change[0]


@every_entry([entry for entry in ENTRIES if entry.name not in GEOMETRIC])
def test_leaves_the_mask_in_place(entry):
    mask = box_mask(64, 96, (10, 20, 40, 60)) // 255
    np.testing.assert_array_equal(entry.build(5)(photo(64, 96), mask, 3)[1], mask)


@every_entry([entry for entry in ENTRIES if entry.name in GEOMETRIC])
def test_moves_the_mask_with_the_image(entry):
    mask = cv2.circle(np.zeros((128, 160), np.uint8), (60, 60), 35, 1, -1)
    image = np.repeat(255 * mask[..., None], 3, axis=2)
    for seed in range(3):
        new_image, new_mask = entry.build(5)(image, mask, seed)
        shown = new_image[..., 0] > 127
        assert (new_mask != mask).mean() > 0.01
        assert (shown & (new_mask == 1)).sum() / (shown | (new_mask == 1)).sum() > 0.97


def test_the_parameters_are_those_of_the_published_figures():
    """Every figure on a perturbed set depends on each of them: docs/perturbations.md is to be measured again."""
    text = json.dumps({family: dict(entries) for family, entries in PERTURBATIONS.items()}, default=list)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == '2e35250d6c150f9b'

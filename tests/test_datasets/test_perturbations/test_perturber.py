import hashlib
import json
import os
from collections import Counter

import numpy as np
import pytest

from monfap_mm.datasets.perturbations import PERTURBATIONS, Perturber, load_table
from tests.scripts import run_script

from ..files import box_mask, photo

SHIFT = dict(type='Affine', translate_px=dict(x=(3, 3), y=(2, 2)))


def pictures(count, size=24):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def only(entry):
    return Perturber(dict(geometry=dict(it=entry)), severity=1, num=1)


def test_severity_0_is_the_identity():
    image, mask = photo(), box_mask() // 255
    assert Perturber(severity=0)(image, mask) == (image, mask, [])


def test_a_picture_decides_alone():
    images = pictures(20)
    first, other = Perturber(seed=1), Perturber(seed=1)
    forwards = [first(image) for image in images]
    backwards = [other(image.copy()) for image in images[::-1]][::-1]
    for (image, _, records), (same_image, _, same_records) in zip(forwards, backwards):
        np.testing.assert_array_equal(image, same_image)
        assert records == same_records
    seeded = [Perturber(seed=2)(image)[2] for image in images]
    assert not any(records == seeded_records for (_, _, records), seeded_records in zip(forwards, seeded))
    assert len({json.dumps(records) for _, _, records in forwards}) == len(images)


def test_another_process_perturbs_alike(tmp_path):
    images = np.stack([photo(seed=seed) for seed in range(10)])
    np.save(tmp_path / 'images.npy', images)
    (tmp_path / 'perturb.py').write_text(
        'import hashlib, sys, numpy\n'
        'from monfap_mm.datasets.perturbations import Perturber\n'
        'print(hash("a"))\n'
        'for image in numpy.load(sys.argv[1]):\n'
        '    print(hashlib.sha256(Perturber()(image)[0]).hexdigest())'
    )
    done = run_script(tmp_path / 'perturb.py', tmp_path / 'images.npy', cwd=tmp_path)
    seed, *there = done.stdout.split()
    assert int(seed) != hash('a') or 'PYTHONHASHSEED' in os.environ  # it orders sets in another way
    assert there == [hashlib.sha256(Perturber()(image)[0]).hexdigest() for image in images]


def test_draws_evenly():
    perturber = Perturber()
    steps = [perturber.draw(image) for image in pictures(1500, size=4)]
    counts = Counter(map(len, steps))
    families = Counter(step.perturbation.family for drawn in steps for step in drawn)
    severities = Counter(step.severity for drawn in steps for step in drawn)
    names = {step.perturbation.name for drawn in steps for step in drawn}
    # Three standard deviations of a binomial count.
    for counter, wanted, total in ((counts, 3, 1500), (families, 5, 3000), (severities, 5, 3000)):
        assert len(counter) == wanted
        expected = total / wanted
        assert max(abs(count - expected) for count in counter.values()) < 3 * np.sqrt(expected) * 1.2
    assert names == {name for entries in PERTURBATIONS.values() for name in entries}
    assert all(len({step.perturbation.family for step in drawn}) == len(drawn) for drawn in steps)
    assert len({tuple(step.perturbation.family for step in drawn) for drawn in steps if len(drawn) == 2}) == 20


def test_num_is_bounded_by_the_families():
    assert {len(Perturber(['edge', 'jpeg'], num=5).draw(image)) for image in pictures(5)} == {2}


def test_moves_the_mask_by_the_known_shift():
    image, mask = photo(), box_mask() // 255
    new_image, new_mask, (record,) = only(SHIFT)(image, mask)
    np.testing.assert_array_equal(new_image[2:, 3:], image[:-2, :-3])
    np.testing.assert_array_equal(new_mask, box_mask(box=(7, 13, 22, 33)) // 255)
    assert record['arguments'] == dict(translate_px=dict(x=(3, 3), y=(2, 2)))
    assert not record['skipped']


def test_a_mask_is_not_emptied():
    image, mask = photo(), box_mask() // 255
    away = only(dict(type='Affine', translate_px=dict(x=(55, 55), y=(0, 0))))
    kept_image, kept_mask, (record,) = away(image, mask)
    assert kept_image is image
    assert kept_mask is mask
    assert record['skipped']
    for nothing in (np.zeros_like(mask), None):
        moved, _, (record,) = away(image, nothing)
        np.testing.assert_array_equal(moved[:, 55:], image[:, :5])
        assert not record['skipped']


def test_a_record_is_enough_to_do_it_again():
    image = photo()
    perturbed, _, records = Perturber(num=3)(image)
    assert len(records) == 3
    for record in json.loads(json.dumps(records)):
        (entry,) = load_table([record['name']])[record['family']]
        arguments = json.loads(json.dumps(entry.at(record['severity'])))
        assert (record['type'], record['arguments']) == (entry.type, arguments)
        image, _ = entry.build(record['severity'])(image, None, record['seed'])
    np.testing.assert_array_equal(image, perturbed)


@pytest.mark.parametrize(
    ('shape', 'dtype'), [((24, 24), 'u1'), ((24, 24, 4), 'u1'), ((24, 24, 3), 'f4'), ((23, 99, 3), 'u1')]
)
def test_wrong_picture(shape, dtype):
    with pytest.raises(ValueError, match=r'must be \(H, W, 3\) uint8, 24 pixels or more per side, got'):
        Perturber()(np.zeros(shape, dtype))


@pytest.mark.parametrize('name', ['severity', 'num'])
@pytest.mark.parametrize('value', [-1, (3, 2), (1, 2, 3), 1.5, 'ab'])
def test_wrong_range(name, value):
    with pytest.raises(ValueError, match=f'{name} must be an integer or a range'):
        Perturber(**{name: value})


def test_what_is_wrong_shows_at_once():
    with pytest.raises(ValueError, match='color/brighten has severities 1 to 5, got 6'):
        Perturber(severity=(1, 6))
    with pytest.raises(ValueError, match="mine/it: noise fails with .*kind must be .*, got 'gauss'"):
        Perturber(dict(mine=dict(it=dict(type='noise', kind=['gaussian', 'gauss'], std=3))), severity=(1, 2))
    with pytest.raises(ValueError, match='num must be'):
        Perturber(num=0)

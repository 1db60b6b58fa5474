import numpy as np
import pytest
from pycocotools import mask as coco_mask

from monfap_mm.curation.coco import CocoAnnotation, contradiction
from monfap_mm.curation.run_lengths import draw_runs
from monfap_mm.media.errors import BadInput


def compress(mask) -> str:
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))['counts'].decode()


def draw(counts, height=60, width=80):
    return draw_runs({'size': [height, width], 'counts': counts}, height, width)


def random_masks():
    """From a pixel to noise; the noise has many runs, the wide one runs of more than 32,768 pixels."""
    rng = np.random.default_rng(0)
    for share in (0.0, 0.001, 0.1, 0.5, 0.999, 1.0):
        yield rng.random((37, 53)) < share
    wide = np.zeros((300, 900), bool)
    wide[:, 400:] = True
    yield wide
    yield ~wide


@pytest.mark.parametrize('mask', list(random_masks()))
def test_strings_are_read_as_pycocotools_writes_them(mask):
    drawn = draw(compress(mask), *mask.shape)
    np.testing.assert_array_equal(drawn, mask)
    assert drawn.dtype == bool


def test_runs_go_down_the_columns_and_begin_with_zeros():
    expected = np.zeros((3, 4), bool)
    expected[1:, 1] = expected[0, 2] = True
    np.testing.assert_array_equal(draw([4, 3, 5], 3, 4), expected)
    np.testing.assert_array_equal(draw([0, 1, 11], 3, 4), np.arange(12).reshape(3, 4) == 0)


def test_every_truncation_is_refused():
    mask = np.zeros((60, 80), bool)
    mask[5:20, 5:25] = True
    mask[30:41, 60:77] = True
    text = compress(mask)
    for length in range(len(text)):
        with pytest.raises(BadInput, match='run lengths are damaged'):
            draw(text[:length])


def test_of_all_changed_characters_few_add_up_and_area_tells_those():
    mask = np.zeros((60, 80), bool)
    mask[5:20, 5:25] = True
    text, face = compress(mask), CocoAnnotation('fake', None, area=300, box=(5, 5, 20, 15))
    accepted = 0
    for place in range(len(text)):
        for char in map(chr, range(48, 112)):
            try:
                drawn = draw(text[:place] + char + text[place + 1 :])
            except BadInput:
                continue
            if char != text[place]:
                accepted += 1
                assert contradiction(face, drawn)
    assert accepted == 8  # of 63 changes at each of 43 places


@pytest.mark.parametrize(
    ('counts', 'reason'),
    [
        ([4799], 'they add up to 4799 pixels, but the image has 4800'),
        ([], 'they add up to 0 pixels'),
        ('', 'they add up to 0 pixels'),
        ([4801, -1], 'one is negative'),
        ([2**62, 2**62, 2**62, 2**62, 4800], 'add up to 18446744073709556416 pixels'),
        ([2**64], 'damaged'),
        ([4800.0], 'neither a list of whole numbers nor a string'),
        ([True, 4799], 'neither a list of whole numbers nor a string'),
        (None, 'neither a list of whole numbers nor a string'),
        ('P', 'break off in a number'),
        (20 * 'P', 'a number is too long'),
        ('p', "'p' does not occur in them"),
        ('/', "'/' does not occur in them"),
    ],
)
def test_damaged_counts(counts, reason):
    with pytest.raises(BadInput, match=reason):
        draw(counts)

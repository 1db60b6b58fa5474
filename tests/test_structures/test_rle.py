import numpy as np
import pytest

from monfap_mm.structures import decode_rle, encode_rle, rle_share

MASKS = {
    'starts with zero': np.array([[0, 1], [0, 1], [1, 0]], bool),
    'starts with one': np.array([[1, 0, 0], [1, 1, 0]], bool),
    'empty': np.zeros((3, 4), bool),
    'full': np.ones((3, 4), bool),
    'one pixel': np.ones((1, 1), bool),
    'noise': np.random.default_rng(0).random((37, 53)) < 0.3,
}


def test_by_hand():
    # Column by column: 0 0 1 | 1 1 0.
    assert encode_rle(MASKS['starts with zero']) == dict(size=[3, 2], counts=[2, 3, 1])
    assert encode_rle(MASKS['full'])['counts'] == [0, 12]
    assert encode_rle(MASKS['empty'])['counts'] == [12]


@pytest.mark.parametrize('mask', MASKS.values(), ids=MASKS)
def test_round_trip(mask):
    assert (decode_rle(encode_rle(mask)) == mask).all()
    assert rle_share(encode_rle(mask)) == mask.mean()


@pytest.mark.parametrize('mask', MASKS.values(), ids=MASKS)
def test_pycocotools_reads_it(mask):
    coco = pytest.importorskip('pycocotools.mask')
    assert (coco.decode(coco.frPyObjects(encode_rle(mask), *mask.shape)) == mask).all()


@pytest.mark.parametrize(
    'rle',
    [
        dict(size=[2, 2], counts=[1, 2]),
        dict(size=[2, 2], counts=[5, -1]),
        dict(size=[2, 2], counts='12'),
        dict(size=[2], counts=[2]),
        dict(counts=[4]),
        None,
    ],
)
def test_broken_runs_are_refused(rle):
    with pytest.raises(ValueError, match='mask'):
        decode_rle(rle)

import json
import math

import pytest

from monfap_mm.evaluation.functional.pixel_ranking import PixelRanking
from monfap_mm.evaluation.image_record import ImageRecord, drop_repeated

from .records import make_record


@pytest.mark.parametrize(
    'changes',
    [
        {},
        dict(histogram=None, ranking=None, sample_idx=None),
        dict(img_path='an "ä\n.png'),
        dict(ranking=PixelRanking(math.nan, math.nan, 1.0)),
        dict(mask_values='nonzero'),
    ],
)
def test_json_keeps_every_bit(changes):
    record = make_record(1, label=1, **changes)
    text = json.dumps(record.to_json())
    again = ImageRecord.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.score == record.score
    assert again.pixels.tp == record.pixels.tp
    assert again.identity == record.identity
    assert again.mask_values == record.mask_values
    assert again.ranking == pytest.approx(record.ranking, nan_ok=True)


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('img_path', None, 'img_path is no string'),
        ('mask_path', 3, 'mask_path is no string'),
        ('sample_idx', 'x', 'sample_idx is no integer'),
        ('sample_idx', True, 'sample_idx is no integer'),
        ('label', 2, 'its label is 2, expected 0 or 1'),
        ('label', 'fake', "its label is 'fake', expected 0 or 1"),
        ('label', True, 'its label is True, expected 0 or 1'),
        ('label', 1.0, r'its label is 1\.0, expected 0 or 1'),
        ('label', 0, 'it is labelled real, but 100 of its pixels are manipulated'),
        ('score', True, r'its P\(fake\) is True, expected 0 to 1'),
        ('score', math.nan, r'its P\(fake\) is nan, expected 0 to 1'),
        ('score', 1.5, r'its P\(fake\) is 1\.5'),
        ('score', None, r'its P\(fake\) is None'),
        ('pixels', [1, 2, 3], r'pixels must hold counts of shape \(4,\)'),
        ('pixels', [1, 2, 3, -4], 'pixels must hold counts'),
        ('pixels', [1, 2, 3, 0.5], 'pixels must hold counts'),
        ('pixels', [1, 2, 3, 4], 'histogram and pixels differ in their counts'),
        ('faces', [[2, 1], [0, 0], [0, 0]], 'it has more found faces than faces'),
        ('faces', [[0, 0]], r'faces must hold counts of shape \(3, 2\)'),
        ('histogram', [[1, 2], [3]], r'histogram must hold counts of shape \(2, 512\)'),
        ('histogram', [], 'histogram must hold counts'),
        ('histogram', [[0] * 256] * 2, r'histogram must hold counts of shape \(2, 512\)'),
        ('ranking', [0.5, 0.5], 'ranking must hold 3 numbers from 0 to 1, or null'),
        ('ranking', [0.5, 0.5, 1.1], 'ranking must hold 3 numbers'),
        ('ranking', [0.5, math.nan, 0.5], 'ranking must hold 3 numbers'),
        ('ranking', dict(auc=1), 'ranking must hold 3 numbers'),
        ('mask_values', 'white', 'mask_values must be one of'),
    ],
)
def test_bad_values(key, value, message):
    values = make_record(1, label=1).to_json() | {key: value}
    with pytest.raises(ValueError, match=message):
        ImageRecord.from_json(values)


def test_other_keys():
    values = make_record(1).to_json()
    for wrong in (values | dict(more=1), {}, [], None):
        with pytest.raises(ValueError, match='expected an object with the keys faces, histogram, img_path'):
            ImageRecord.from_json(wrong)


def test_repeated():
    records = [make_record(i) for i in (0, 1, 0, 2)]
    assert [record.sample_idx for record in drop_repeated(records)] == [0, 1, 2]
    assert len(drop_repeated([make_record(0), make_record(0, sample_idx=1)])) == 2

import json

import numpy as np
import pytest

from monfap_mm.structures import SCHEMA_VERSION, ForgeryResult, Region


def answer() -> ForgeryResult:
    mask = np.zeros((6, 8), bool)
    mask[1:5, 2:7] = True
    return ForgeryResult(
        path='a/b.jpg',
        size=(6, 8),
        score=0.875,
        label='fake',
        mask=mask,
        probability=mask.astype(np.float16),
        regions=(Region((2, 1, 7, 5), 20, 1.0),),
        gates=dict(cd=(0.25, 0.5), hf=(0.75, 0.5)),
        coarse=np.zeros((3, 4), np.float16),
        note='the first of several frames',
        model='tiny',
    )


def test_json_form():
    values = json.loads(json.dumps(answer().to_json()))
    mask = values.pop('mask')
    assert mask['size'] == [6, 8]
    assert values == dict(
        schema_version=SCHEMA_VERSION,
        kind='picture',
        path='a/b.jpg',
        size=[6, 8],
        score=0.875,
        label='fake',
        faces=[dict(box=[2, 1, 7, 5], area=20, score=1.0)],
        gates=dict(cd=[0.25, 0.5], hf=[0.75, 0.5]),
        note='the first of several frames',
        error=None,
        model='tiny',
    )


def test_regions_have_their_old_name_too():
    result = answer()
    assert result.faces is result.regions
    with pytest.raises(AttributeError):
        result.faces = ()


@pytest.mark.parametrize('result', [answer(), ForgeryResult('x.png', error='no such file')], ids=['answer', 'error'])
def test_round_trip(result):
    again = ForgeryResult.from_json(json.loads(json.dumps(result.to_json())) | dict(later_key=1))
    for name in ('path', 'size', 'score', 'label', 'regions', 'gates', 'note', 'error', 'model'):
        assert getattr(again, name) == getattr(result, name), name
    assert again.mask is result.mask is None or (again.mask == result.mask).all()
    assert again.probability is None


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda values: values.update(schema_version=99), 'schema version 1 was expected, got 99'),
        (lambda values: values.pop('score'), "lacks 'score'"),
        (lambda values: values['mask'].update(counts=[1]), 'must sum to 48'),
    ],
)
def test_another_form_is_refused(change, message):
    values = answer().to_json()
    change(values)
    with pytest.raises(ValueError, match=message):
        ForgeryResult.from_json(values)


@pytest.mark.parametrize('values', [None, [], 'text'])
def test_something_else_is_refused(values):
    with pytest.raises(ValueError, match='an answer of schema version'):
        ForgeryResult.from_json(values)


def test_an_answer_from_before_there_were_gates_is_read():
    values = answer().to_json()
    del values['gates']
    assert ForgeryResult.from_json(values).gates is None

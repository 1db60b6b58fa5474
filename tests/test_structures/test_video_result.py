import json

import pytest

from monfap_mm.structures import SCHEMA_VERSION, ForgeryResult, FrameScore, Stretch, VideoResult, is_video_answer


def answer() -> VideoResult:
    return VideoResult(
        path='a/b.mp4',
        size=(6, 8),
        fps=25.0,
        duration=0.12,
        frames_seen=3,
        score=0.875,
        label='fake',
        frames=(FrameScore(0, 0.0, 0.25, 0, 0.0), FrameScore(2, 0.08, 0.875, 2, 0.5)),
        stretches=(Stretch(0.08, 0.12, 0.875),),
        note='3 of 9 frames could be read',
        model='tiny',
    )


def test_json_form():
    assert json.loads(json.dumps(answer().to_json())) == dict(
        schema_version=SCHEMA_VERSION,
        kind='video',
        path='a/b.mp4',
        size=[6, 8],
        fps=25.0,
        duration=0.12,
        frames_seen=3,
        frames_predicted=2,
        score=0.875,
        label='fake',
        stretches=[dict(start=0.08, end=0.12, peak=0.875)],
        frames=dict(index=[0, 2], time=[0.0, 0.08], score=[0.25, 0.875], faces=[0, 2], fake_share=[0.0, 0.5]),
        note='3 of 9 frames could be read',
        error=None,
        model='tiny',
    )


def test_regions_of_a_frame_have_their_old_name_too():
    assert [frame.regions for frame in answer().frames] == [frame.faces for frame in answer().frames] == [0, 2]


@pytest.mark.parametrize('result', [answer(), VideoResult('x.mp4', error='no such file')], ids=['answer', 'error'])
def test_round_trip(result):
    assert VideoResult.from_json(json.loads(json.dumps(result.to_json())) | dict(later_key=1)) == result


def test_the_kind_of_an_answer():
    picture = ForgeryResult('x.png', error='no such file').to_json()
    assert is_video_answer(answer().to_json())
    assert not is_video_answer(picture)
    del picture['kind']  # as older versions wrote it
    assert not is_video_answer(picture)
    assert ForgeryResult.from_json(picture).path == 'x.png'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda values: values.update(schema_version=99), 'schema version 1 was expected, got 99'),
        (lambda values: values.pop('kind'), "expected, got one of kind 'picture'"),
        (lambda values: values.pop('score'), "lacks 'score'"),
        (lambda values: values['frames'].pop('time'), "lacks 'time'"),
        (lambda values: values['frames']['time'].pop(), 'shorter'),
    ],
)
def test_another_form_is_refused(change, message):
    values = answer().to_json()
    change(values)
    with pytest.raises(ValueError, match=message):
        VideoResult.from_json(values)

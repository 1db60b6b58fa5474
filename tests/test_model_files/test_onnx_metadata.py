import json
from dataclasses import replace

import pytest

from monfap_mm.model_files.onnx_metadata import KEY, read_metadata
from tests.test_deployment.samples import METADATA


def entries(**changes) -> dict[str, str]:
    return {KEY: json.dumps(json.loads(METADATA.to_json()) | changes)}


def test_what_is_written_is_read():
    assert read_metadata({KEY: METADATA.to_json(), 'author': 'x'}, 'x.onnx') == METADATA
    assert read_metadata(entries(resize=None), 'x.onnx').resize is None
    assert read_metadata(entries(of_a_later_version=1), 'x.onnx') == METADATA
    assert read_metadata(entries(schema_version=1), 'x.onnx') == replace(METADATA, schema_version=1)
    without_limit = json.loads(METADATA.to_json())
    del without_limit['max_pixels_in_one_piece']  # as files were before it was known
    assert read_metadata({KEY: json.dumps(without_limit)}, 'x.onnx').max_pixels_in_one_piece == 4096 * 4096


@pytest.mark.parametrize(
    ('found', 'message'),
    [
        ({}, 'x.onnx does not say how it wants its pictures: export it by tools/deployment/export.py'),
        ({KEY: '{'}, 'x.onnx has metadata that cannot be read'),
        ({KEY: '[]'}, 'x.onnx has metadata that cannot be read'),
        ({KEY: '[' * 100_000}, 'x.onnx has metadata that cannot be read'),
        ({KEY: '{}'}, "x.onnx has broken metadata: 'schema_version' is missing"),
        (entries(schema_version=3), 'they are of version 3, and this package reads versions 1 to 2'),
        (entries(resize=dict(scale=[1, 2])), "broken metadata: 'keep_ratio' is missing"),
        ({KEY: '{"schema_version": 1}'}, "broken metadata: 'resize' is missing"),
    ],
)
def test_what_cannot_be_used_is_refused(found, message):
    with pytest.raises(ValueError, match=message):
        read_metadata(found, 'x.onnx')


RESIZE = dict(scale=[96, 64], keep_ratio=False, interpolation='bilinear')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(mode='both'), "mode must be one of whole, slide, got 'both'"),
        (dict(mean=[123.0]), r'mean must be three numbers, got \(123.0,\)'),
        (dict(std=[1, 2, 'x']), 'std must be three numbers'),
        (dict(std=[1, 0, 1]), 'std must be above 0'),
        (dict(mean=[1, 2, float('nan')]), 'mean must be three numbers'),
        (dict(mean=None), 'mean and std must both be there'),
        (dict(stride=[44, 97]), r'stride must be at most crop_size, \(64, 96\), or pixels are left out'),
        (dict(stride=[0, 64]), 'stride must be two integers from 1'),
        (dict(stride=None), 'crop_size and stride must both be there'),
        (dict(crop_size=[64]), 'crop_size must be two integers from 1'),
        (dict(crop_size=64), 'crop_size must be two integers from 1'),
        (dict(pad_divisor=0), 'pad_divisor must be an integer from 1'),
        (dict(pad_size=[32, -1]), 'pad_size must be two integers'),
        (dict(pad_value='x'), 'pad_value must be a number'),
        (dict(bgr_to_rgb='yes'), 'bgr_to_rgb must be true or false'),
        (dict(window_score='median'), "window_score must be max or mean, got 'median'"),
        (dict(experts=['cd', 'cd']), 'experts must be distinct names'),
        (dict(experts='cd'), 'experts must be distinct names'),
        (dict(resize=RESIZE | dict(interpolation='sinc')), 'resize.interpolation must be one of nearest, bilinear'),
        (dict(resize=RESIZE | dict(scale=[0, 64])), 'resize.scale must be two integers from 1'),
        (dict(resize=[96, 64]), 'resize must be an object or null'),
        (dict(max_pixels_in_one_piece=0), 'max_pixels_in_one_piece must be an integer from 1'),
        (dict(resize=RESIZE | dict(keep_ratio=1)), 'resize.keep_ratio must be true or false'),
    ],
)
def test_values_that_cannot_be_meant_are_named(changes, message):
    with pytest.raises(ValueError, match=f'x.onnx has metadata that cannot be read: {message}'):
        read_metadata(entries(**changes), 'x.onnx')


def test_values_at_the_limit_are_read():
    metadata = read_metadata(entries(stride=[64, 96], pad_divisor=1), 'x.onnx')
    assert (metadata.stride, metadata.pad_divisor) == ((64, 96), 1)

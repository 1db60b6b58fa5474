import json

import pytest

from monfap_mm.model_files.onnx_metadata import KEY, read_metadata
from tests.test_deployment.samples import METADATA


def entries(**changes) -> dict[str, str]:
    return {KEY: json.dumps(json.loads(METADATA.to_json()) | changes)}


def test_what_is_written_is_read():
    assert read_metadata({KEY: METADATA.to_json(), 'author': 'x'}, 'x.onnx') == METADATA
    assert read_metadata(entries(resize=None), 'x.onnx').resize is None
    assert read_metadata(entries(of_a_later_version=1), 'x.onnx') == METADATA


@pytest.mark.parametrize(
    ('found', 'message'),
    [
        ({}, 'x.onnx does not say how it wants its pictures: export it by tools/deployment/export.py'),
        ({KEY: '{'}, 'x.onnx has metadata that cannot be read'),
        ({KEY: '[]'}, 'x.onnx has metadata that cannot be read'),
        ({KEY: '{}'}, "x.onnx has broken metadata: 'schema_version' is missing"),
        (entries(schema_version=2), 'they are of version 2, and this package reads version 1'),
        (entries(resize=dict(scale=[1, 2])), "broken metadata: 'keep_ratio' is missing"),
        ({KEY: '{"schema_version": 1}'}, "broken metadata: 'resize' is missing"),
    ],
)
def test_what_cannot_be_used_is_refused(found, message):
    with pytest.raises(ValueError, match=message):
        read_metadata(found, 'x.onnx')

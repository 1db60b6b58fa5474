import numpy as np
import onnx
import pytest

from monfap_mm.model_files.onnx_seal import is_intact, seal


@pytest.fixture
def content() -> bytes:
    """A graph with a weight, and an entry of metadata."""
    value = onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, [1])
    weight = onnx.numpy_helper.from_array(np.array([0.25], np.float32), 'w')
    node = onnx.helper.make_node('Add', ['x', 'w'], ['y'])
    result = onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, [1])
    model = onnx.helper.make_model(onnx.helper.make_graph([node], 'graph', [value], [result], [weight]))
    onnx.helper.set_model_props(model, dict(key='value'))
    return model.SerializeToString()


def written(content, tmp_path):
    (tmp_path / 'x.onnx').write_bytes(content)
    return tmp_path / 'x.onnx'


def test_a_sealed_file_is_intact_and_an_onnx_file_as_before(content, tmp_path):
    path = written(seal(content), tmp_path)
    assert is_intact(path)
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert [entry.key for entry in model.metadata_props] == ['key', 'monfap_mm_sha256']
    del model.metadata_props[1]
    assert model.SerializeToString() == content


def test_each_changed_byte_breaks_the_seal(content, tmp_path):
    sealed = seal(content)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert not is_intact(written(bytes(changed), tmp_path)), place


def test_edits_by_other_tools_break_the_seal(content, tmp_path):
    path = written(seal(content), tmp_path)
    model = onnx.load(path)
    model.metadata_props[0].value = 'another'
    onnx.save(model, path)
    assert not is_intact(path)
    model = onnx.load_from_string(seal(content))
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array([0.5], np.float32), 'w'))
    onnx.save(model, path)
    assert not is_intact(path)


@pytest.mark.parametrize('cut', [0, 1, 50, 102, 103, 10_000])
def test_files_that_end_early_or_have_no_seal(content, cut, tmp_path):
    sealed = seal(content)
    assert not is_intact(written(sealed[: max(len(sealed) - cut, 0)] if cut else content, tmp_path))
    assert not is_intact(written(b'', tmp_path))
    assert not is_intact(written(sealed + b'x', tmp_path))

import numpy as np
import onnx
import onnxruntime
import pytest

from monfap_mm.deployment.half_weights import LEAST_NUMBERS, halve_weights
from monfap_mm.model_files.onnx_seal import is_intact, seal

WIDTH = 32  # 32 x 32 numbers, the fewest that are rounded
RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(size=(WIDTH, WIDTH)).astype(np.float32)
BIAS = RNG.normal(size=WIDTH).astype(np.float32)


def linear(weight: np.ndarray) -> bytes:
    """A sealed file of ``x @ weight + bias`` with a card."""
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node('MatMul', ['x', 'weight'], ['product']),
            onnx.helper.make_node('Add', ['product', 'bias'], ['y']),
        ],
        'linear',
        [onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, ['n', WIDTH])],
        [onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, ['n', WIDTH])],
        [onnx.numpy_helper.from_array(weight, 'weight'), onnx.numpy_helper.from_array(BIAS, 'bias')],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 18)], ir_version=10)
    onnx.helper.set_model_props(model, dict(model_card='what it is good for'))
    return seal(model.SerializeToString())


def test_weights_are_rounded_and_nothing_else():
    half = halve_weights(linear(WEIGHT))
    x = RNG.normal(size=(5, WIDTH)).astype(np.float32)
    (y,) = onnxruntime.InferenceSession(half).run(None, dict(x=x))
    np.testing.assert_allclose(y, x @ WEIGHT.astype(np.float16).astype(np.float32) + BIAS, rtol=0, atol=1e-5)
    assert np.abs(y - (x @ WEIGHT + BIAS)).max() > 1e-4
    assert len(linear(WEIGHT)) - len(half) == pytest.approx(2 * WEIGHT.size, abs=100)
    stored = {constant.name: constant for constant in onnx.load_from_string(half).graph.initializer}
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(stored['bias']), BIAS)
    assert WEIGHT.size == LEAST_NUMBERS


def test_what_is_made_is_valid_sealed_and_keeps_its_card(tmp_path):
    path = tmp_path / 'half.onnx'
    path.write_bytes(halve_weights(linear(WEIGHT)))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert is_intact(path)
    entries = [entry.key for entry in onnx.load(path).metadata_props]
    assert entries == ['model_card', 'monfap_mm_sha256']


def test_numbers_beyond_16_bits_are_refused():
    weight = WEIGHT.copy()
    weight[3, 4] = -7e4
    with pytest.raises(ValueError, match='weight does not fit into 16 bits: its largest number is 7e[+]04'):
        halve_weights(linear(weight))

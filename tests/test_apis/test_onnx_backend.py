"""An exported model answers as the model: the same tests of both, side by side."""

import json
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.apis.onnx_backend import _check_graph
from monfap_mm.apis.onnx_graph import OnnxGraph, resize_map
from monfap_mm.apis.onnx_session import _providers
from monfap_mm.cli import main
from monfap_mm.model_files.onnx_metadata import KEY
from monfap_mm.model_files.onnx_seal import seal
from monfap_mm.utils.provenance import hash_file

from .test_inferencer import picture

SIZES = [(64, 96), (40, 130), (151, 77), (300, 200), (40, 50), (16, 20)]
VERSION_1 = str(Path(__file__).parents[1] / 'data' / 'version_1.onnx')


@pytest.fixture(scope='module')
def pair(onnx_model):
    """The inferencers of both backends, by mode."""
    return {
        mode: (ForgeryInferencer(*onnx_model[:2], 'cpu', mode), ForgeryInferencer(onnx_model.file, mode=mode))
        for mode in (None, 'slide')
    }


def blocks(height, width, seed):
    """Noise with flat blocks, so that masks are mixed."""
    image = picture(height, width, seed)
    image[: height // 2, width // 3 :] = 128
    return image


@pytest.mark.parametrize('mode', [None, 'slide'])
@pytest.mark.parametrize('batch_size', [1, 3])
def test_both_backends_agree(pair, mode, batch_size):
    images = [blocks(*size, seed) for seed, size in enumerate([*SIZES, SIZES[0], SIZES[0]])]
    results = [inferencer(images, batch_size=batch_size) for inferencer in pair[mode]]
    masks = []
    for expected, found in zip(*results, strict=True):
        assert found.error is None
        assert found.score == pytest.approx(expected.score, abs=1e-3)
        assert found.label == expected.label
        assert found.size == expected.size == found.mask.shape
        masks.append((expected.mask, found.mask))
        np.testing.assert_allclose(found.probability, expected.probability, atol=5e-3)
        np.testing.assert_allclose(found.coarse, expected.coarse, atol=2e-3)
        assert list(found.gates) == list(expected.gates)
        np.testing.assert_allclose(list(found.gates.values()), list(expected.gates.values()), atol=1e-5)
    expected, found = (np.concatenate([mask.ravel() for mask in side]) for side in zip(*masks))
    assert (expected == found).mean() > 0.999
    assert 0.02 < expected.mean() < 0.98  # the test can tell


def test_any_runtime_can_use_the_file(pair, onnx_model):
    """Without this package: resize, run."""
    image = blocks(151, 77, 0)
    session = onnxruntime.InferenceSession(onnx_model.file)
    feed = dict(image=cv2.resize(image, (96, 64))[None], size=np.array(image.shape[:2]))
    score, probability = session.run(['score', 'probability'], feed)
    for inferencer in pair[None]:
        (expected,) = inferencer(image)
        assert score[0] == pytest.approx(expected.score, abs=1e-4)
        np.testing.assert_allclose(probability[0], expected.probability, atol=1e-3)


def test_padding_by_a_file_of_version_1_is_removed(tmp_path):
    """It answers as for the picture that was padded before, with gray, which is 0 after normalization."""
    gray = dict(mean=[128] * 3, std=[1] * 3, resize=None)
    padding = ForgeryInferencer(change_metadata(VERSION_1, tmp_path, **gray, pad_divisor=32))
    plain = ForgeryInferencer(change_metadata(VERSION_1, tmp_path, **gray))
    image = blocks(50, 77, 0)
    padded = np.pad(image, [(0, 14), (0, 19), (0, 0)], constant_values=128)
    for mode in ('whole', 'slide'):
        padding.backend.mode = plain.backend.mode = mode
        (found,), (expected,) = padding(image), plain(padded)
        assert found.size == found.coarse.shape == (50, 77)
        assert found.score == expected.score
        np.testing.assert_array_equal(found.probability, expected.probability[:50, :77])
        np.testing.assert_array_equal(found.coarse, expected.coarse[:50, :77])


def test_windows_of_padded_pictures_are_refused(onnx_model, tmp_path):
    file = change_metadata(onnx_model.file, tmp_path, pad_divisor=32)
    with pytest.raises(ValueError, match='pads its pictures, which it cannot do in windows: use mode whole'):
        ForgeryInferencer(file, mode='slide')


@pytest.mark.parametrize('reduce', [max, lambda scores: sum(scores) / len(scores)])
def test_windows_make_up_the_score(pair, onnx_model, tmp_path, reduce):
    file = change_metadata(onnx_model.file, tmp_path, window_score='max' if reduce is max else 'mean')
    image = blocks(64, 160, 1)  # windows of 64 x 96 in steps of 64
    (result,) = ForgeryInferencer(file, mode='slide')(image)
    windows = pair[None][1]([image[:, :96], image[:, 64:]])
    assert result.score == pytest.approx(reduce([window.score for window in windows]), abs=1e-6)
    assert windows[0].score != pytest.approx(windows[1].score, abs=1e-4)


def edit(file, folder, **changes) -> str:
    """A file whose metadata somebody has changed."""
    model = onnx.load(file)
    entry = next(entry for entry in model.metadata_props if entry.key == KEY)
    entry.value = json.dumps(json.loads(entry.value) | changes)
    path = str(folder / 'edited.onnx')
    onnx.save(model, path)
    return path


def change_metadata(file, folder, **changes) -> str:
    """A file as if it had been exported with other settings."""
    model = onnx.load(edit(file, folder, **changes))
    entries = [entry for entry in model.metadata_props if entry.key == KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(entries)
    path = folder / 'changed.onnx'
    path.write_bytes(seal(model.SerializeToString()))
    return str(path)


def test_the_limit_of_one_piece_is_the_models(onnx_model, tmp_path):
    file = change_metadata(onnx_model.file, tmp_path, max_pixels_in_one_piece=50 * 40, resize=None)
    answered, refused = ForgeryInferencer(file)([blocks(40, 50, 0), blocks(40, 51, 0)])
    assert answered.error is None
    assert refused.error.startswith('51 x 40 pixels are too many for one piece: use mode slide')


def test_provenance(pair, onnx_model):
    torch_backend, onnx_backend = (inferencer.backend for inferencer in pair[None])
    assert onnx_backend.provenance['config'] == torch_backend.provenance['config']
    assert onnx_backend.provenance['weights'] == hash_file(onnx_model.file)
    assert onnx_backend.metadata.weights_hash == torch_backend.provenance['weights']


def test_resizing_is_that_of_pytorch():
    image = np.random.default_rng(0).standard_normal((13, 17), dtype=np.float32)
    for size in ((52, 68), (26, 34), (7, 9), (13, 17), (100, 3), (6, 8)):
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(image)[None, None], size=size, mode='bilinear', align_corners=False
        )
        np.testing.assert_allclose(resize_map(image, size), expected[0, 0], atol=2e-5)


def test_files_that_cannot_be_used(onnx_model, tmp_path):
    (tmp_path / 'broken.onnx').write_bytes(b'\x08\x07' + b'x' * 100)
    (tmp_path / 'empty.onnx').touch()
    for name in ('broken', 'empty'):
        with pytest.raises(ValueError, match=f'{name}.onnx is no ONNX file, or damaged'):
            ForgeryInferencer(str(tmp_path / f'{name}.onnx'))
    with pytest.raises(FileNotFoundError, match='there is no ONNX file gone.onnx'):
        ForgeryInferencer('gone.onnx')
    others = onnx.load(onnx_model.file)
    del others.metadata_props[:]
    onnx.save(others, tmp_path / 'others.onnx')
    with pytest.raises(ValueError, match='others.onnx does not say how it wants its pictures'):
        ForgeryInferencer(str(tmp_path / 'others.onnx'))


def test_arguments_that_contradict(onnx_model, tmp_path):
    config, weights, file = onnx_model
    with pytest.raises(ValueError, match='holds its weights: leave out'):
        ForgeryInferencer(file, weights)
    with pytest.raises(ValueError, match="backend 'onnx' takes an .onnx file"):
        ForgeryInferencer(config, backend='onnx')
    with pytest.raises(ValueError, match="runs with backend 'onnx'"):
        ForgeryInferencer(file, backend='torch')
    with pytest.raises(ValueError, match='backend must be one of torch, onnx, got'):
        ForgeryInferencer(file, backend='tpu')
    with pytest.raises(ValueError, match='mode must be one of whole, slide'):
        ForgeryInferencer(file, mode='both')
    unknown = change_metadata(file, tmp_path, crop_size=None, stride=None)
    with pytest.raises(ValueError, match='does not know the size of a window'):
        ForgeryInferencer(unknown, mode='slide')
    with pytest.raises(ValueError, match="return_datasamples is of backend 'torch' only"):
        ForgeryInferencer(file)([picture()], return_datasamples=True)


def test_devices():
    cpu, cuda = 'CPUExecutionProvider', 'CUDAExecutionProvider'
    assert _providers(None, [cpu]) == _providers('cpu', [cuda, cpu]) == [cpu]
    assert _providers(None, [cuda, cpu]) == [(cuda, dict(device_id=0)), cpu]
    assert _providers('cuda:1', [cuda, cpu]) == [(cuda, dict(device_id=1)), cpu]
    with pytest.raises(ValueError, match='onnxruntime-gpu'):
        _providers('cuda', [cpu])
    for wrong in ('mps', 'cuda:x'):
        with pytest.raises(ValueError, match='not on'):
            _providers(wrong, [cuda, cpu])


def test_without_onnx_runtime_the_error_names_the_extra(onnx_model, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ImportError, match=r'pip install ".\[onnx\]"'):
        ForgeryInferencer(onnx_model.file)


def refusal(file, tmp_path, capsys) -> str:
    """What the command says, which ends with code 2."""
    cv2.imwrite(str(tmp_path / 'x.png'), picture())
    assert main(['predict', str(tmp_path / 'x.png'), '--model', file, '--out', str(tmp_path / 'out')]) == 2
    assert not (tmp_path / 'out').exists()
    return capsys.readouterr().err


@pytest.mark.parametrize('changes', [dict(mode='slide'), dict(mean=[0.5, 0.5, 0.5]), dict(stride=[1, 1])])
def test_an_edited_file_is_refused(changes, onnx_model, tmp_path, capsys):
    """Also where each value by itself could be meant."""
    assert 'edited.onnx was changed after its export' in refusal(
        edit(onnx_model.file, tmp_path, **changes), tmp_path, capsys
    )


def test_edited_weights_are_refused(onnx_model, tmp_path, capsys):
    model = onnx.load(onnx_model.file)
    weights = next(tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT)
    weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * 2, weights.name))
    onnx.save(model, tmp_path / 'edited.onnx')
    assert 'was changed after its export' in refusal(str(tmp_path / 'edited.onnx'), tmp_path, capsys)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(mode='both'), 'mode must be one of whole, slide'),
        (dict(mean=[123.0]), 'mean must be three numbers'),
        (dict(experts=['cd', 'bayar', 'srm']), 'has gates for 4 experts, and its metadata names cd, bayar, srm'),
        (dict(experts=[]), 'has gates for 4 experts, and its metadata names none'),
        (dict(stride=[100, 100]), 'stride must be at most crop_size'),
        (dict(schema_version=2), 'was changed after its export'),
        (dict(mean=[1e300, 0, 0]), 'gives no numbers, or not one for each picture, as scores'),
        (dict(mode='slide', crop_size=[1, 1], stride=[1, 1]), 'cannot answer'),
        (dict(pad_size=[10**6, 10**6]), 'resizes or pads every picture to more pixels than a model can take'),
        (dict(resize=dict(scale=[9999, 9999], keep_ratio=True, interpolation='area')), 'pads every picture to more'),
        (dict(resize=[64, 64]), 'resize must be an object or null'),
    ],
)
def test_an_edited_file_of_version_1_is_refused_where_it_can_be_told(changes, message, tmp_path, capsys):
    assert message in refusal(edit(VERSION_1, tmp_path, **changes), tmp_path, capsys)


NO_NUMBERS = 'gives no numbers, or not one for each picture, as '


@pytest.mark.parametrize(
    ('output', 'value', 'message'),
    [
        ('cls_logits', np.float32([[0, 5], [0, 5]]), 'gives scores that do not depend on the picture'),
        ('cls_logits', np.float32([[0, 5]]), f'{NO_NUMBERS}scores'),
        ('cls_logits', np.float32(5), 'cannot answer'),
        ('mask_logits', np.ones((2, 2, 8, 8), np.float32), 'gives logits that do not depend on the picture'),
        ('mask_logits', np.ones((2, 1, 8, 8), np.float32), 'cannot answer'),
        ('coarse_logits', np.full((2, 2, 8, 8), np.nan, np.float32), f'{NO_NUMBERS}coarse'),
        ('gates', np.full((2, 4, 4), np.inf, np.float32), f'{NO_NUMBERS}gates'),
    ],
)
def test_an_output_that_became_a_constant_is_refused(output, value, message, tmp_path, capsys):
    model = onnx.load(VERSION_1)
    (node,) = (node for node in model.graph.node if output in node.output)
    node.output[list(node.output).index(output)] = 'unused'
    constant = onnx.numpy_helper.from_array(np.asarray(value))
    model.graph.node.append(onnx.helper.make_node('Constant', [], [output], value=constant))
    onnx.save(model, tmp_path / 'edited.onnx')
    assert message in refusal(str(tmp_path / 'edited.onnx'), tmp_path, capsys)


@pytest.mark.parametrize(('gates', 'fits'), [(['b', 4, 3], True), (['b', 3, 4], False), (None, False)])
def test_experts_are_counted_along_the_last_axis(gates, fits):
    outputs = dict(score=['b'], logits=['b', 'h', 'w']) | (dict(gates=gates) if gates else {})
    session = SimpleNamespace(
        get_inputs=lambda: [SimpleNamespace(name=name, type=kind) for name, kind in OnnxGraph.INPUTS.items()],
        get_outputs=lambda: [SimpleNamespace(name=name, shape=shape) for name, shape in outputs.items()],
    )
    metadata = SimpleNamespace(experts=('cd', 'bayar', 'srm'))
    with nullcontext() if fits else pytest.raises(ValueError, match='its metadata names cd, bayar, srm'):
        _check_graph(session, OnnxGraph, metadata, 'a.onnx')


def test_another_graph_than_the_metadata_tells_of(onnx_model, tmp_path, capsys):
    file = change_metadata(onnx_model.file, tmp_path, schema_version=1)
    assert 'has another graph than its metadata tells of' in refusal(file, tmp_path, capsys)


def test_paths_and_devices_as_objects(pair, onnx_model, tmp_path):
    shutil.copy(onnx_model.file, tmp_path / 'LOUD.ONNX')
    image = blocks(40, 50, 0)
    (expected,) = pair[None][1](image)
    for path in (Path(onnx_model.file), tmp_path / 'LOUD.ONNX', str(tmp_path / 'LOUD.ONNX')):
        (found,) = ForgeryInferencer(path, device=torch.device('cpu'))(image)
        assert found.score == expected.score

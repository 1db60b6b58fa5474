"""An exported model answers as the model: the same tests of both, side by side."""

import sys

import numpy as np
import onnx
import pytest

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.apis.onnx_backend import _providers, _resize
from monfap_mm.utils.provenance import hash_file

from .test_inferencer import picture

SIZES = [(64, 96), (40, 130), (151, 77), (300, 200), (40, 50)]


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


def test_what_is_too_small_for_the_model_is_an_error(pair, capfd):
    errors = [inferencer([picture(1, 50)])[0].error for inferencer in pair['slide']]
    assert all('the model failed' in error for error in errors)
    assert 'onnxruntime' not in capfd.readouterr().err  # said once, in the answer


def test_padding_is_removed(pair, onnx_model, tmp_path):
    """A preprocessor that pads to a multiple of 32, in both."""
    file = change_metadata(onnx_model.file, tmp_path, pad_divisor=32, resize=None)
    from mmengine.config import Config

    cfg = Config.fromfile(onnx_model.config)
    cfg.model.data_preprocessor.test_cfg = dict(size_divisor=32)
    del cfg.test_dataloader.dataset.pipeline[1]
    image = blocks(50, 77, 0)
    (expected,), (found,) = ForgeryInferencer(cfg, onnx_model.weights, 'cpu')(image), ForgeryInferencer(file)(image)
    assert found.coarse.shape == expected.coarse.shape == (50, 77)
    np.testing.assert_allclose(found.probability, expected.probability, atol=5e-3)


@pytest.mark.parametrize('reduce', [max, lambda scores: sum(scores) / len(scores)])
def test_windows_make_up_the_score(pair, onnx_model, tmp_path, reduce):
    file = change_metadata(onnx_model.file, tmp_path, window_score='max' if reduce is max else 'mean')
    image = blocks(64, 160, 1)  # windows of 64 x 96 in steps of 64
    (result,) = ForgeryInferencer(file, mode='slide')(image)
    windows = pair[None][1]([image[:, :96], image[:, 64:]])
    assert result.score == pytest.approx(reduce([window.score for window in windows]), abs=1e-6)
    assert windows[0].score != pytest.approx(windows[1].score, abs=1e-4)


def change_metadata(file, folder, **changes) -> str:
    import json

    from monfap_mm.model_files.onnx_metadata import KEY

    model = onnx.load(file)
    values = json.loads({entry.key: entry.value for entry in model.metadata_props}[KEY]) | changes
    onnx.helper.set_model_props(model, {KEY: json.dumps(values)})
    path = str(folder / 'changed.onnx')
    onnx.save(model, path)
    return path


def test_provenance(pair, onnx_model):
    torch_backend, onnx_backend = (inferencer.backend for inferencer in pair[None])
    assert onnx_backend.provenance['config'] == torch_backend.provenance['config']
    assert onnx_backend.provenance['weights'] == hash_file(onnx_model.file)
    assert onnx_backend.metadata.weights_hash == torch_backend.provenance['weights']


def test_resizing_is_that_of_pytorch():
    import torch

    image = np.random.default_rng(0).standard_normal((13, 17), dtype=np.float32)
    for size in ((52, 68), (26, 34), (7, 9), (13, 17), (100, 3), (6, 8)):
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(image)[None, None], size=size, mode='bilinear', align_corners=False
        )
        np.testing.assert_allclose(_resize(image, size), expected[0, 0], atol=2e-5)


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

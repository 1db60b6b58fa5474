import dataclasses
import io
import itertools
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Resize
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import ExifTags, Image

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.apis import inferencer as module
from monfap_mm.evaluation.results_file import read_results

SIZE = 64


def picture(height=SIZE, width=SIZE, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def tested(config, weights, tmp_path_factory):
    """Scores and masks of the runner, by file name."""
    folder = tmp_path_factory.mktemp('tested')
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(dict(work_dir=str(folder), load_from=weights, launcher='none', log_level='ERROR'))
    cfg.test_evaluator = [
        dict(type='ForgeryMetric', out_file=str(folder / 'results.jsonl')),
        dict(type='MaskWriter', output_dir=str(folder / 'masks')),
    ]
    Runner.from_cfg(cfg).test()
    records, _ = read_results(str(folder / 'results.jsonl'))
    masks = {f'{path.stem}.png': cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0 for path in folder.glob('masks/*')}
    return {record.img_path.rpartition('/')[2]: record.score for record in records}, masks


@pytest.mark.parametrize('batch_size', [1, 3])
def test_the_answers_are_those_of_testing(inferencer, data, tested, batch_size):
    scores, masks = tested
    assert len({f'{score:.4f}' for score in scores.values()}) == 4  # the test can tell one picture from another
    assert 0 < sum(mask.mean() for mask in masks.values()) < 4
    results = inferencer([str(data / name) for name in scores], batch_size=batch_size)
    for result, name in zip(results, scores, strict=True):
        assert result.score == pytest.approx(scores[name], abs=1e-5)
        assert result.label == ('fake' if scores[name] > 0.5 else 'real')
        assert (result.mask == masks[name]).mean() > 0.999
        assert result.size == result.mask.shape == result.probability.shape == (SIZE, SIZE)
        assert result.probability.dtype == np.float16
        clear = np.abs(result.probability - 0.5) > 1e-3  # float16 rounds
        assert ((result.probability > 0.5) == result.mask)[clear].all()


def test_an_array_is_answered_as_its_file(inferencer, data):
    path = str(data / 'b.png')
    from_file, from_array = inferencer([path, cv2.imread(path)], batch_size=2)
    assert from_file.score == pytest.approx(from_array.score, abs=1e-6)
    assert (from_file.mask == from_array.mask).all()
    assert (from_file.path, from_array.path) == (path, None)


def test_contents_of_a_file_are_answered_as_the_file(inferencer, data):
    named, nameless = (io.BytesIO((data / 'b.png').read_bytes()) for _ in range(2))
    named.name = 'upload.png'
    from_file, from_named, from_nameless = inferencer([str(data / 'b.png'), named, nameless])
    assert from_file.score == from_named.score == from_nameless.score
    assert (from_named.path, from_nameless.path) == ('upload.png', None)


def test_one_answer_an_input_in_order(inferencer, data, tmp_path):
    (tmp_path / 'broken.jpg').write_bytes(b'\xff\xd8\xff')
    inputs = [
        str(tmp_path / 'broken.jpg'),
        picture(30, 50),
        str(data / 'a.png'),
        'gone.png',
        picture(50, 30),
        str(data),
    ]
    results = inferencer(inputs, batch_size=4)
    assert [result.error is None for result in results[:5]] == [False, True, True, False, True]
    assert [result.size for result in results[:5]] == [None, (30, 50), (64, 64), None, (50, 30)]
    assert [result.path.rpartition('/')[2] for result in results[5:]] == [
        *('a.png', 'b.png', 'b_mask.png', 'c.png', 'c_mask.png', 'd.png')
    ]
    assert 'gone.png: No such file' in results[3].error


def test_pictures_of_several_sizes_in_one_batch(config, weights):
    cfg = Config.fromfile(config)
    del cfg.test_dataloader.dataset.pipeline[1]  # no Resize: sizes stay apart
    inferencer = ForgeryInferencer(cfg, weights, device='cpu')
    pictures = [picture(64, 96, 1), picture(64, 64, 2), picture(64, 96, 3)]
    together, alone = inferencer(pictures, batch_size=3), inferencer(pictures, batch_size=1)
    for one, other in zip(together, alone, strict=True):
        assert one.error is None
        assert one.score == pytest.approx(other.score, abs=1e-5)


def test_the_answer_lies_where_a_viewer_shows_it(inferencer, tmp_path):
    shown = picture(48, 80)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored a quarter turn counterclockwise
    Image.fromarray(np.rot90(shown)[..., ::-1].copy()).save(tmp_path / 'x.png', exif=exif)
    turned, upright = inferencer([str(tmp_path / 'x.png'), shown])
    assert turned.size == (48, 80)
    assert (turned.mask == upright.mask).all()
    assert turned.score == pytest.approx(upright.score, abs=1e-6)


def test_one_window_is_the_whole_picture(config, weights):
    image = picture(96, 96)
    (whole,), (slide,) = (ForgeryInferencer(config, weights, 'cpu', mode)([image]) for mode in ('whole', 'slide'))
    assert slide.score == pytest.approx(whole.score, abs=1e-6)
    np.testing.assert_allclose(slide.probability, whole.probability, atol=1e-3)


def test_slide_is_as_fake_as_the_most_fake_window(config, weights):
    inferencer = ForgeryInferencer(config, weights, 'cpu', 'slide')
    image = picture(96, 160)
    (result,) = inferencer([image])
    windows = inferencer([image[:, :96], image[:, 64:]])  # stride 64
    assert result.score == pytest.approx(max(window.score for window in windows), abs=1e-6)
    # Where only one window lies, its answer stands.
    np.testing.assert_allclose(result.probability[:, :64], windows[0].probability[:, :64], atol=1e-3)
    np.testing.assert_allclose(result.probability[:, 96:], windows[1].probability[:, 32:], atol=1e-3)


def test_a_large_picture_needs_windows(inferencer, config, weights, monkeypatch):
    monkeypatch.setattr(inferencer.backend, 'max_pixels_in_one_piece', 96 * 96 - 1)
    (refused,) = inferencer([picture()])
    assert refused.error == '96 x 96 pixels are too many for one piece: use mode slide, or Resize in the test pipeline'
    (answered,) = ForgeryInferencer(config, weights, 'cpu', 'slide')([picture(100, 100)])
    assert answered.size == (100, 100)


def test_one_piece_has_4096_x_4096_pixels_at_most(inferencer):
    inferencer._check_size((2048, 8192))
    with pytest.raises(ValueError, match='2049 x 8192 pixels are too many for one piece'):
        inferencer._check_size((8192, 2049))


def test_what_will_be_refused_is_not_decoded(config, weights, tmp_path, monkeypatch):
    """A small file that unpacks to much: its header alone is read, from a file as from memory."""
    Image.new('1', (4000, 3000)).save(tmp_path / 'a.png')
    contents = io.BytesIO((tmp_path / 'a.png').read_bytes())
    monkeypatch.setattr('monfap_mm.media.images._decode', None)
    whole = ForgeryInferencer(config, weights, 'cpu')
    whole.backend.max_pixels_in_one_piece = 96 * 96 - 1
    for result in whole([str(tmp_path / 'a.png'), contents]):
        assert result.error.startswith('96 x 96 pixels are too many for one piece')
    monkeypatch.setattr(module, 'MAX_PIXELS_OF_ANSWERS', 1)
    narrow = ForgeryInferencer(config, weights, 'cpu', 'slide', max_pixels=4000)
    Image.new('1', (4000, 1)).save(tmp_path / 'narrow.png')
    monkeypatch.setattr(narrow.backend.cfg.model.data_preprocessor, 'test_cfg', dict(size=(96, 96)), raising=False)
    (result,) = narrow(str(tmp_path / 'narrow.png'))
    assert result.error == 'the model would need 4000 x 96 pixels, too many'


def test_the_size_of_the_input_is_known_beforehand(inferencer, config, weights):
    for size in ((96, 96), (50, 70), (201, 33)):
        for backend in (inferencer.backend, ForgeryInferencer(config, weights, 'cpu', 'slide').backend):
            prepared = backend.prepare(picture(*size), None).size
            planned = backend.input_size(size)
            assert planned[0] >= prepared[0]
            assert planned[1] >= prepared[1]


@pytest.mark.parametrize('keep_ratio', [False, True])
def test_the_size_is_known_where_the_pipeline_scales_by_factors(config, weights, monkeypatch, keep_ratio):
    """33 rows at 1.5 are 49.5, which mmcv rounds up; 47 columns at 0.5 are 23.5."""
    backend = ForgeryInferencer(config, weights, 'cpu').backend
    monkeypatch.setattr(backend.cfg.model.data_preprocessor, 'test_cfg', None, raising=False)
    resize = Resize(scale_factor=(0.5, 1.5), keep_ratio=keep_ratio)
    monkeypatch.setattr(backend.pipeline, 'transforms', [resize, backend.pipeline.transforms[-1]])
    expected = (24, 34) if keep_ratio else (50, 24)
    assert backend.prepare(picture(33, 47), None).size == backend.input_size((33, 47)) == expected


@pytest.mark.parametrize('threshold', [-1e-9, 1 + 1e-9, float('nan')])
def test_a_threshold_is_a_probability(config, weights, threshold):
    with pytest.raises(ValueError, match='threshold must lie in 0 to 1'):
        ForgeryInferencer(config, weights, 'cpu', threshold=threshold)


def test_no_score_is_above_1_and_none_below_0(config, weights):
    all_real, all_fake = (ForgeryInferencer(config, weights, 'cpu', threshold=end)([picture()]) for end in (1, 0))
    assert [answer.label for (answer,) in (all_real, all_fake)] == ['real', 'fake']


def test_the_threshold_decides_the_label_and_nothing_else(config, weights, inferencer):
    (result,) = inferencer([picture()])
    lower, higher = (
        ForgeryInferencer(config, weights, 'cpu', threshold=result.score + step)([picture()])[0]
        for step in (-1e-3, 1e-3)
    )
    assert (lower.label, higher.label) == ('fake', 'real')
    assert lower.score == higher.score == result.score


def test_when_a_batch_fails_the_others_still_get_their_answer(inferencer, monkeypatch):
    test_step = inferencer.backend.model.test_step

    def out_of_memory_on_white(batch):
        if any((image == 255).all() for image in batch['inputs']):
            raise RuntimeError('out of\nmemory')
        return test_step(batch)

    monkeypatch.setattr(inferencer.backend.model, 'test_step', out_of_memory_on_white)
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    results = inferencer([picture(seed=1), white, picture(seed=2)], batch_size=3)
    assert [result.error for result in results] == [None, 'the model failed: out of memory', None]


def test_nan_is_no_answer(config, weights, tmp_path):
    checkpoint = torch.load(weights)
    for value in checkpoint['state_dict'].values():
        value.mul_(float('nan')) if value.is_floating_point() else None
    torch.save(checkpoint, tmp_path / 'nan.pth')
    (result,) = ForgeryInferencer(config, str(tmp_path / 'nan.pth'), 'cpu')([picture()])
    assert result.error == 'the model answered with NaN'
    assert result.score is None


@pytest.mark.parametrize('part', ['score', 'logits', 'coarse', 'gates'])
def test_a_single_nan_is_no_answer_either(inferencer, monkeypatch, part):
    predict = inferencer.backend.predict

    def with_nan(batch):
        first, *others = predict(batch)
        values = np.array(getattr(first, part))
        values[(-1,) * values.ndim] = np.nan
        return [dataclasses.replace(first, **{part: values}), *others]

    monkeypatch.setattr(inferencer.backend, 'predict', with_nan)
    bad, good = inferencer([picture(seed=1), picture(seed=2)], batch_size=2)
    assert (bad.error, good.error) == ('the model answered with NaN', None)
    bad, good = inferencer([picture(seed=1), picture(seed=2)], batch_size=2, return_datasamples=True)
    assert bad.error == 'the model answered with NaN'
    assert 'error' not in good.metainfo


def test_data_samples(inferencer, data):
    good, bad = inferencer([str(data / 'b.png'), 'gone.png'], return_datasamples=True)
    assert good.pred_sem_seg.shape == (SIZE, SIZE)
    assert good.img_path == str(data / 'b.png')
    torch.testing.assert_close(good.pred_label.score.sum(), torch.tensor(1.0))
    assert 'No such file' in bad.error


def test_an_endless_stream_is_answered_one_by_one(inferencer):
    endless = (picture(seed=seed) for seed in itertools.count())
    stream = inferencer.stream(endless, batch_size=2)
    assert [next(stream).error for _ in range(5)] == [None] * 5
    stream.close()


def test_memory_does_not_grow_with_the_number_of_pictures(inferencer):
    references = []

    class Counted(np.ndarray):
        pass

    def pictures():
        for seed in range(40):
            image = picture(seed=seed).view(Counted)
            references.append(weakref.ref(image))
            yield image

    most = 0
    for _ in inferencer.stream(pictures(), batch_size=2, workers=2, keep_image=True):
        most = max(most, sum(reference() is not None for reference in references))
    # A batch with the consumer, and what is read ahead.
    assert most <= 2 + (2 + 2) + 1


def test_the_picture_comes_along_where_it_is_asked_for(inferencer):
    image = picture()
    (with_image,) = inferencer.stream(image, keep_image=True)
    (without,) = inferencer.stream(image)
    assert (with_image.image == image).all()
    assert without.image is None


@pytest.mark.parametrize('wrong', [dict(batch_size=0), dict(workers=-1)])
def test_wrong_numbers_are_refused(inferencer, wrong):
    with pytest.raises(ValueError, match='batch_size must be at least 1 and workers at least 0'):
        inferencer([picture()], **wrong)


def test_a_stock_segmentor_answers_too(config, tmp_path):
    from mmseg.registry import MODELS

    from tests.test_configs import CONFIGS

    cfg = Config.fromfile(str(CONFIGS / 'demo' / 'fcn_demo.py'))
    torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'fcn.pth')
    (result,) = ForgeryInferencer(cfg, str(tmp_path / 'fcn.pth'), 'cpu')([picture()])
    # Without an image score of its own, the picture is as fake as its most fake pixel.
    assert result.score == pytest.approx(float(result.probability.max()), abs=1e-3)


def test_gates_and_coarse_mask_are_those_of_the_model(inferencer, data):
    (result,) = inferencer(str(data / 'b.png'))
    (sample,) = inferencer(str(data / 'b.png'), return_datasamples=True)
    assert tuple(result.gates) == ('cd', 'bayar', 'srm', 'hf')
    by_level = np.array(list(result.gates.values())).T
    np.testing.assert_allclose(by_level, sample.gates.value, atol=1e-7)
    np.testing.assert_allclose(by_level.sum(axis=1), np.ones(4), atol=1e-6)
    np.testing.assert_allclose(result.coarse, sample.coarse_prob.data[0], atol=1e-3)


def test_the_model_answers_in_its_inference_form(inferencer):
    assert inferencer.backend.model.is_inference_form


def test_paths_and_devices_as_objects(config, weights, inferencer):
    image = picture()
    (expected,) = inferencer(image)
    (found,) = ForgeryInferencer(Path(config), Path(weights), torch.device('cpu'))(image)
    assert found.score == expected.score


def test_bad_items_do_not_end_a_batch(inferencer, data):
    with open(data / 'a.png', 'rb') as file:
        items = [picture(), None, picture().astype(float), file, object(), picture()]
        results = inferencer(items, batch_size=3)
    assert [result.error is None for result in results] == [True, False, False, False, False, True]
    assert 'got NoneType' in results[1].error
    assert 'float64' in results[2].error
    assert results[3].path == str(data / 'a.png')

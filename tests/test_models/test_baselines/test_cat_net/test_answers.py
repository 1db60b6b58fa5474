"""CAT-Net through what ships: its configs, the inferencer, the page, the converter; small, with reference weights."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmseg.registry import MODELS
from PIL import Image
from starlette.testclient import TestClient

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.datasets import ForgeryDataset
from monfap_mm.deployment.describe import describe
from monfap_mm.media.orientation import as_shown
from monfap_mm.model_files.conversion import ConversionError
from monfap_mm.model_files.loading import load_config
from monfap_mm.web import create_app
from tests.test_configs import load
from tools.model_converters.peers2mm import convert

from ....test_media.test_jpeg_coefficients import arithmetic, jpeg, noise
from .. import peers
from .instances import SEED, reference, small_config, small_model

pytest.importorskip('jpeglib')
CONFIGS = Path(__file__).parents[4] / 'configs' / 'baselines' / 'cat_net'
RECIPE, COMMON = 'cat-net_1xb11-200e_ofv2-512x512.py', 'cat-net_8xb8-40e_common-recipe_ofv2-512x512.py'


def shipped(name=RECIPE):
    """A shipped config at the widths of the small instance."""
    cfg = load(CONFIGS / name)
    cfg.model = small_config()
    return cfg


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'cat-net.pth'
    torch.save(dict(state_dict=reference()[0].state_dict()), path)
    return str(path)


@pytest.fixture(scope='module')
def inferencer(weights):
    return ForgeryInferencer(shipped(), weights, device='cpu')


def write(path, data):
    path.write_bytes(data)
    return str(path)


def test_the_file_itself_is_read_wherever_it_is(inferencer, tmp_path):
    data = jpeg(noise(61, 83), quality=60)
    path = write(tmp_path / 'a.jpg', data)
    in_memory = io.BytesIO(data)
    of_file, of_memory = inferencer([path, in_memory])
    assert of_file.note is of_memory.note is None
    assert of_file.size == (61, 83)
    assert of_file.score == of_memory.score
    np.testing.assert_array_equal(of_file.mask, of_memory.mask)
    with TestClient(create_app(inferencer), base_url='http://127.0.0.1') as client:
        answer = client.post('/predict', content=data).json()['answer']
    assert answer['score'] == of_file.to_json()['score']
    assert answer['note'] is None


def test_an_array_is_answered_by_a_copy_and_says_so(inferencer, tmp_path):
    data = jpeg(noise(61, 83), quality=60)
    image = np.asarray(Image.open(io.BytesIO(data)))[..., ::-1].copy()
    of_file, of_array = inferencer([write(tmp_path / 'a.jpg', data), image])
    assert 'quality 100' in of_array.note
    assert of_array.score != of_file.score
    noise(61, 83).save(tmp_path / 'a.png')
    (of_png,) = inferencer(str(tmp_path / 'a.png'))
    assert 'it is no JPEG' in of_png.note


def test_answers_are_those_of_the_network_on_the_coefficients(inferencer, tmp_path):
    data = peers.arrays('cat_net')['jpeg_bytes'].numpy().tobytes()
    (result,) = inferencer(write(tmp_path / 'a.jpg', data))
    assert result.size == (101, 75)
    assert result.score == pytest.approx(float(result.probability.max()), abs=1e-3)
    assert result.gates is None
    assert result.coarse is None


@pytest.mark.parametrize('orientation', range(2, 9))
def test_a_turned_file_has_the_turned_answer_of_the_stored_one(inferencer, tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    plain = write(tmp_path / 'plain.jpg', jpeg(noise(45, 70)))
    turned = write(tmp_path / 'turned.jpg', jpeg(noise(45, 70), exif=exif))
    of_plain, of_turned = inferencer([plain, turned])
    assert of_turned.score == of_plain.score
    assert of_turned.size == ((70, 45) if orientation >= 5 else (45, 70))
    np.testing.assert_array_equal(of_turned.probability, as_shown(of_plain.probability, orientation))
    np.testing.assert_array_equal(of_turned.mask, as_shown(of_plain.mask, orientation))


def test_files_of_all_kinds_are_answered_or_named_and_the_others_go_on(inferencer, tmp_path):
    good = jpeg(noise(40, 40))
    files = dict(
        small=jpeg(noise(5, 7)),
        pixel=jpeg(noise(1, 1)),
        cmyk=jpeg(noise(20, 20).convert('CMYK')),
        gray=jpeg(noise(20, 20).convert('L')),
        progressive=jpeg(noise(20, 20), progressive=True),
        arithmetic=arithmetic(),
        truncated=good[: len(good) // 2],
        last=good,
    )
    paths = [write(tmp_path / f'{name}.jpg', data) for name, data in files.items()]
    results = dict(zip(files, inferencer(paths, batch_size=3), strict=True))
    assert results['small'].size == (5, 7)
    assert results['pixel'].size == (1, 1)
    assert 'no luma' in results['cmyk'].note
    failed = {name for name, result in results.items() if result.error}
    assert failed == {'arithmetic', 'truncated'}
    for name in failed:
        assert f'{name}.jpg' in results[name].error


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded(inferencer, tmp_path, monkeypatch):
    monkeypatch.setattr(inferencer.backend, 'max_pixels_in_one_piece', 40 * 40)
    paths = [write(tmp_path / f'{i}.jpg', jpeg(noise(*size))) for i, size in enumerate([(40, 40), (33, 41)])]
    monkeypatch.setattr('monfap_mm.media.images.decode_jpeg', lambda data: 1 / 0)
    decoded, refused = inferencer(paths)
    assert 'division by zero' in decoded.error
    assert '48 x 40 pixels are too many for one piece' in refused.error


def test_windows_of_a_large_picture_are_on_its_grid(weights, tmp_path):
    cfg = shipped()
    cfg.model.test_cfg = dict(mode='whole', crop_size=(64, 64), stride=(40, 40))
    inferencer = ForgeryInferencer(cfg, weights, device='cpu', mode='slide')
    (result,) = inferencer(write(tmp_path / 'a.jpg', jpeg(noise(101, 75))))
    assert result.error is None
    assert result.size == (101, 75)


def test_the_common_recipe_reads_a_copy_of_the_resized_picture(weights, tmp_path):
    cfg = shipped(COMMON)
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.scale = (64, 64)
    exif = Image.Exif()
    exif[274] = 6
    inferencer = ForgeryInferencer(cfg, weights, device='cpu')
    (result,) = inferencer(write(tmp_path / 'a.jpg', jpeg(noise(45, 70), exif=exif)))
    assert 'pixels were changed' in result.note
    assert result.size == (70, 45)


def dataset(root, pipeline, **options):
    lines = []
    for i, suffix in enumerate(('.jpg', '.png', '.jpg')):
        exif = Image.Exif()
        exif[274] = 6 if i == 2 else 1
        noise(90, 70, seed=i).save(root / f'{i}{suffix}', exif=exif)
        mask = np.zeros((90, 70), np.uint8)
        mask[10:30, 20:60] = 255
        Image.fromarray(as_shown(mask, exif[274])).save(root / f'mask{i}.png')
        lines.append(f'{i}{suffix}\t1\tmask{i}.png')
    (root / 'list.txt').write_text('\n'.join(lines))
    return ForgeryDataset('list.txt', data_root=str(root), pipeline=pipeline, **options)


@pytest.mark.parametrize('name', [RECIPE, COMMON])
def test_a_step_of_training(tmp_path, name):
    cfg = shipped(name)
    for step in cfg.train_dataloader.dataset.pipeline:
        step.update(crop_size=(64, 64)) if 'crop_size' in step else step.update(
            scale=(64, 64)
        ) if 'scale' in step else 0
    samples = dataset(tmp_path, cfg.train_dataloader.dataset.pipeline)
    model = small_model(size=(64, 64)).train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.005))
    losses = model.train_step(pseudo_collate([samples[i] for i in range(3)]), wrapper)
    assert 0 < losses['loss'] < float('inf')


@pytest.mark.parametrize('key', ['test_pipeline', 'tta_pipeline'])
@pytest.mark.parametrize('name', [RECIPE, COMMON])
def test_predictions_fit_the_masks_as_shown(tmp_path, name, key):
    cfg = shipped(name)
    for step in cfg[key]:
        if step.type == 'Resize':
            step.scale = (64, 64)
    samples = dataset(tmp_path, cfg[key], test_mode=True)
    model = reference()[0]
    if key == 'tta_pipeline':
        model = MODELS.build(dict(type='ForgeryTTAModel', module=model)).eval()
    for i, shape in enumerate([(90, 70), (90, 70), (70, 90)]):
        data = pseudo_collate([samples[i]])
        with torch.no_grad():
            (sample,) = model.test_step(data)
        assert sample.gt_sem_seg.shape == sample.seg_logits.shape == sample.pred_sem_seg.shape == shape
        rows, columns = np.nonzero(sample.gt_sem_seg.data[0].numpy())
        assert (rows.min(), columns.min()) == ((20, 60) if i == 2 else (10, 20))


def test_the_answer_to_a_mirror_image_is_mirrored_back(tmp_path):
    """Else the mean of the two views would be blurred."""
    cfg = shipped()
    tta = dict(cfg.tta_pipeline[-1])
    tta['transforms'] = [[dict(type='GridFlip', prob=1.0)], tta['transforms'][1]]
    samples = dataset(tmp_path, [*cfg.tta_pipeline[:-1], tta], test_mode=True)
    packed = samples[0]
    assert tuple(packed['data_samples'][0].padding_size) == (2, 0, 0, 6)
    with torch.no_grad():
        (sample,) = reference()[0].test_step(pseudo_collate([{key: value[0] for key, value in packed.items()}]))
    assert sample.seg_logits.shape == (90, 70)


def test_the_converter_takes_the_authors_file_and_names_what_is_wrong():
    weights = peers.draw(peers.shapes('cat_net', 'small_state_dict_shapes.json'), np.random.RandomState(SEED))
    target = MODELS.build(small_config()).state_dict()
    converted = convert('cat_net', dict(state_dict=weights, epoch=3), target)
    assert set(converted) == set(target)
    wrong = dict(weights, extra=torch.zeros(1))
    del wrong['dc_layer2.0.conv1.weight']
    wrong['last_layer.3.weight'] = torch.zeros(3, 120, 1, 1)
    with pytest.raises(ConversionError) as error:
        convert('cat_net', dict(state_dict=wrong), target)
    for name in ('dct_stream.blocks.0.conv1.weight', 'extra', 'head.3.weight'):
        assert name in str(error.value)


def test_weights_of_another_system_are_refused(tmp_path):
    torch.save(dict(state_dict=dict(weight=torch.zeros(3))), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='does not fit the model'):
        ForgeryInferencer(shipped(), str(tmp_path / 'other.pth'), device='cpu')


@pytest.mark.parametrize('name', [RECIPE, COMMON])
def test_export_is_refused_by_name(weights, name):
    cfg, _ = load_config(shipped(name), None)
    with pytest.raises(ValueError, match='cannot be run with LoadJpegGrid'):
        describe(cfg, weights)

"""What holds for every system in ``configs/baselines``, through its shipped common recipe."""

import re
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODEL_WRAPPERS, init_default_scope
from torch.nn.modules.batchnorm import _BatchNorm

from monfap_mm.apis import ForgeryInferencer
from monfap_mm.deployment import export_model
from monfap_mm.model_files.conversion import PLACES
from monfap_mm.model_files.loading import build_model
from monfap_mm.models import ForgerySegmentor
from tests.logs import captured_logs
from tests.samples import make_samples, without_mask
from tests.scripts import run_together
from tests.test_configs import CONFIGS
from tests.test_models.test_baselines.small import RECIPES, build_small, small_config
from tools.model_converters.peers2mm import PEERS, ConversionError, require_fit

SIZE = (32, 24)
each = pytest.mark.parametrize('name', RECIPES)


def trained(name):
    """With batch norms that do something."""
    model = build_small(name).eval()
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    return model


@each
def test_it_is_one_that_answers_twice(name):
    assert isinstance(build_small(name), ForgerySegmentor)


def test_every_peer_with_published_weights_has_a_converter():
    assert set(PEERS) >= set(RECIPES) - {'ncl_iml'}
    for name in PEERS:
        assert callable(import_module(f'monfap_mm.models.baselines.{name}.checkpoint').to_state_dict)


@pytest.mark.parametrize('name', PEERS)
def test_a_converter_takes_weights_wherever_a_training_script_keeps_them(name):
    convert = import_module(f'monfap_mm.models.baselines.{name}.checkpoint').to_state_dict
    weights = {'module.surplus': torch.ones(3)}  # a name that is not known stays
    for file in (weights, *(dict(epoch=3, optimizer={}) | {place: weights} for place in PLACES)):
        assert convert(file).keys() == {'surplus'}


def _train_in_one_of_two_processes(rank, folder, name):
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    init_default_scope('mmseg')
    cfg, model = small_config(name), build_small(name)
    wrapper = cfg.get('model_wrapper_cfg', dict(type='MMDistributedDataParallel', broadcast_buffers=False))
    assert not wrapper.get('find_unused_parameters')
    wrapped = MODEL_WRAPPERS.build(dict(wrapper, module=model))
    assert isinstance(wrapped, MMDistributedDataParallel) or 'model_wrapper_cfg' in cfg
    cfg.optim_wrapper.pop('accumulative_counts', None)
    optimizer = build_optim_wrapper(wrapped, cfg.optim_wrapper)
    # One process has genuine images only. The second step fails if a parameter was not used in the first.
    for step in range(2):
        torch.manual_seed(2 * step + rank)
        inputs = model.example_inputs((2, *SIZE)) + 0.1 * rank
        wrapped.train_step(dict(inputs=list(inputs), data_samples=make_samples(SIZE, (0, rank))), optimizer)
    torch.save(model.state_dict(), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


@each
def test_two_processes_train_the_same_weights(name, tmp_path):
    arguments = (str(tmp_path), name)
    run_together(_train_in_one_of_two_processes, arguments)
    first, second = (torch.load(tmp_path / f'{rank}.pth', weights_only=True) for rank in range(2))
    start = build_small(name)
    for key, parameter in start.named_parameters():
        torch.testing.assert_close(first[key], second[key])
        assert not parameter.requires_grad or first[key].isfinite().all(), key
    changed = [key for key, p in start.named_parameters() if not torch.equal(first[key], p)]
    assert len(changed) > 0.9 * len([p for p in start.parameters() if p.requires_grad])


# Losses of what is not a pixel: of the image, and of the weights.
NOT_OF_PIXELS = ('loss_cls', 'loss_clf', 'loss_class', 'loss_l2')


def pixel_losses(losses):
    return {key: loss for key, loss in losses.items() if not key.startswith(NOT_OF_PIXELS)}


@each
@torch.no_grad()
def test_a_sample_without_a_mask_is_none_to_the_losses_of_pixels(name):
    """A real image, a fake one with its mask, and a fake one without: as if the third were not there."""
    model = build_small(name).eval()
    inputs, samples = model.example_inputs((3, *SIZE)), make_samples(SIZE, (0, 1, 1))
    without_mask(samples[2])
    found, expected = (pixel_losses(model.loss(inputs[:count], samples[:count])) for count in (3, 2))
    assert found
    for key, loss in expected.items():
        torch.testing.assert_close(found[key], loss, msg=lambda text, key=key: f'{key}: {text}')


@each
def test_a_batch_without_any_mask_has_pixel_losses_of_zero(name):
    model = build_small(name)
    losses = model.loss(model.example_inputs((2, *SIZE)), [without_mask(one) for one in make_samples(SIZE, (1, 1))])
    assert all(loss.item() == 0 for loss in pixel_losses(losses).values()), losses
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


@each
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_finite(name, dtype):
    model = build_small(name)
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(model.example_inputs((2, *SIZE)), make_samples(SIZE))
    for key, loss in losses.items():
        assert loss.isfinite().all(), key
    with torch.autocast('cpu', dtype=dtype), torch.no_grad():
        prediction = model.eval().inference(model.example_inputs((1, *SIZE)), [])
    assert prediction.seg_logits.isfinite().all()
    assert prediction.scores.isfinite().all()


@each
@torch.no_grad()
def test_the_inference_form_answers_the_same(name):
    model = trained(name)
    images = model.example_inputs((2, *SIZE))
    before = model.inference(images, [])
    with captured_logs() as logs:
        after = model.to_inference().inference(images, [])
    assert 'is used as it is' not in logs.text()
    scale = before.seg_logits.abs().max().clamp(min=1).item()
    torch.testing.assert_close(after.seg_logits, before.seg_logits, atol=1e-4 * scale, rtol=0)
    torch.testing.assert_close(after.scores, before.scores, atol=1e-4, rtol=0)


@each
@pytest.mark.parametrize('mode', ['whole', 'slide'])
@pytest.mark.filterwarnings('error:When align_corners=True')  # mmseg's advice, which no user can follow
def test_the_inferencer_answers(name, mode, tmp_path):
    """Beside a picture that is none, which does not end the job."""
    torch.save(dict(state_dict=trained(name).state_dict()), tmp_path / 'weights.pth')
    cfg = small_config(name)
    cfg.model.test_cfg = dict(mode='whole', crop_size=(16, 16), stride=(8, 16))
    inferencer = ForgeryInferencer(cfg, str(tmp_path / 'weights.pth'), device='cpu', mode=mode)
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    answer, refused = inferencer([picture, np.zeros((0, 3, 3), np.uint8)])
    assert answer.error is None
    assert 0 <= answer.score <= 1
    assert answer.mask.shape == SIZE
    assert refused.error
    assert not answer.gates


@each
def test_a_checkpoint_of_another_peer_is_refused(name, tmp_path):
    other = next(one for one in RECIPES if one != name)
    torch.save(dict(state_dict=build_small(other).state_dict()), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='does not fit the model') as refusal:
        build_model(small_config(name), str(tmp_path / 'other.pth'), 'cpu')
    assert re.search(r'\d+ missing: \w+', str(refusal.value))
    assert re.search(r'\d+ unexpected: \w+', str(refusal.value))
    # Nor does the converter take it for one of the authors'.
    if name in PEERS:
        convert = import_module(f'monfap_mm.models.baselines.{name}.checkpoint').to_state_dict
        with pytest.raises(ConversionError):
            require_fit(convert(build_small(other).state_dict()), build_small(name).state_dict())


@pytest.fixture
def exported(tmp_path):
    """Exports a small peer."""

    def export(name):
        cfg, out = small_config(name), tmp_path / f'{name}.onnx'
        cfg.custom_imports = None  # imported here
        cfg.dump(tmp_path / 'config.py')
        torch.save(dict(state_dict=trained(name).state_dict()), tmp_path / 'weights.pth')
        try:
            return export_model(str(tmp_path / 'config.py'), str(tmp_path / 'weights.pth'), out).difference
        finally:
            assert [path for path in tmp_path.glob('*.onnx*') if path != out] == []

    return export


@pytest.mark.parametrize('name', [pytest.param('hpfcn', marks=pytest.mark.slow), 'mantra_net'])
def test_the_onnx_file_answers_the_same(name, exported, tmp_path):
    assert exported(name) < 1e-4
    inferencer = ForgeryInferencer(str(tmp_path / f'{name}.onnx'))
    picture = np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    (answer,) = inferencer(picture)
    assert answer.mask.shape == (37, 50)
    assert answer.coarse is None


def test_coefficients_of_a_file_have_no_onnx_form(exported, tmp_path):
    with pytest.raises(ValueError, match='ONNX files cannot be run with LoadJpegGrid'):
        exported('cat_net')
    assert not list(tmp_path.glob('*.onnx'))


def test_the_page_of_all_systems_converts_with_what_exists():
    page = (CONFIGS.parent / 'docs' / 'models.md').read_text()
    shown = re.findall(r'CONFIG=(configs/\S+)\npython (tools/\S+)(?: (\w+))? \S+ \S+\.pth --config', page)
    assert {name for _, tool, name in shown if tool.endswith('peers2mm.py')} == set(PEERS)
    for config, tool, name in shown:
        assert (CONFIGS.parent / tool).is_file()
        assert (CONFIGS.parent / config).is_file()
        assert name in (config.split('/')[2], '')
    for link in re.findall(r'\]\((\.\./configs/[^)]+)\)', page):
        assert (CONFIGS.parent / 'docs' / link).is_file(), link

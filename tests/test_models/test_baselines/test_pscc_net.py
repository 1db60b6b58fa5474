"""PSCC-Net against what the authors' code computed."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmseg.registry import MODELS, TRANSFORMS

from monfap_mm.cli import main
from monfap_mm.model_files.conversion import ConversionError, Folder, require_fit
from monfap_mm.models.baselines.pscc_net.checkpoint import to_state_dict
from monfap_mm.models.baselines.pscc_net.correlation import SpatioChannelCorrelation
from monfap_mm.models.baselines.pscc_net.losses import PSCCLoss, balanced_bce, scaled_targets
from monfap_mm.utils.state_dicts import compare_state_dicts
from tests.test_configs import load

from . import peers

CONFIG = Path(__file__).parents[3] / 'configs' / 'baselines' / 'pscc_net' / 'pscc-net_published_casia2.py'
CASES = {
    'a': ((64, 64), (2, 64, 64)),
    'b': ((64, 64), (1, 72, 56)),
    'c': ((64, 96), (1, 64, 96)),
    'd': ((256, 256), (1, 96, 128)),
}
LABELS = {'a': [0, 1], 'c': [1]}


def build(crop=(64, 64), config=CONFIG):
    cfg = load(config).model
    cfg.crop_size = crop
    cfg.backbone.init_cfg = None
    return revert_sync_batchnorm(MODELS.build(cfg)).eval()


def special(rng, key, shape):
    """Where the recipe of the reference differs from the shared one."""
    if 'gamma_' in key:
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) > 1:
        return 0.8 * rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    return None


def pictures(rng, batch, height, width):
    low = rng.standard_normal((batch, 3, -(-height // 16), -(-width // 16)))
    high = rng.standard_normal((batch, 3, height, width))
    offset = rng.uniform(-0.3, 0.3, (batch, 3, 1, 1))
    low = np.kron(low, np.ones((16, 16)))[:, :, :height, :width]
    return torch.from_numpy(np.clip(0.5 + offset + 0.2 * low + 0.1 * high, 0, 1).astype(np.float32))


@cache
def reference():
    rng = np.random.RandomState(20241103)
    official = peers.draw(peers.shapes('pscc_net'), rng, special)
    images = {case: pictures(rng, *size) for case, (_, size) in CASES.items()}
    return official, images, peers.arrays('pscc_net')


@pytest.fixture
def model():
    return loaded('a')


def loaded(case):
    torch.manual_seed(0)
    model = build(CASES[case][0])
    model.load_state_dict(to_state_dict(reference()[0]))
    return model


def masks(case):
    height, width = CASES[case][0]
    masks = torch.zeros(CASES[case][1][0], height, width, dtype=torch.long)
    masks[-1, int(0.25 * height) : int(0.7 * height), int(0.3 * width) : int(0.8 * width)] = 1
    return masks


def close(found, expected, tolerance=1e-5):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('case', CASES)
@torch.no_grad()
def test_masks_and_scores_of_the_reference(case):
    _, images, expected = reference()
    model, image = loaded(case), images[case]
    close(image[:, :, ::16, ::16], expected[f'{case}_input_sample'], 0)
    feats = model.extract_feat(image)
    for i, logits in enumerate(model.mask_head(feats), start=1):
        step = {1: 4, 2: 2}.get(i, 1) if case == 'd' else 1
        close(logits.sigmoid()[:, 0, ::step, ::step], expected[f'{case}_mask{i}'])
    close(model.detection_head(feats), expected[f'{case}_cls_logit'])


@pytest.mark.parametrize('case', ['a', 'b'])
@torch.no_grad()
def test_the_answer_is_that_of_resized_probabilities(case):
    _, images, expected = reference()
    answer = loaded(case).inference(images[case], [])
    close(answer.seg_logits.softmax(dim=1)[:, 1], expected['b_map' if case == 'b' else 'a_mask1'])
    close(answer.scores[:, 1], expected[f'{case}_score'])


# By the authors' names.
INSIDE = {
    'conv1': 'backbone.conv1',
    'conv2': 'backbone.conv2',
    'layer1': 'backbone.layer1',
    **{f'stage{i}': f'backbone.stage{i}' for i in (2, 3, 4)},
    **{f'getmask{i}_{part}': f'mask_head.levels.{i - 1}.{part}' for i in range(1, 5) for part in ('g', 'theta', 'phi')},
    **{f'getmask{i}_W_s': f'mask_head.levels.{i - 1}.project' for i in range(1, 5)},
    **{f'getmask{i}_W_c': f'mask_head.levels.{i - 1}.channel_project' for i in range(1, 5)},
    **{f'incre_modules_{i}': f'detection_head.widen.{i}' for i in range(4)},
    **{f'downsamp_modules_{i}': f'detection_head.downsample.{i}' for i in range(3)},
    'final_layer': 'detection_head.final',
}


@pytest.mark.parametrize('case', ['a', 'b'])
@torch.no_grad()
def test_samples_inside_the_reference(case):
    _, images, expected = reference()
    model, found = loaded(case), {}

    def keep(name, value):
        parts = {f'{name}_{i}': part for i, part in enumerate(value)} if isinstance(value, list) else {name: value}
        found.update({name: part.clone() for name, part in parts.items()})

    for theirs, ours in INSIDE.items():
        model.get_submodule(ours).register_forward_hook(lambda *call, theirs=theirs: keep(theirs, call[-1]))
    model.forward_all(images[case])
    assert {f'{case}_{name}_stat' for name in found} == {
        key for key in expected if key.startswith(f'{case}_') and key.endswith('_stat')
    }
    for name, x in found.items():
        scale = expected[f'{case}_{name}_stat'].abs().max().clamp(min=1)
        close(torch.stack([x.mean(), x.std(correction=0)]) / scale, expected[f'{case}_{name}_stat'] / scale)
        if case == 'a':
            step = [max(1, x.shape[1] // 4), max(1, x.shape[2] // 5), max(1, x.shape[3] // 5)]
            close(x[:, :: step[0], :: step[1], :: step[2]], expected[f'a_{name}_sample'], 5e-5)


@pytest.mark.parametrize('case', LABELS)
def test_targets_and_losses_of_the_reference(case):
    _, images, expected = reference()
    sizes = [expected[f'{case}_mask{i}'].shape[1:] for i in range(1, 5)]
    targets, counted = scaled_targets(masks(case), sizes)
    for i, target in enumerate(targets, start=1):
        assert (target == expected[f'{case}_target{i}']).all()
    assert all(counts.all() for counts in counted)
    losses = loaded(case).loss(images[case], peers.samples(LABELS[case], masks(case)))
    assert list(losses) == [f'loss_mask_{i}' for i in range(1, 5)] + ['loss_cls']
    *scales, of_masks, detection, total = expected[f'{case}_losses']
    close(torch.stack(list(losses.values())), torch.stack([*scales, detection]))
    close(sum(losses.values()), total)
    close(of_masks + detection, total)


def test_gradients_reach_every_parameter(model):
    _, images, _ = reference()
    model.train()
    sum(model.loss(images['a'], peers.samples([0, 1], masks('a'))).values()).backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]
    dead = [name for name, parameter in model.named_parameters() if not parameter.grad.any()]
    assert not dead


@pytest.mark.parametrize('label', [0, 1])
def test_batches_of_one_kind(model, label):
    _, images, _ = reference()
    area = torch.full((2, 64, 64), label)
    losses = model.train().loss(images['a'], peers.samples([label] * 2, area))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize('size', [(1, 1), (7, 5), (33, 65), (129, 194)])
@torch.no_grad()
def test_any_size(model, size):
    answer = model.inference(torch.rand(1, 3, *size), [])
    assert answer.seg_logits.shape == (1, 2, *size)
    assert answer.seg_logits.isfinite().all()
    assert answer.scores.isfinite().all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast(model, dtype):
    """At a small size: fp16 is slow on a CPU."""
    model.crop_size = (16, 16)
    image = reference()[1]['a'][..., 24:40, 24:40]
    exact = model.inference(image, [])
    with torch.autocast('cpu', dtype):
        answer = model.inference(image, [])
        losses = model.loss(image, peers.samples([0, 1], masks('a')[:, 24:40, 24:40]))
    torch.testing.assert_close(answer.scores, exact.scores, atol=0.05, rtol=0)
    assert answer.seg_logits.isfinite().all()
    assert all(value.isfinite() and value.dtype == torch.float32 for value in losses.values())


def test_masks_beyond_doubt_stay_finite(model):
    torch.nn.init.constant_(model.mask_head.levels[0].mask[2].bias, 500.0)
    logits = model.forward_all(torch.rand(1, 3, 16, 16)).mask_logits
    assert logits.isfinite().all()
    assert (logits[:, 1] > logits[:, 0]).all()


def plain_correlation(layer, x, published):
    """By whole matrices, as the sheet has them."""
    batch, channels, height, width = x.shape
    r = layer.reduction
    strips = x.reshape(batch, channels * r * r, height // r, width // r)
    theta, phi, g = (conv(strips).flatten(2) for conv in (layer.theta, layer.phi, layer.g))
    by_position = (theta.transpose(1, 2) @ phi).softmax(dim=-1) @ g.transpose(1, 2)
    by_channel = g.transpose(1, 2) @ (theta @ phi.transpose(1, 2)).softmax(dim=-1)
    y_s = by_position.transpose(1, 2).reshape(x.shape)
    y_c = (by_channel if published else by_channel.transpose(1, 2)).reshape(x.shape)
    return layer.mask(x + layer.gamma * layer.project(y_s) + layer.channel_gamma * layer.channel_project(y_c))


@pytest.mark.parametrize('published', [True, False])
def test_correlation_by_whole_matrices(published):
    layer = SpatioChannelCorrelation(3, 2, published).double()
    torch.nn.init.constant_(layer.gamma, 0.3)
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64)
    close(layer(x), plain_correlation(layer, x, published), 1e-10)
    assert not torch.allclose(layer(x), plain_correlation(layer, x, not published), atol=1e-4)


def test_its_limit_of_one_piece_holds_in_the_command(tmp_path):
    """2365 x 2365 pixels are just above a third of 4096 x 4096; they are refused by the file's head alone."""
    config = CONFIG.parents[2] / 'demo' / 'pscc-net_demo.py'
    model = revert_sync_batchnorm(MODELS.build(load(config).model))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    for name, side in dict(large=2365, small=64).items():
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((side, side, 3), np.uint8))
    out = tmp_path / 'out'
    command = ['predict', *map(str, (tmp_path / 'large.png', tmp_path / 'small.png')), '--model', str(config)]
    assert main([*command, '--weights', str(tmp_path / 'weights.pth'), '--out', str(out), '--device', 'cpu']) == 0
    lines = [json.loads(line) for line in (out / 'predictions.jsonl').read_text().splitlines()]
    errors = {Path(line['path']).name: line['error'] for line in lines if 'path' in line}
    assert errors['small.png'] is None
    assert errors['large.png'].startswith('2365 x 2365 pixels are too many for one piece: use mode slide')


def test_weights_of_the_other_order_are_refused():
    trained = build(config=CONFIG.with_name('pscc-net_1xb10-25e_casia2-256x256.py'))
    (line,) = compare_state_dicts(trained.state_dict(), build().state_dict())
    assert 'published_order' in line


@torch.no_grad()
def test_inference_form(model):
    _, images, expected = reference()
    model.to_inference()
    assert not any('BatchNorm' in type(module).__name__ for module in model.modules())
    close(model.forward_all(images['a']).cls_logits, expected['a_cls_logit'], 1e-4)


def test_three_files_are_joined_and_other_keys_named():
    official = reference()[0]
    parts = {'HRNet.pth': 'FENet.', 'NLCDetection.pth': 'SegNet.', 'DetectionHead.pth': 'ClsNet.'}
    files = {
        file: {f'module.{key.removeprefix(part)}': value for key, value in official.items() if key.startswith(part)}
        for file, part in parts.items()
    }
    target = build().state_dict()
    require_fit(to_state_dict(Folder(files)), target)
    del files['DetectionHead.pth']
    files['NLCDetection.pth']['module.surplus'] = torch.zeros(1)
    with pytest.raises(ConversionError, match='missing: detection_head') as error:
        require_fit(to_state_dict(Folder(files)), target)
    assert 'surplus' in str(error.value)


def test_balanced_cross_entropy_in_closed_form():
    logits = torch.tensor([[[0.0, 1.0], [2.0, 3.0]]])
    target = torch.tensor([[[False, False], [False, True]]])
    everywhere = torch.ones_like(target)
    expected = (0.5 / 0.75 * (F.softplus(torch.tensor([0.0, 1, 2]))).sum() + 0.5 / 0.25 * np.log(1 + np.exp(-3))) / 4
    close(balanced_bce(logits, target, everywhere), expected)
    close(balanced_bce(logits, torch.zeros_like(target), everywhere), F.softplus(logits).mean())  # weights of 1
    close(balanced_bce(logits, everywhere, everywhere), 0.5 * F.softplus(-logits).mean())
    assert balanced_bce(logits, target, ~everywhere) == 0


def test_ignored_pixels_do_not_count():
    loss, labels = PSCCLoss(), torch.tensor([1])
    area = masks('c')
    area[..., 48:] = 255
    logits = [torch.randn(1, 1, 64 >> i, 96 >> i) for i in range(4)]
    changed = [torch.where(torch.arange(96 >> i) < (48 >> i), one, one + 1) for i, one in enumerate(logits)]
    one, two = (loss(value, torch.zeros(1, 2), area, labels) for value in (logits, changed))
    assert one == two


def test_masks_of_another_size_than_the_heads():
    area = torch.zeros(1, 128, 128, dtype=torch.long)
    area[:, 32:96, 32:96] = 1
    area[:, 127, 127] = 255
    (finest, second), (counts, _) = scaled_targets(area, [torch.Size((64, 64)), torch.Size((32, 32))])
    expected = torch.zeros(1, 64, 64, dtype=torch.bool)
    expected[:, 16:48, 16:48] = True
    assert (finest == expected).all()
    assert (second == expected[:, ::2, ::2]).all()
    assert counts.shape == finest.shape


def test_flips_and_rotations_move_image_and_mask_together():
    """All eight of the square, as the shipped recipe draws them."""
    path = CONFIG.with_name('pscc-net_1xb10-25e_ofv2-256x256.py')
    (step,) = [step for step in load(path).train_dataloader.dataset.pipeline if step.type == 'Albu']
    transform, seen = TRANSFORMS.build(step), set()
    mask = np.arange(16, dtype=np.uint8).reshape(4, 4)
    for _ in range(100):
        results = transform(dict(img=np.dstack([mask] * 3), gt_seg_map=mask, seg_fields=['gt_seg_map']))
        assert (results['img'][..., 0] == results['gt_seg_map']).all()
        seen.add(results['gt_seg_map'].tobytes())
    assert len(seen) == 8


@pytest.mark.parametrize('crop', [(60, 64), (0, 8)])
def test_crop_sizes_that_the_heads_cannot_divide(crop):
    with pytest.raises(ValueError, match='multiples of 8'):
        build(crop)


@pytest.mark.parametrize('share', [0, 1, -1])
def test_bad_share(share):
    with pytest.raises(ValueError, match='authentic_share'):
        PSCCLoss(share)

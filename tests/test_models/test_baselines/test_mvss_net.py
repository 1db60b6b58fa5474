"""MVSS-Net against what the authors' code computed, mostly on an instance of an eighth of the width."""

from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmseg.models.decode_heads import DAHead
from mmseg.registry import MODELS

from monfap_mm.model_files.conversion import ConversionError, require_fit
from monfap_mm.models.baselines.mvss_net.checkpoint import to_state_dict
from monfap_mm.models.baselines.mvss_net.dual_attention import DualAttentionHead
from monfap_mm.models.baselines.mvss_net.edge_stream import EdgeResidualBlock, SobelGate
from monfap_mm.models.baselines.mvss_net.losses import MVSSLoss, edge_band, squared_dice_loss
from monfap_mm.utils.state_dicts import compare_state_dicts
from tests.test_configs import load

from . import peers

CONFIG = Path(__file__).parents[3] / 'configs' / 'baselines' / 'mvss_net' / 'mvss-net_published_casia2-512x512.py'
SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def full():
    """The shipped model."""
    cfg = load(CONFIG).model
    for backbone in (cfg.backbone, cfg.noise_backbone):
        backbone.init_cfg = None
    return revert_sync_batchnorm(MODELS.build(cfg)).eval()


def small(config=CONFIG):
    """The shipped model at an eighth of its width."""
    cfg = load(config).model
    for backbone in (cfg.backbone, cfg.noise_backbone):
        backbone.update(base_channels=8, stem_channels=8, init_cfg=None)
    cfg.decode_head.update(in_channels=[256, 256], channels=128, pam_channels=16)
    cfg.edge_stream.in_channels = [32, 64, 128, 256]
    return revert_sync_batchnorm(MODELS.build(cfg)).eval()


def special(channels, rng, key, shape):
    """Where the recipe of the reference differs from the shared one."""
    if '.fc.' in key:
        return np.zeros(shape)
    if key.startswith('sobel_') and key.endswith('.0.weight'):
        return np.broadcast_to(SOBEL if key.startswith('sobel_x') else SOBEL.T, shape)
    if key == 'constrain_conv.kernel' or key.endswith(('.alpha', '.beta')):
        return rng.uniform(0.2, 1.0, shape)
    if key.startswith('sobel_') and key.endswith('running_var'):
        return rng.uniform(0.5, 1.5, shape) * channels[int(key[7]) - 1] ** 2
    if key.startswith('erb_') and key.endswith('conv1.bias'):
        return rng.uniform(1.0, 2.0, shape)
    return None


def noise(rng, batch, height, width):
    low, high = (
        rng.standard_normal((batch, 3, height // 16, width // 16)),
        rng.standard_normal((batch, 3, height, width)),
    )
    return torch.from_numpy((np.repeat(np.repeat(low, 16, 2), 16, 3) + 0.5 * high).astype(np.float32))


@cache
def reference():
    rng = np.random.RandomState(1)
    shapes = peers.shapes('mvss_net', 'small_state_dict_shapes.json')
    official = peers.draw(shapes, rng, partial(special, (32, 64, 128, 256)))
    return official, noise(rng, 2, 64, 64), noise(rng, 1, 48, 80), peers.arrays('mvss_net', 'small_forward.npz')


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = small()
    model.load_state_dict(to_state_dict(reference()[0]))
    return model


def masks():
    masks = torch.zeros(2, 64, 64, dtype=torch.long)
    masks[1, 16:44, 19:51] = 1
    return masks


def close(found, expected, tolerance=1e-4):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@torch.no_grad()
def test_logits_and_scores_of_the_reference(model):
    _, a, b, expected = reference()
    check_answers(model, a, b, expected)


@pytest.mark.slow
@torch.no_grad()
def test_the_whole_network():
    """142.7 M weights."""
    rng, model = np.random.RandomState(2), full()
    official = peers.draw(peers.shapes('mvss_net'), rng, partial(special, (256, 512, 1024, 2048)))
    model.load_state_dict(to_state_dict(official))
    assert sum(parameter.numel() for parameter in model.parameters()) == 142_713_215
    expected = peers.arrays('mvss_net')
    a, b = noise(rng, 2, 128, 128), noise(rng, 1, 96, 160)
    check_answers(model, a, b, expected)
    area = torch.zeros(2, 128, 128, dtype=torch.long)
    area[1, 32:89, 38:102] = 1
    losses = model.loss(a, peers.samples([0, 1], area))
    close(torch.stack(list(losses.values())), torch.tensor([0.16, 0.8, 0.04]) * expected['a_losses'][:3], 1e-5)


def check_answers(model, a, b, expected):
    close(a[:, :, ::16, ::16], expected['a_input_sample'], 0)
    for name, images, step in (('a', a, 1), ('b', b, 4)):
        feats = [model.extract_feat(images)[-1], model.noise_stream(images)]
        close(model.decode_head(feats), expected[f'{name}_head_logits'])
        close(model.forward_all(images).mask_logits[..., ::step, ::step], expected[f'{name}_mask_logits'])
        close(model.edge_logits(images), expected[f'{name}_edge_logits'])
        answer = model.inference(images, [])
        fake = answer.seg_logits[:, 1:] - answer.seg_logits[:, :1]
        close(fake[..., ::step, ::step], expected[f'{name}_mask_logits'])
        close(answer.scores[:, 1], expected[f'{name}_image_score'], 1e-5)


@torch.no_grad()
def test_samples_inside_the_reference(model):
    _, a, _, expected = reference()
    ours = {
        **{f'model_layer{i}': f'backbone.layer{i}' for i in range(1, 5)},
        **{f'noise_extractor_model_layer{i}': f'noise_stream.backbone.layer{i}' for i in (1, 4)},
        **{f'sobelgate_{i}': f'edge_stream.gates.{i - 1}' for i in range(1, 5)},
        **{f'erb_db_{i}': f'edge_stream.level_blocks.{i - 1}' for i in range(1, 5)},
        **{f'erb_trans_{i}': f'edge_stream.chain_blocks.{i - 1}' for i in range(1, 4)},
        'constrain_conv': 'noise_stream.constrained_conv',
        'head_conv_p1': 'decode_head.pam_in_conv',
        'head_pam': 'decode_head.pam',
        'head_conv_p2': 'decode_head.pam_out_conv',
        'head_conv_c1': 'decode_head.cam_in_conv',
        'head_cam': 'decode_head.cam',
        'head_conv_c2': 'decode_head.cam_out_conv',
    }
    found = {}
    for name in ours.values():
        model.get_submodule(name).register_forward_hook(lambda *call, name=name: found.update({name: call[-1]}))
    model.forward_all(a)
    model.edge_logits(a)
    assert sorted(f'a_{name}_sample' for name in ours) == sorted(
        k for k in expected if k.endswith('_sample') and 'input' not in k
    )
    for theirs, name in ours.items():
        x = found[name]
        step = [max(1, x.shape[1] // 6), max(1, x.shape[2] // 4), max(1, x.shape[3] // 4)]
        close(x[:, :: step[0], :: step[1], :: step[2]], expected[f'a_{theirs}_sample'])
        close(torch.stack([x.mean(), x.std(correction=0)]), expected[f'a_{theirs}_stat'])
    kernel = model.noise_stream.constrained_conv.kernel().flatten(1)
    close(kernel[:, 12], -torch.ones(3), 0)
    close(torch.cat([kernel[:, :12], kernel[:, 13:]], dim=1), expected['a_bayar_kernel'].reshape(3, 24), 1e-6)


def test_losses_of_the_reference(model):
    _, a, _, expected = reference()
    samples = peers.samples([0, 1], masks())
    losses = model.loss(a, samples)
    assert list(losses) == ['loss_seg', 'loss_edge', 'loss_clf']
    seg, edge, clf, total = expected['a_losses'][:4]
    close(losses['loss_seg'], 0.16 * seg, 1e-5)
    close(losses['loss_edge'], 0.8 * edge, 1e-5)
    close(losses['loss_clf'], 0.04 * clf, 1e-5)
    close(sum(losses.values()), total, 1e-5)
    band = np.unpackbits(expected['a_edge_target'].numpy())[: 2 * 64 * 64].reshape(2, 64, 64)
    assert (edge_band(masks(), 7).numpy() == band).all()


def test_gradients_reach_every_parameter(model):
    _, a, _, _ = reference()
    model.train()
    sum(model.loss(a, peers.samples([0, 1], masks())).values()).backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]
    dead = [name for name, parameter in model.named_parameters() if not parameter.grad.any()]
    # A bias before a batch norm has no effect in training.
    assert all(name.endswith('conv2.bias') for name in dead), dead


@pytest.mark.parametrize(('labels', 'zero'), [([0, 0], ['loss_seg', 'loss_edge']), ([1, 1], [])])
def test_batches_of_one_kind(model, labels, zero):
    _, a, _, _ = reference()
    area = masks()[1:].repeat(2, 1, 1) * labels[0]
    losses = model.train().loss(a, peers.samples(labels, area))
    assert [name for name, value in losses.items() if value == 0] == zero
    sum(losses.values()).backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def test_a_uniform_picture_trains_without_nan(model):
    """The square root of the authors' Sobel gate has no gradient at 0."""
    model.train()
    losses = model.loss(torch.zeros(2, 3, 64, 64), peers.samples([0, 1], masks()))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize('size', [(1, 1), (7, 5), (65, 33), (129, 194)])
@torch.no_grad()
def test_any_size(model, size):
    answer = model.inference(torch.randn(1, 3, *size), [])
    assert answer.seg_logits.shape == (1, 2, *size)
    assert answer.seg_logits.isfinite().all()
    assert model.edge_logits(torch.randn(1, 3, *size)).isfinite().all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast(model, dtype):
    _, a, _, expected = reference()
    with torch.autocast('cpu', dtype):
        answer = model.inference(a, [])
        losses = model.loss(a, peers.samples([0, 1], masks()))
    torch.testing.assert_close(answer.scores[:, 1], expected['a_image_score'], atol=0.05, rtol=0)
    assert all(value.isfinite() and value.dtype == torch.float32 for value in losses.values())


def test_pictures_so_bright_that_fp16_overflows(model):
    with torch.autocast('cpu', torch.float16):
        x = torch.full((1, 128, 16, 16), 60.0, dtype=torch.float16)
        assert model.decode_head.cam(x).isfinite().all()
        assert model.edge_stream.gates[3](torch.full((1, 256, 8, 8), 300.0, dtype=torch.float16)).isfinite().all()


def test_the_channel_order_turns_the_grays():
    """Red counts 0.2989 and blue 0.1140, in whichever order they come."""
    bgr, rgb = small(), small(CONFIG.with_name('mvss-net_1xb12-200e_casia2-512x512.py'))
    rgb.load_state_dict(bgr.state_dict())
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        close(rgb.noise_stream(images.flip(1)), bgr.noise_stream(images), 1e-5)
        assert not torch.allclose(rgb.noise_stream(images), bgr.noise_stream(images), atol=1e-3)
    assert rgb.noise_stream.gray.flatten().tolist() == pytest.approx([0.2989, 0.5870, 0.1140])


def test_weights_of_the_other_channel_order_are_refused():
    bgr, rgb = small(), small(CONFIG.with_name('mvss-net_1xb12-200e_casia2-512x512.py'))
    (line,) = compare_state_dicts(rgb.state_dict(), bgr.state_dict())
    assert 'channel_order' in line


@torch.no_grad()
def test_inference_form(model):
    _, a, _, expected = reference()
    model.to_inference()
    assert not [
        name
        for name, module in model.named_modules()
        if name.startswith('backbone') and 'BatchNorm' in type(module).__name__
    ]
    close(model.forward_all(a).mask_logits, expected['a_mask_logits'])


def test_a_checkpoint_that_lacks_a_key_or_has_another():
    official, *_ = reference()
    official = {f'module.{key}': value for key, value in official.items()}
    target = small().state_dict()
    require_fit(to_state_dict(official), target)
    del official['module.sobel_y2.1.running_var']
    official['module.surplus'] = torch.zeros(1)
    with pytest.raises(ConversionError, match=r'1 missing: edge_stream.gates.1.norm.running_var') as error:
        require_fit(to_state_dict(official), target)
    assert 'sobel_x2.1.running_var' in str(error.value)
    assert 'surplus' in str(error.value)


def test_sobel_gate_is_that_of_each_channel():
    """By convolving all channels, as the authors do."""
    gate, x = SobelGate(dict(type='BN')).double().eval(), torch.randn(2, 5, 9, 7, dtype=torch.float64)
    gate.norm.running_var.fill_(4 - gate.norm.eps)
    along = [
        F.conv2d(x, torch.from_numpy(kernel).double().expand(1, 5, 3, 3), padding=1) / 2
        for kernel in (SOBEL, SOBEL.T.copy())
    ]
    expected = (along[0] ** 2 + along[1] ** 2).sqrt().sigmoid() * x
    torch.testing.assert_close(gate(x), expected)


def test_edge_block_ends_with_relu_or_not():
    block = EdgeResidualBlock(3, dict(type='BN'), with_relu=False).eval()
    x = torch.randn(1, 3, 8, 8)
    plain = block(x)
    block.with_relu = True
    assert (plain < 0).any()
    close(block(x), plain.clamp(min=0), 0)


def test_head_is_mmsegs_without_its_auxiliary_outputs():
    settings = dict(
        in_channels=12,
        channels=8,
        pam_channels=4,
        num_classes=2,
        out_channels=1,
        threshold=0.5,
        norm_cfg=dict(type='BN'),
    )
    ours, theirs = DualAttentionHead(**settings).eval(), DAHead(**settings).eval()
    for attention in (theirs.pam, theirs.cam):
        torch.nn.init.constant_(attention.gamma.scale, 0.7)
    lacking = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert not lacking.missing_keys
    assert {key.rpartition('.')[0] for key in lacking.unexpected_keys} == {'pam_conv_seg', 'cam_conv_seg'}
    x = torch.randn(2, 12, 5, 7)
    close(ours([x]), theirs([x])[0], 1e-6)


def test_head_serves_a_plain_encoder_decoder():
    cfg = dict(in_channels=12, channels=8, pam_channels=4, num_classes=2, norm_cfg=dict(type='BN'), align_corners=False)
    head, x = DualAttentionHead(**cfg).eval(), torch.randn(2, 12, 8, 8)
    close(head.predict([x], [dict(img_shape=(8, 8))] * 2, {}), head([x]), 0)
    losses = head.loss([x], peers.samples([0, 1], masks()), {})
    expected = F.cross_entropy(F.interpolate(head([x]), (64, 64), mode='bilinear'), masks())
    close(losses['loss_ce'], expected)


def test_edge_band_by_hand():
    mask = torch.zeros(1, 5, 7, dtype=torch.long)
    mask[0, 2, 3] = 1
    expected = ['0000000', '0001000', '0011100', '0001000', '0000000']
    assert [''.join(str(int(v)) for v in row) for row in edge_band(mask, 3)[0]] == expected
    mask[:, :, 5:] = 255
    mask[:, :, :5] = 1
    assert not edge_band(mask, 3).any()  # neither the border of the image nor what does not count


def test_dice_in_closed_form():
    prob, target = torch.full((1, 2, 2), 0.5), torch.tensor([[[1.0, 0], [0, 0]]])
    close(squared_dice_loss(prob, target), torch.tensor([1 - 2 * 0.5 / (4 * 0.25 + 1)]), 1e-6)
    close(squared_dice_loss(0 * prob, 0 * target), torch.ones(1), 0)
    close(squared_dice_loss(target, target), torch.zeros(1), 1e-6)


def test_ignored_pixels_do_not_count_in_the_mask():
    loss, labels = MVSSLoss(), torch.tensor([1])
    area = torch.zeros(1, 16, 16, dtype=torch.long)
    area[:, :8] = 1
    area[:, :, 8:] = 255
    logits, edges = torch.randn(1, 1, 16, 16), torch.randn(1, 1, 4, 4)
    changed = logits.clone()
    changed[..., 8:] -= 3  # lower, so that the largest pixel may stay
    changed[..., 0, 0] = logits[..., 0, 0] = 9
    one, two = (loss(value, edges, area, labels) for value in (logits, changed))
    close(one['loss_seg'], two['loss_seg'], 0)


@pytest.mark.parametrize('classes', [dict(num_classes=3, out_channels=3), dict(num_classes=2, out_channels=2)])
def test_a_head_of_other_classes_is_refused(classes):
    cfg = load(CONFIG).model
    cfg.decode_head.update(classes)
    cfg.decode_head.update(channels=8, pam_channels=4)
    with pytest.raises(ValueError, match='set decode_head.num_classes=2 and decode_head.out_channels=1'):
        MODELS.build(cfg)


@pytest.mark.parametrize(
    ('settings', 'message'), [(dict(seg_weight=0.9, clf_weight=0.2), 'at most 1'), (dict(edge_width=4), 'odd')]
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        MVSSLoss(**settings)

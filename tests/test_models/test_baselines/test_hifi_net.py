"""HiFi-Net against the reference, and what the reference cannot tell."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmseg.registry import MODELS

from monfap_mm.model_files.conversion import Folder
from monfap_mm.models.baselines.hifi_net.checkpoint import to_state_dict
from monfap_mm.models.baselines.hifi_net.fenet import FENet, complete
from monfap_mm.models.baselines.hifi_net.hierarchy import weight_by_parents
from monfap_mm.models.baselines.hifi_net.laplacian import LaplacianBlock
from monfap_mm.models.baselines.hifi_net.losses import balanced_bce, class_loss, distance, distance_loss
from monfap_mm.models.baselines.hifi_net.partial_convs import PartialConvs
from monfap_mm.models.layers.memory_order_attention import MemoryOrderAttention
from tests.samples import make_samples, train_steps
from tests.test_configs import load

from . import peers

CONFIGS = Path(__file__).parents[3] / 'configs'
PUBLISHED = {'api': 'hifi-net_published_ofv2-256x256.py', 'loc': 'hifi-net-loc_published_ofv2.py'}
INSTANCES = {'a': ('api', (2, 64, 64)), 'b': ('api', (1, 64, 96)), 'c': ('loc', (2, 96, 64))}
# The network that only localizes takes a minute.
each = pytest.mark.parametrize('name', ['a', 'b', pytest.param('c', marks=pytest.mark.slow)])
RADIUS = {'api': 3.0, 'loc': 0.7}


def build(config, **head):
    """Model of a config without pretrained weights."""
    model = load(config).model
    model.backbone.pop('init_cfg')
    model.decode_head.update(head)
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(model))


def special(rng, key, shape):
    """The recipe of the sheet where it is not the shared one."""
    if 'smoothing' in key:
        scale = float(key.split('scale-')[1].split('.')[0])
        line = np.exp(-np.array([1, 0, 1]) / (2 * scale**2))
        kernel = np.outer(line, line)
        return np.broadcast_to(kernel / kernel.sum(), shape)
    if 'mask_conv' in key:
        return np.ones(shape)
    if key.endswith('gamma_s'):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) > 1:
        return 0.8 * peers.draw_one(rng, key, shape)
    return None


def draw_images(rng, batch, height, width):
    coarse = rng.standard_normal((batch, 3, -(-height // 16), -(-width // 16)))
    fine = rng.standard_normal((batch, 3, height, width))
    offset = rng.uniform(-0.3, 0.3, (batch, 3, 1, 1))
    coarse = coarse.repeat(16, axis=2).repeat(16, axis=3)[..., :height, :width]
    return torch.from_numpy(np.clip(0.5 + offset + 0.2 * coarse + 0.1 * fine, 0, 1).astype(np.float32))


def draw_references(kind):
    """By instance of a kind: published model with the reference's weights, images, center."""
    rng = np.random.RandomState(20241102)
    shapes = peers.shapes('hifi_net', f'state_dict_shapes{"" if kind == "api" else "_loc"}.json')
    weights = to_state_dict(peers.draw(shapes, rng, special))
    model = build(CONFIGS / 'baselines' / 'hifi_net' / PUBLISHED[kind])
    model.load_state_dict(weights, strict=True)
    made = {}
    for name, (of, size) in INSTANCES.items():
        if of == kind:
            images = draw_images(rng, *size)
            center = rng.uniform(0, 2 if kind == 'api' else 1, 18).astype(np.float32)
            made[name] = model.eval(), images, torch.from_numpy(center)
    return made


@pytest.fixture(scope='module')
def references():
    return cache(draw_references)


@pytest.fixture
def instance(name, references):
    return references(INSTANCES[name][0])[name]


def thin(x):
    """As the reference samples feature maps."""
    _, c, h, w = x.shape
    return x[:, :: max(1, c // 4), :: max(1, h // 6), :: max(1, w // 6)]


@each
@torch.no_grad()
def test_reference(instance, name):
    model, images, center = instance
    expected = peers.arrays('hifi_net')
    output = model.decode_head(model.extract_feat(images), images)
    step, stride = (1, 8) if name != 'c' else (4, 16)
    mask = output.mask_logits.sigmoid()[:, 0]
    for key, value in zip(('cls3', 'cls5', 'cls7', 'cls14'), output.levels):
        torch.testing.assert_close(value, expected[f'{name}_{key}'], atol=1e-5, rtol=0)
    torch.testing.assert_close(mask[:, ::step, ::step], expected[f'{name}_mask_binary'], atol=1e-5, rtol=0)
    sample = output.features[:, :, ::stride, ::stride]
    torch.testing.assert_close(sample, expected[f'{name}_mask_feat_sample'], atol=1e-4, rtol=0)
    away = distance(output.features, center)
    torch.testing.assert_close(away[:, ::stride, ::stride], expected[f'{name}_dist_sample'], atol=1e-4, rtol=0)
    score = model.forward_all(images).cls_logits.softmax(dim=1)[:, 1]
    torch.testing.assert_close(score, expected[f'{name}_score'].float(), atol=1e-5, rtol=0)


@each
@torch.no_grad()
def test_intermediate_features(instance, name):
    model, images, _ = instance
    backbone, head = model.backbone, model.decode_head
    modules = {
        'conv2': backbone.conv2,
        'laplacian': backbone.frequency[3],
        'conv2fre': backbone.frequency[4],
        'conv_1x1_merge': backbone.merge,
        'layer1': backbone.layer1,
        'getmask_g': head.mask_branch.attention.g,
        'getmask_theta': head.mask_branch.attention.theta,
        'getmask_phi': head.mask_branch.attention.phi,
        'getmask_W_s': head.mask_branch.attention.project,
        **{f'branch_cls_level_{4 - i}_branch_cls': branch.convs for i, branch in enumerate(head.classes)},
    }
    found = {}
    hooks = [m.register_forward_hook(lambda *a, k=k: found.update({k: a[2].clone()})) for k, m in modules.items()]
    hooks += [
        getattr(backbone, stage).register_forward_hook(
            lambda *a, k=stage: found.update({f'{k}_{i}': feat for i, feat in enumerate(a[2])})
        )
        for stage in ('stage2', 'stage3', 'stage4')
    ]
    head(model.extract_feat(images), images)
    for hook in hooks:
        hook.remove()
    expected = peers.arrays('hifi_net')
    assert len(found) == len(modules) + 12
    kept = {key: value for key, value in found.items() if f'{name}_{key}_sample' in expected}
    assert len(kept) == (6 if name == 'b' else len(found))
    for key, value in kept.items():
        sample = expected[f'{name}_{key}_sample']
        torch.testing.assert_close(thin(value), sample, atol=1e-4 * sample.abs().max().item(), rtol=1e-4)
        mean, std = expected[f'{name}_{key}_stat'].tolist()
        assert value.double().mean().item() == pytest.approx(mean, abs=1e-4)
        assert value.double().std(correction=0).item() == pytest.approx(std, rel=1e-4, abs=1e-6)


@each
@torch.no_grad()
def test_losses_of_the_reference(instance, name):
    model, images, center = instance
    kind, (batch, height, width) = INSTANCES[name]
    if kind == 'loc':
        height = width = 256
    masks = torch.zeros(batch, height, width, dtype=torch.long)
    masks[-1, int(0.25 * height) : int(0.7 * height), int(0.3 * width) : int(0.8 * width)] = 1
    paths = torch.tensor([[1, 1, 1, 1]] if name == 'b' else [[0, 0, 0, 0], [1, 2, 2, 4]])
    output = model.decode_head(model.extract_feat(images), images)
    expected = dict(
        zip(
            ('map', 'far', 'near', 'bin', 'L1', 'L2', 'L3', 'L4', 'full', 'local_dm', 'local_ce'),
            peers.arrays('hifi_net')[f'{name}_losses'].tolist(),
        )
    )
    near, far = distance_loss(output.features, masks, center, torch.tensor(RADIUS[kind]))
    assert (near.item(), far.item()) == pytest.approx((expected['near'], expected['far']), rel=1e-5)
    assert balanced_bce(output.mask_logits[:, 0], masks).item() == pytest.approx(expected['bin'], rel=1e-5)
    for i, logits in enumerate(output.levels):
        counts = paths[:, 0] > 0 if i < 3 else None
        assert class_loss(logits, paths[:, i], counts).item() == pytest.approx(expected[f'L{i + 1}'], rel=1e-5)
    # The totals, through the head, whose fakes all have one path.
    if name == 'b':
        model.decode_head.fake_path.fill_(1)
    samples = peers.samples(paths.amax(dim=1).clamp(max=1).tolist(), masks)
    total = sum(model.decode_head.loss(model.extract_feat(images), images, samples).values()).item()
    model.decode_head.fake_path.copy_(torch.tensor([1, 2, 2, 4]))
    if kind == 'api':  # with the balanced cross-entropy in the place of the map's loss
        total += 100 * (expected['map'] - expected['bin'])
        assert total == pytest.approx(expected['full'], rel=1e-5)
    else:
        assert total == pytest.approx(expected['local_ce'], rel=1e-5)


def recipe():
    return CONFIGS / 'baselines' / 'hifi_net' / 'hifi-net_1xb10-24e_ofv2-256x256.py'


@pytest.mark.parametrize('labels', [(0, 1), (0, 0), (1, 1)])
@pytest.mark.parametrize('distance_map', [False, True])
def test_all_weights_that_are_trained_get_gradients(labels, distance_map):
    model = build(recipe(), distance_map=distance_map)
    train_steps(model, torch.rand(2, 3, 32, 40), make_samples((32, 40), labels))


@pytest.mark.parametrize('kind', PUBLISHED)
def test_published_networks_train_but_for_the_partial_convs(kind):
    branch = {} if kind == 'api' else dict(mask_branch=dict(type='HiFiFPNMaskBranch', size=64))
    model = build(CONFIGS / 'baselines' / 'hifi_net' / PUBLISHED[kind], **branch)
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == {f'decode_head.partial_convs.convs.{i}.{w}' for i in range(3) for w in ('weight', 'bias')}
    train_steps(model, torch.rand(2, 3, 32, 40), make_samples((32, 40)))


@pytest.mark.parametrize('size', [(1, 1), (16, 9), (33, 50)])
@torch.no_grad()
def test_any_size_and_batch_of_one(size):
    model = build(recipe()).eval()
    (sample,) = model.predict(torch.rand(1, 3, *size), make_samples(size, labels=(1,)))
    assert sample.seg_logits.data.shape == (2, *size)
    assert sample.pred_label.score.sum().item() == pytest.approx(1)
    assert torch.isfinite(sample.seg_logits.data).all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_finite(dtype):
    model = build(recipe(), distance_map=True)
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(torch.rand(2, 3, 32, 32), make_samples((32, 32)))
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_inference_form_gives_the_same_answers():
    model = build(recipe()).eval()
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        before = model.forward_all(images)
        model.to_inference()
        after = model.forward_all(images)
    torch.testing.assert_close(after.mask_logits, before.mask_logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.cls_logits, before.cls_logits, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.backbone.frequency.modules())


@torch.no_grad()
def test_laplacian_is_blur_downsampling_and_upsampling():
    block = LaplacianBlock(3)
    x = torch.randn(2, 3, 27, 22)
    for i, scale in enumerate(block.scales):
        line = torch.exp(-torch.tensor([1.0, 0, 1]) / (2 * scale**2))
        kernel = torch.outer(line, line)
        blurred = F.conv2d(x, (kernel / kernel.sum()).expand(3, 1, 3, 3), groups=3)
        small = F.interpolate(blurred, scale_factor=1 / scale, mode='bilinear', recompute_scale_factor=False)
        expected = F.interpolate(small, (27, 22), mode='bilinear')
        torch.testing.assert_close(block._blurred(x, i), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_attention_groups_strips_in_memory_order():
    layer = MemoryOrderAttention(2)
    x = torch.randn(1, 2, 8, 12)
    strips = torch.stack([x.flatten()[i * 6 : i * 6 + 6] for i in range(32)])  # 2 x 16 channels, 6 positions
    theta, phi, g = (
        conv.weight[:, :, 0, 0] @ strips + conv.bias[:, None] for conv in (layer.theta, layer.phi, layer.g)
    )
    y = g @ (theta.T @ phi).softmax(dim=1).T
    expected = x + layer.project(y.flatten().view(1, 2, 8, 12))
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_partial_convs_by_hand():
    images, mask = torch.rand(1, 3, 15, 15), torch.zeros(1, 1, 15, 15)
    mask[..., 4:9, 6:12] = 0.5
    for trainable in (False, True):
        layer = PartialConvs(trainable)
        x, seen = images * mask, mask
        for conv in layer.convs:
            total = F.conv2d(seen.expand(-1, 3, -1, -1), torch.ones(1, 3, 3, 3), stride=2)
            bias = conv.bias.view(1, -1, 1, 1)
            value = (conv(x) - bias) * (27 if trainable else 1) / total + bias
            x = torch.where(total > 0, value, 0)
            seen = (total > 0).float()
        torch.testing.assert_close(layer(images, mask), x)
        assert torch.equal(layer(images, torch.zeros_like(mask)), torch.zeros(1, 1, 1, 1))


def test_parents_weight_their_children():
    coarse, fine = torch.tensor([[1.0, -2.0, 2.0], [-1.0, -1.0, 0.0]]), torch.tensor([[4.0, 3.0], [2.0, -2.0]])
    weighted = weight_by_parents([coarse, fine], [torch.tensor([2, 1])])
    share = torch.tensor([[np.exp(2) / (np.e + np.exp(2)), 0.0], [1 / 3, 1 / 3]], dtype=torch.float32)
    assert torch.equal(weighted[0], coarse)
    torch.testing.assert_close(weighted[1], fine * (1 + share))


def test_balanced_bce_by_hand():
    logits = torch.tensor([[[0.0, 1.0, -1.0, 2.0]]])
    target = torch.tensor([[[1, 0, 0, 255]]])
    entropy = F.softplus(torch.tensor([-0.0, 1.0, -1.0]))
    weight = torch.tensor([0.5 * 3, 0.5 * 3 / 2, 0.5 * 3 / 2])
    torch.testing.assert_close(balanced_bce(logits, target), (entropy * weight).mean())
    genuine = torch.tensor([[[0, 0, 0, 255]]])
    torch.testing.assert_close(balanced_bce(logits, genuine), F.softplus(logits[0, 0, :3]).mean())
    for value in (0, 1, 255):
        loss = balanced_bce(logits, torch.full_like(target, value))
        assert torch.isfinite(loss)
    assert loss == 0


def test_pretrained_hrnet_fills_the_frequency_block_and_the_later_branches(tmp_path):
    donor = FENet().state_dict()
    hrnet = {
        key: torch.full_like(value, index + 1)
        for index, (key, value) in enumerate(donor.items())
        if not key.startswith(('frequency', 'merge', 'transition1.2', 'transition1.3'))
        and not (key.startswith(('stage2.0.branches.2', 'stage2.0.branches.3', 'stage3.0.branches.3')))
    }
    torch.save(dict(state_dict=hrnet), tmp_path / 'hrnet.pth')
    model = FENet(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'hrnet.pth')))
    model.init_weights()
    own = model.state_dict()
    for ours, theirs in (
        ('conv1.weight', 'conv1.weight'),
        ('frequency.0.weight', 'conv1.weight'),
        ('frequency.5.bias', 'bn2.bias'),
        ('stage2.0.branches.1.0.conv1.weight', 'stage2.0.branches.1.0.conv1.weight'),
        ('stage2.0.branches.2.0.conv1.weight', 'stage3.0.branches.2.0.conv1.weight'),
        ('stage2.0.branches.3.0.conv1.weight', 'stage4.0.branches.3.0.conv1.weight'),
        ('stage3.0.branches.3.0.conv1.weight', 'stage4.0.branches.3.0.conv1.weight'),
    ):
        assert torch.equal(own[ours], hrnet[theirs]), ours
    assert own['transition1.3.0.0.weight'].std().item() == pytest.approx(0.001, rel=0.05)
    assert set(complete({'stage4.0.a': donor['conv1.weight']})) == {f'stage{i}.0.a' for i in (2, 3, 4)}


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (dict(num_classes=(2, 2, 2)), '4 levels'),
        (dict(parents=((0, 1), (0, 2), (0, 1))), 'numbers from 0 to 1'),
        (dict(fake_path=(1, 1, 1, 0)), 'not 0'),
    ],
)
def test_classes_that_do_not_fit_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        build(recipe(), **wrong)


def test_two_files_of_the_authors_are_joined():
    shapes = peers.shapes('hifi_net')
    weights = {key: torch.empty(shape) for key, shape in shapes.items()}
    files = {
        'HRNet/750001': dict(
            model={f'module.{k.removeprefix("FENet.")}': v for k, v in weights.items() if k.startswith('FENet.')}
        ),
        'NLCDetection/750001': dict(
            model={f'module.{k.removeprefix("SegNet.")}': v for k, v in weights.items() if k.startswith('SegNet.')}
        ),
    }
    assert to_state_dict(Folder(files)).keys() == to_state_dict(weights).keys()

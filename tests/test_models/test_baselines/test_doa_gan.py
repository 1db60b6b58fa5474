"""DOA-GAN against the reference, and what the reference cannot tell."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODEL_WRAPPERS, init_default_scope
from mmengine.runner.checkpoint import get_state_dict
from mmseg.registry import MODELS

from monfap_mm.models.baselines.doa_gan import DOADiscriminator
from monfap_mm.models.baselines.doa_gan.affinity import Affinity, largest_matches, propagate
from monfap_mm.models.baselines.doa_gan.checkpoint import to_state_dict
from monfap_mm.models.baselines.doa_gan.head import DOAOutput
from monfap_mm.utils.state_dicts import compare_state_dicts
from tests.samples import make_samples, train_steps
from tests.scripts import run_together
from tests.test_configs import load

from . import peers

CONFIGS = Path(__file__).parents[3] / 'configs' / 'baselines' / 'doa_gan'
RECIPE = 'doa-gan_1xb20-100e_ofv2-320x320.py'
PUBLISHED = {1: 'doa-gan_published_ofv2-320x320.py', 3: 'doa-gan-3cls_published_ofv2-320x320.py'}
NAMES = {1: 'one', 3: 'three'}
SEED = 20240902


def build(config, **kwargs):
    cfg = load(CONFIGS / config)
    cfg.model.backbone.pop('init_cfg')
    cfg.merge_from_dict({f'model.{key}': value for key, value in kwargs.items()})
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def small(config=RECIPE, **kwargs):
    """At a smaller grid, with dilations that fit it."""
    return build(config, **{'decode_head.grid': 8, 'decode_head.mask_rates': (1, 2, 3)} | kwargs)


def special(rng, key, shape):
    """The recipe of the sheet where it is not the shared one."""
    if key == 'corrLayer.alpha':
        return np.float32(300)
    if len(shape) > 1 and key.startswith('encoder.'):
        return np.sqrt(2) * peers.draw_one(rng, key, shape)
    if key == 'val_conv.0.weight':
        return 300 * peers.draw_one(rng, key, shape)
    return None


def draw_image(rng, batch, height, width):
    coarse = rng.standard_normal((batch, 3, height, width)).repeat(8, axis=2).repeat(8, axis=3)
    return coarse + 0.3 * rng.standard_normal(coarse.shape)


@dataclass
class Reference:
    """A model with the reference's weights, and what it computes: by image 'a' and 'b'."""

    classes: int
    model: torch.nn.Module
    images: dict[str, torch.Tensor]
    features: dict[str, dict[str, torch.Tensor]]
    outputs: dict[str, DOAOutput]

    def masks(self, image='a'):
        """Logits at the size of the image."""
        size = self.images[image].shape[2:]
        return F.interpolate(self.outputs[image].mask_logits, size, mode='bilinear', align_corners=True)


@pytest.fixture(scope='module', params=[1, pytest.param(3, marks=pytest.mark.slow)])
def reference(request):
    classes = request.param
    shapes = peers.shapes('doa_gan')
    for key in ('head_mask.9.weight', 'head_mask.9.bias'):
        shapes[key][0] = classes
    rng = np.random.RandomState(SEED)
    model = build(PUBLISHED[classes]).eval()
    model.load_state_dict(to_state_dict(peers.draw(shapes, rng, special)), strict=True)
    a = draw_image(rng, 2, 16, 16)
    a[0, :, 64:96, 64:96] = a[0, :, 16:48, 16:48]
    b = draw_image(rng, 1, 12, 20)
    images = {name: torch.from_numpy(x.astype(np.float32)) for name, x in (('a', a), ('b', b))}
    made = Reference(classes, model, images, {}, {})
    for name in images:
        made.features[name], made.outputs[name] = compute(model, images[name])
    return made


@torch.no_grad()
def compute(model, images):
    """Features by their names in the reference, and the output."""
    head, found = model.decode_head, {}
    modules = dict(
        nonlocal_=head.affinity,
        gate=head.gate,
        aspp_mask=head.aspp_mask,
        aspp_forge=head.aspp_forge,
        det_conv=head.detection.convs,
    )
    hooks = [m.register_forward_hook(lambda *a, k=k: found.update({k: a[2]})) for k, m in modules.items()]
    hooks += [
        m.register_forward_pre_hook(lambda m, args, k=k: found.update({k: args[0]}))
        for k, m in dict(encoder=head.affinity, cat=head.mask, topk=head.gate).items()
    ]
    feats = model.extract_feat(images)
    output = head(feats)
    for hook in hooks:
        hook.remove()
    affinity = found.pop('nonlocal_')
    found['nonlocal'] = affinity / (affinity.sum(dim=1, keepdim=True) + 1e-8)
    return found | {f'vgg{i + 1}': feat for i, feat in enumerate(feats)}, output


def targets():
    """Classes ``(2, 128, 128)`` of image a, and its labels."""
    classes = torch.full((2, 128, 128), 2)
    classes[0, 16:48, 16:48] = 1
    classes[0, 64:96, 64:96] = 0
    return classes, [1, 0]


@pytest.mark.parametrize('image', ['a', 'b'])
def test_reference(reference, image):
    expected, name = peers.arrays('doa_gan'), f'{NAMES[reference.classes]}_{image}'
    output = reference.outputs[image]
    torch.testing.assert_close(output.mask_logits, expected[f'{name}_head'], atol=1e-4, rtol=0)
    torch.testing.assert_close(output.cls_logit, expected[f'{name}_det'], atol=1e-4, rtol=0)
    torch.testing.assert_close(reference.masks(image)[:, :, ::4, ::4], expected[f'{name}_mask_s4'], atol=1e-4, rtol=0)


def sample_of(x):
    flat = x[0].flatten()
    return flat[:: flat.numel() // 256][:256]


@pytest.mark.parametrize('image', ['a', 'b'])
def test_intermediate_features(reference, image):
    expected = peers.arrays('doa_gan')
    names = {key.removeprefix(f'one_{image}_').removesuffix('_stat') for key in expected if f'one_{image}' in key}
    assert set(reference.features[image]) <= names
    for key, value in reference.features[image].items():
        if reference.classes == 3:  # the reference has the features for one class: another mask, other draws
            continue
        sample = expected[f'one_{image}_{key}_sample'].float()
        torch.testing.assert_close(sample_of(value), sample, atol=1e-3 * sample.abs().max().item(), rtol=1e-3)
        mean, std = expected[f'one_{image}_{key}_stat'].tolist()
        assert value.double().mean().item() == pytest.approx(mean, rel=1e-3, abs=1e-6)
        assert value.double().std(correction=0).item() == pytest.approx(std, rel=1e-3, abs=1e-9)


def test_losses_of_the_reference(reference):
    kinds, labels = targets()
    losses = peers.arrays('doa_gan')[f'{NAMES[reference.classes]}_losses'].tolist()
    samples = peers.samples(labels, (kinds == 0).long())
    found, full = reference.model._losses(reference.outputs['a'], samples)
    torch.testing.assert_close(full, reference.masks())
    if reference.classes == 1:
        assert found['loss_mask'].item() == pytest.approx(losses[0], rel=1e-5)
    else:  # the reference has a source, which our labels have not
        assert F.cross_entropy(full, kinds).item() == pytest.approx(losses[0], rel=1e-5)
        without_source = torch.where(kinds == 0, 0, 2)
        assert found['loss_mask'].item() == pytest.approx(F.cross_entropy(full, without_source).item(), rel=1e-5)
    assert found['loss_cls'].item() == pytest.approx(losses[1], rel=1e-5)


@torch.no_grad()
def test_discriminator_of_the_reference(reference):
    classes, model, image = reference.classes, reference.model, reference.images['a']
    expected, name = peers.arrays('doa_gan'), f'{NAMES[classes]}_disc'
    shapes = peers.shapes('doa_gan', 'discriminator_state_dict_shapes.json')
    shapes['model.0.weight'][1] = classes + 3
    weights = peers.draw(shapes, np.random.RandomState(SEED + classes + 3))
    judge = DOADiscriminator(classes)
    judge.load_state_dict({key.replace('model.', 'layers.'): value for key, value in weights.items()}, strict=True)
    assert sum(p.numel() for p in DOADiscriminator(1).parameters()) == 2_765_760
    kinds, _ = targets()
    full = reference.masks()
    predicted = full.sigmoid() if classes == 1 else full.softmax(dim=1)
    true = (kinds == 0)[:, None].float() if classes == 1 else F.one_hot(kinds, 3).permute(0, 3, 1, 2).float()
    for mask, key in ((predicted, 'pred'), (true, 'gt')):
        torch.testing.assert_close(judge(mask, image), expected[f'{name}_{key}'], atol=1e-4, rtol=0)
    model.discriminator = judge
    known = torch.ones(len(image), dtype=torch.bool)
    pairs = (true, 1), (predicted, 0), (predicted, 1)
    found = [model._judge(mask, image, answer, known) for mask, answer in pairs]
    model.discriminator = None
    assert torch.stack(found).tolist() == pytest.approx(expected[f'{name}_losses'].tolist(), rel=1e-5)


@torch.no_grad()
def test_the_discriminator_judges_images_with_masks_only():
    model = small()
    masks, images = torch.rand(3, 1, 64, 48), torch.randn(3, 3, 64, 48)
    known = torch.tensor([True, False, True])
    expected = model._judge(masks[known], images[known], 1.0, torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(model._judge(masks, images, 1.0, known), expected)
    assert model._judge(masks, images, 1.0, torch.zeros(3, dtype=torch.bool)) == 0


@torch.no_grad()
def test_the_answer_is_the_mask_at_the_size_of_the_image_and_the_detection_branch():
    model = small(PUBLISHED[1]).eval()
    images = torch.randn(2, 3, 40, 56)
    output = model.decode_head(model.extract_feat(images))
    answer = model.inference(images, [])
    torch.testing.assert_close(answer.scores[:, 1], output.cls_logit[:, 0].sigmoid())
    full = F.interpolate(output.mask_logits, (40, 56), mode='bilinear', align_corners=True)
    torch.testing.assert_close(answer.seg_logits[:, 1:] - answer.seg_logits[:, :1], full)


@torch.no_grad()
def test_affinity_by_hand():
    layer = Affinity(grid=3, width=0.5, alpha=2.0)
    x = torch.randn(2, 5, 3, 3)
    cells = [(r, c) for r in range(3) for c in range(3)]
    similarity = torch.zeros(2, 9, 9)
    for i, (r, c) in enumerate(cells):
        for j, (s, d) in enumerate(cells):
            near = np.exp(-((r - s) ** 2 + (c - d) ** 2) / (2 * 1.5**2))
            similarity[:, i, j] = F.cosine_similarity(x[:, :, r, c], x[:, :, s, d]) * (1 - near)
    expected = (2 * similarity).softmax(dim=2) * (2 * similarity).softmax(dim=1)
    found = layer(x)
    torch.testing.assert_close(found, expected)
    best = largest_matches(found, 4)
    torch.testing.assert_close(best[:, :, 1, 2], expected[:, :, 5].sort(dim=1, descending=True).values[:, :4])
    norm = expected / (expected.sum(dim=1, keepdim=True) + 1e-8)
    maps = torch.randn(2, 2, 3, 3)
    torch.testing.assert_close(propagate(maps, found), (maps.flatten(2) @ norm).view(2, 2, 3, 3))


@pytest.mark.parametrize('labels', [(0, 1), (0, 0), (1, 1)])
@pytest.mark.parametrize('classes', [1, 3])
def test_all_weights_of_the_generator_get_gradients(labels, classes):
    model = small(PUBLISHED[classes])
    train_steps(model, torch.randn(2, 3, 40, 48), make_samples((40, 48), labels))


@pytest.mark.parametrize('classes', [1, 3])
def test_a_batch_makes_a_step_of_the_discriminator_then_of_the_generator(classes):
    cfg = load(CONFIGS / RECIPE)
    model = small(
        **{
            'decode_head.num_classes': classes,
            'discriminator.mask_channels': classes,
            'data_preprocessor.size': (64, 48),
        }
    )
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    order = []
    for name, one in wrapper.items():
        one.optimizer.register_step_pre_hook(
            lambda optimizer, *_, name=name: order.append(
                (name, all(p.grad is not None for group in optimizer.param_groups for p in group['params']))
            )
        )
    before = {key: value.clone() for key, value in model.named_parameters()}
    images = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
    samples = make_samples((64, 48))
    samples[0].gt_sem_seg.data[..., :10] = 255
    log = model.train_step(dict(inputs=list(images), data_samples=samples), wrapper)
    assert order == [('discriminator', True), ('generator', True)]
    assert set(log) == {'loss', 'loss_mask', 'loss_cls', 'loss_adversarial', 'loss_discriminator'}
    assert all(torch.isfinite(value) for value in log.values())
    total = log['loss_mask'] + log['loss_cls'] + log['loss_adversarial']
    torch.testing.assert_close(log['loss'], total)
    changed = {key for key, value in model.named_parameters() if not torch.equal(value, before[key])}
    assert {key.split('.')[0] for key in changed} == {'backbone', 'decode_head', 'discriminator'}
    assert all(parameter.requires_grad for parameter in model.parameters())


def train_in_one_of_two_processes(rank, folder):
    """Two steps on images of its own; the weights go into the folder."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    init_default_scope('mmseg')
    cfg = load(CONFIGS / RECIPE)
    model = small(**{'data_preprocessor.size': (64, 48)})
    wrapped = MODEL_WRAPPERS.build(dict(cfg.model_wrapper_cfg, module=model))
    wrapper = build_optim_wrapper(wrapped, cfg.optim_wrapper)
    torch.manual_seed(rank)
    for labels in ((0, 0), (1, 1)) if rank else ((0, 1), (0, 0)):
        images = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
        wrapped.train_step(dict(inputs=list(images), data_samples=make_samples((64, 48), labels)), wrapper)
    torch.save(get_state_dict(wrapped), f'{folder}/{rank}.pth')
    compared = compare_state_dicts(wrapped.state_dict(), small().state_dict())
    assert not compared, compared
    dist.destroy_process_group()


def test_two_processes_train_the_same_weights(tmp_path):
    run_together(train_in_one_of_two_processes, (str(tmp_path),))
    first, second = (torch.load(tmp_path / f'{rank}.pth', weights_only=True) for rank in range(2))
    start = small().state_dict()
    assert first.keys() == second.keys() == start.keys()
    for key, parameter in small().named_parameters():
        torch.testing.assert_close(first[key], second[key])
        assert not torch.equal(first[key], start[key]) or not parameter.requires_grad, key


def test_a_discriminator_with_one_optimizer_is_refused():
    model = small()
    wrapper = build_optim_wrapper(model, dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)))
    with pytest.raises(TypeError, match='two optimizers'):
        model.train_step(dict(inputs=[], data_samples=[]), wrapper)


@pytest.mark.parametrize('source_is_fake', [True, False])
@torch.no_grad()
def test_mask_of_three_classes_answers_real_and_fake(source_is_fake):
    model = small(PUBLISHED[3], source_is_fake=source_is_fake).eval()
    images = torch.randn(1, 3, 32, 32)
    logits = model.decode_head(model.extract_feat(images)).mask_logits
    share = F.interpolate(logits, (32, 32), mode='bilinear', align_corners=True).softmax(dim=1)
    expected = 1 - share[:, 2:] if source_is_fake else share[:, :1]
    torch.testing.assert_close(model.forward_all(images).mask_logits.sigmoid(), expected)


@pytest.mark.parametrize('size', [(1, 1), (16, 9), (33, 50)])
@torch.no_grad()
def test_any_size_and_batch_of_one(size):
    model = small().eval()
    (sample,) = model.predict(torch.randn(1, 3, *size), make_samples(size, labels=(1,)))
    assert sample.seg_logits.data.shape == (2, *size)
    assert torch.isfinite(sample.seg_logits.data).all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_finite(dtype):
    model = small()
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(torch.randn(2, 3, 32, 32), make_samples((32, 32)))
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_inference_form_gives_the_same_answers():
    model = small().eval()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        before = model.forward_all(images)
        model.to_inference()
        after = model.forward_all(images)
    torch.testing.assert_close(after.mask_logits, before.mask_logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.cls_logits, before.cls_logits, atol=1e-4, rtol=1e-4)

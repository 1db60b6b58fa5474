"""ObjectFormer (IMDL-BenCo's) against the reference, and what the reference cannot tell."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import Compose
from mmpretrain.models import VisionTransformer
from mmseg.registry import MODELS, TRANSFORMS
from PIL import Image

from monfap_mm.models.baselines.object_former import ObjectFormerEncoder
from monfap_mm.models.baselines.object_former.checkpoint import to_state_dict
from monfap_mm.models.baselines.object_former.frequency import HighFrequencies
from monfap_mm.models.baselines.object_former.layers import similarity_to_neighbors, to_map, to_tokens
from tests.samples import make_samples, train_steps
from tests.test_configs import load

from . import peers

CONFIGS = Path(__file__).parents[3] / 'configs' / 'baselines' / 'object_former'
RECIPE, PUBLISHED = 'object-former_1xb12-1100e_casia2-224x224.py', 'object-former_published_casia2-224x224.py'
SMALL = dict(image_size=64, num_layers=2, num_prototypes=32)
INSTANCES = {
    'small': ('benco_small_state_dict_shapes.json', SMALL, (2, 3, 64, 64)),
    'real': ('benco_state_dict_shapes.json', {}, (1, 3, 224, 224)),
}


def build(config, **backbone):
    cfg = load(CONFIGS / config)
    cfg.model.backbone.pop('init_cfg')
    cfg.model.backbone.update(backbone)
    cfg.model.decode_head.in_channels = 2 * cfg.model.backbone.get('channels', 768)
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def tiny(config=RECIPE, **backbone):
    """A narrow network of our own."""
    return build(config, **dict(image_size=32, num_layers=2, num_prototypes=5, channels=16, num_heads=2) | backbone)


def special(rng, key, shape):
    return rng.standard_normal(shape) if key.endswith(('object_prototypes', 'pos_encoding')) else None


@pytest.fixture(scope='module', params=['small', pytest.param('real', marks=pytest.mark.slow)])
def reference(request):
    """Name of the instance, published model with the reference's weights, images, features, and mask logits."""
    shapes, backbone, size = INSTANCES[request.param]
    rng = np.random.RandomState(20240903)
    model = build(PUBLISHED, **backbone).eval()
    weights = peers.draw(peers.shapes('object_former', shapes), rng, special)
    model.load_state_dict(to_state_dict(weights), strict=True)
    images = torch.from_numpy(rng.standard_normal(size).astype(np.float32))
    encoder, found = model.backbone, {}
    modules = dict(
        encoder_net_r=encoder.color_embed,
        encoder_net_q=encoder.frequency_embed,
        high_freq_extractor=encoder.high_frequencies,
    )
    for i, layer in enumerate(encoder.layers):
        modules |= {f'layer{i}_encoder': layer.encoder, f'layer{i}_decoder': layer.decoder, f'layer{i}_bcim': layer}
    modules |= {f'localization_{i}': conv for i, conv in enumerate(model.decode_head.convs)}
    hooks = [m.register_forward_hook(lambda *a, k=k: found.update({k: a[2]})) for k, m in modules.items()]
    with torch.no_grad():
        logits = model.forward_all(images).mask_logits
    for hook in hooks:
        hook.remove()
    return request.param, model, images, found, logits


def test_mask_of_the_reference(reference):
    name, _, _, _, logits = reference
    key, stride = ('small_a_mask', 1) if name == 'small' else ('real_a_mask_s4', 4)
    mask = logits.sigmoid()[..., ::stride, ::stride]
    torch.testing.assert_close(mask, peers.arrays('object_former')[key], atol=1e-5, rtol=0)


def test_intermediate_features(reference):
    name, _, _, found, _ = reference
    expected = peers.arrays('object_former')
    compared = 0
    for key, value in found.items():
        if f'{name}_a_{key}_sample' not in expected:
            continue
        sample = expected[f'{name}_a_{key}_sample'].float()
        flat = value[0].flatten()
        flat = flat[:: max(1, flat.numel() // 256)][:256]
        torch.testing.assert_close(flat, sample, atol=1e-4 * sample.abs().max().item(), rtol=1e-4)
        mean, std = expected[f'{name}_a_{key}_stat'].tolist()
        assert value.double().mean().item() == pytest.approx(mean, abs=1e-4 * max(std, 1))
        assert value.double().std(correction=0).item() == pytest.approx(std, rel=1e-3)
        compared += 1
    assert compared == (12 if name == 'small' else 15)


def test_losses_of_the_reference(reference):
    name, model, images, _, logits = reference
    side = images.shape[2]
    masks = torch.zeros(len(images), side, side)
    masks[-1, side // 4 : side // 2, side // 4 : 3 * side // 4] = 1
    expected = peers.arrays('object_former')
    for target, key in ((masks, 'losses'), (torch.zeros_like(masks), 'loss_genuine')):
        if name == 'small':
            labels = target.amax(dim=(1, 2)).int().tolist()
            loss = model.loss(images, peers.samples(labels, target))['loss_mask']
        else:  # a second pass of the full size takes long
            loss = F.binary_cross_entropy_with_logits(logits[:, 0], target)
        assert loss.item() == pytest.approx(expected[f'{name}_a_{key}'].item(), rel=1e-5)


def test_the_image_is_as_fake_as_its_most_fake_pixel():
    model = tiny().eval()
    with torch.no_grad():
        answer = model.inference(torch.randn(2, 3, 32, 32), [])
    largest = answer.seg_logits.softmax(dim=1)[:, 1].amax(dim=(1, 2))
    torch.testing.assert_close(answer.scores[:, 1], largest)


def test_published_transform_is_theirs():
    x = torch.randn(1, 3, 16, 16, dtype=torch.float64)

    def there(v):
        return torch.fft.fft(torch.cat([v, v.flip(-1)], dim=-1)).real[..., :16]

    def back(c):
        return torch.fft.ifft(torch.cat([c, c[..., 1:-1].flip(-1)], dim=-1)).real[..., :16]

    def both_axes(function, image):
        return function(function(image).mT).mT

    spectrum = both_axes(there, x)
    expected = both_axes(back, spectrum * (spectrum.abs() > 0.5))
    torch.testing.assert_close(HighFrequencies(16, as_published=True)(x).double(), expected, atol=1e-5, rtol=1e-5)


def test_default_transform_takes_low_frequencies_away_and_keeps_high_ones():
    transform = HighFrequencies(32)
    position = torch.arange(32) + 0.5
    low = torch.cos(torch.pi * 2 * position / 32).expand(1, 3, 32, 32)  # u = 2 < 32 / 8
    high = torch.cos(torch.pi * 9 * position / 32).expand(1, 3, 32, 32)
    torch.testing.assert_close(transform(low + high + 7), high, atol=1e-5, rtol=0)
    edge = torch.cos(torch.pi * 4 * position / 32).expand(1, 3, 32, 32)  # exactly at the cutoff: kept
    torch.testing.assert_close(transform(edge), edge, atol=1e-5, rtol=0)


def test_similarity_by_hand():
    x = torch.randn(1, 6, 4, 5)
    expected = torch.zeros(1, 1, 4, 5)
    for r in range(4):
        for c in range(5):
            for s in range(max(0, r - 1), min(4, r + 2)):
                for d in range(max(0, c - 1), min(5, c + 2)):
                    expected[..., r, c] += F.cosine_similarity(x[0, :, r, c], x[0, :, s, d], dim=0, eps=1e-8)
    torch.testing.assert_close(similarity_to_neighbors(x, 9), expected / 9)
    torch.testing.assert_close(similarity_to_neighbors(x, 81), expected / 81)
    empty = torch.zeros(1, 6, 4, 5, requires_grad=True)
    similarity_to_neighbors(empty, 9).sum().backward()
    assert torch.isfinite(empty.grad).all()


def test_channels_of_the_map_alternate():
    tokens = torch.arange(2 * 8 * 3.0).view(2, 8, 3)  # 4 patches of each stream, 3 channels
    maps = to_map(tokens, 2)
    for channel in range(3):
        assert torch.equal(maps[:, 2 * channel].flatten(1), tokens[:, :4, channel])
        assert torch.equal(maps[:, 2 * channel + 1].flatten(1), tokens[:, 4:, channel])
    assert torch.equal(to_tokens(maps, 3), tokens)


def test_head_has_an_activation_unless_published():
    x = torch.randn(1, 32, 2, 2)
    published, sane = tiny(PUBLISHED).decode_head, tiny().decode_head
    sane.load_state_dict(published.state_dict())
    with torch.no_grad():
        for conv in published.convs:
            conv.bias.zero_()
        torch.testing.assert_close(published(2 * x), 2 * published(x))
        torch.testing.assert_close(published(-x), -published(x))
        for conv in sane.convs:
            conv.bias.zero_()
        assert not torch.allclose(sane(-x), -sane(x))


@pytest.mark.parametrize('labels', [(0, 1), (0, 0), (1, 1), (1,)])
@pytest.mark.parametrize('config', [RECIPE, PUBLISHED])
def test_all_weights_get_gradients(config, labels):
    model = tiny(config)
    train_steps(model, torch.randn(len(labels), 3, 32, 32), make_samples((32, 32), labels))


def test_ignored_pixels_do_not_count():
    model = tiny().eval()
    images, samples = torch.randn(1, 3, 32, 32), make_samples((32, 32), (1,))
    samples[0].gt_sem_seg.data[:, 16:] = 255
    logits = model.forward_all(images).mask_logits[:, 0, :16]
    target = (samples[0].gt_sem_seg.data[:, :16] == 1).float()
    expected = F.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(model.loss(images, samples)['loss_mask'], expected)
    samples[0].gt_sem_seg.data.fill_(255)
    assert model.loss(images, samples)['loss_mask'] == 0


@pytest.mark.parametrize('size', [(1, 1), (16, 9), (33, 50)])
@torch.no_grad()
def test_any_size_and_batch_of_one(size):
    model = tiny().eval()
    (sample,) = model.predict(torch.randn(1, 3, *size), make_samples(size, labels=(1,)))
    assert sample.seg_logits.data.shape == (2, *size)
    assert torch.isfinite(sample.seg_logits.data).all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_finite(dtype):
    model = tiny()
    with torch.autocast('cpu', dtype=dtype):
        losses = model.loss(torch.randn(2, 3, 32, 32), make_samples((32, 32)))
    assert all(torch.isfinite(loss) for loss in losses.values())


@torch.no_grad()
def test_inference_form_gives_the_same_answers():
    model = tiny().eval()
    images = torch.randn(1, 3, 32, 32)
    before = model.forward_all(images).mask_logits
    torch.testing.assert_close(model.to_inference().forward_all(images).mask_logits, before, atol=1e-4, rtol=1e-4)


def test_a_vit_fills_both_streams_and_both_blocks(tmp_path):
    arch = dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=64)
    vit = VisionTransformer(arch=arch, img_size=64, patch_size=16, out_type='raw')
    for parameter in vit.parameters():
        torch.nn.init.normal_(parameter)
    donor = vit.state_dict()
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value in donor.items()}), tmp_path / 'vit.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'vit.pth'), prefix='backbone.')
    encoder = ObjectFormerEncoder(64, num_layers=2, channels=16, num_heads=2, num_prototypes=4, init_cfg=init_cfg)
    before = encoder.state_dict()['layers.1.object_prototypes'].clone()
    encoder.init_weights()
    own = encoder.state_dict()
    assert torch.equal(own['frequency_embed.weight'], donor['patch_embed.projection.weight'])
    assert torch.equal(own['pos_embed'][0, :16], donor['pos_embed'][0, 1:])
    assert torch.equal(own['pos_embed'][0, 16:], donor['pos_embed'][0, 1:])
    assert torch.equal(own['layers.1.object_prototypes'], before)
    for block in ('encoder', 'decoder'):
        assert torch.equal(own[f'layers.1.{block}.attn.k.weight'], donor['layers.1.attn.qkv.weight'][16:32])
        assert torch.equal(own[f'layers.1.{block}.mlp.2.bias'], donor['layers.1.ffn.layers.1.bias'])
        assert torch.equal(own[f'layers.1.{block}.norm2.weight'], donor['layers.1.ln2.weight'])
    # Attention and MLP of a block are those of the ViT's layer, whose context is its own input.
    x = torch.randn(1, 32, 16)
    encoder.layers[0].decoder.norm1 = torch.nn.Identity()
    vit.layers[0].ln1 = torch.nn.Identity()
    torch.testing.assert_close(encoder.layers[0].decoder(x, x), vit.layers[0](x), atol=1e-4, rtol=1e-3)


def test_augmentation_runs_and_keeps_the_mask_with_the_image(tmp_path):
    image = np.full((90, 60, 3), 20, np.uint8)
    mask = np.zeros((90, 60), np.uint8)
    mask[10:40, 5:30] = 255
    image[mask > 0] = 230
    Image.fromarray(image).save(tmp_path / 'a.png')
    Image.fromarray(mask).save(tmp_path / 'm.png')
    steps = load(CONFIGS / RECIPE).train_dataloader.dataset.pipeline
    pipeline = Compose([TRANSFORMS.build(step) for step in steps])
    for _ in range(5):
        packed = pipeline(dict(img_path=str(tmp_path / 'a.png'), seg_map_path=str(tmp_path / 'm.png'), gt_label=1))
        sample = packed['data_samples']
        assert packed['inputs'].shape == (3, 224, 224)
        bright = packed['inputs'].float().mean(dim=0) > 125
        assert ((sample.gt_sem_seg.data[0] == 1) == bright).float().mean() > 0.97
        assert sample.gt_label.label.item() == 1


def test_a_size_that_patches_do_not_divide_is_refused():
    with pytest.raises(ValueError, match='multiple of 16'):
        ObjectFormerEncoder(100)

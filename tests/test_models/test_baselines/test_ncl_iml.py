"""NCL-IML after the paper: the base network against its public code, the proposed losses against their sheet."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmseg.models.utils import resize
from mmseg.registry import MODELS

from monfap_mm.models.baselines.ncl_iml.losses import Patches, classify_patches, ncl_losses
from tests.test_configs import CONFIGS, load

from . import peers

SIZES = dict(a=(2, 64, 64), b=(1, 337, 305))
# Our names of what the reference samples, by its names.
PARTS = {f'backbone.layer{i}': f'backbone_layer{i}' for i in (1, 2, 3, 4)} | {
    **{f'decode_head.aspp.{i}': f'aspp_aspp{i + 1}' for i in range(4)},
    'decode_head.image_pool': 'aspp_global_avg_pool',
    'decode_head.bottleneck': 'aspp',
    'decode_head.low_level': 'decoder_relu',
}
RENAMES = (
    (r'^aspp\.aspp(\d)\.atrous_conv', lambda m: f'decode_head.aspp.{int(m[1]) - 1}.conv'),
    (r'^aspp\.aspp(\d)\.bn', lambda m: f'decode_head.aspp.{int(m[1]) - 1}.bn'),
    (r'^aspp\.global_avg_pool\.1', 'decode_head.image_pool.1.conv'),
    (r'^aspp\.global_avg_pool\.2', 'decode_head.image_pool.1.bn'),
    (r'^aspp\.(conv|bn)1', r'decode_head.bottleneck.\1'),
    (r'^decoder\.(conv|bn)1', r'decode_head.low_level.\1'),
    (r'^decoder\.last_conv\.(0|4)\.', lambda m: f'decode_head.decoder.{int(m[1]) // 2}.conv.'),
    (r'^decoder\.last_conv\.(1|5)\.', lambda m: f'decode_head.decoder.{int(m[1]) // 2}.bn.'),
    (r'^decoder\.last_conv\.8', 'decode_head.conv_seg'),
)


def build(**options):
    cfg = load(CONFIGS / '_base_' / 'models' / 'ncl_after_paper.py')
    config = cfg.model
    norm_cfg = dict(type='BN', requires_grad=True)
    config.backbone.update(base_channels=8, stem_channels=8, norm_cfg=norm_cfg)
    config.decode_head.update(in_channels=[32, 256], channels=32, low_level_channels=6, norm_cfg=norm_cfg)
    cfg.merge_from_dict(dict(model=options))
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def ours(key):
    for pattern, replacement in RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def draw_input(rng, count, height, width):
    low = rng.standard_normal((count, 3, -(-height // 16), -(-width // 16)))
    high = rng.standard_normal((count, 3, height, width))
    low = np.repeat(np.repeat(low, 16, 2), 16, 3)[:, :, :height, :width]
    return torch.from_numpy((low + 0.5 * high).astype(np.float32))


def filled(weights, model):
    result = model.load_state_dict({ours(key): value for key, value in weights.items()}, strict=False)
    # The branches of the pivot are ours.
    assert all('_branch' in key for key in result.missing_keys)
    assert len(result.missing_keys) == 4
    assert not result.unexpected_keys
    return model.eval()


@pytest.fixture(scope='module')
def expected():
    return peers.arrays('ncl_iml', 'small_forward.npz')


@pytest.fixture(scope='module')
def drawn():
    rng = np.random.RandomState(5)
    weights = peers.draw(peers.shapes('ncl_iml', 'small_state_dict_shapes.json'), rng)
    return weights, {name: draw_input(rng, *size) for name, size in SIZES.items()}


@pytest.mark.parametrize('name', SIZES)
@torch.no_grad()
def test_logits_are_those_of_the_public_base_network(drawn, expected, name):
    weights, inputs = drawn
    model, image = filled(weights, build()), inputs[name]
    close(image[:, :, ::16, ::16], expected[f'{name}_input_sample'])
    step = 1 if name == 'a' else 2
    close(model.forward_all(image).mask_logits[:, :, ::step, ::step], expected[f'{name}_decoder_logits'])
    prediction = model.inference(image, [])
    step = 1 if name == 'a' else 4
    close(prediction.seg_logits[:, :, ::step, ::step], expected[f'{name}_logits'])
    if name == 'a':
        torch.testing.assert_close(prediction.scores[:, 1], expected['a_image_score'].float(), rtol=0, atol=1e-5)


def close(found, expected):
    torch.testing.assert_close(found, expected.float(), rtol=0, atol=1e-4 * max(1, expected.abs().max().item()))


@torch.no_grad()
def test_parts_are_those_of_the_public_base_network(drawn, expected):
    weights, inputs = drawn
    model, found = filled(weights, build()), {}
    for part, name in PARTS.items():
        model.get_submodule(part).register_forward_hook(lambda *args, name=name: found.update({name: args[2]}))
    model.forward_all(inputs['a'])
    assert set(found) == set(PARTS.values())
    for name, feat in found.items():
        close(torch.stack([feat.mean(), feat.std(correction=0)]), expected[f'a_{name}_stat'])
        steps = [max(1, length // parts) for length, parts in zip(feat.shape[1:], (6, 4, 4))]
        close(feat[:, :: steps[0], :: steps[1], :: steps[2]], expected[f'a_{name}_sample'])


@torch.no_grad()
def test_output_stride_8_is_a_matter_of_the_config(drawn, expected):
    weights, inputs = drawn
    stride_8 = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 1), multi_grid=(4, 8, 16), contract_dilation=False)
    options = dict(backbone=stride_8, decode_head=dict(dilations=(1, 12, 24, 36)), stride=8)
    model = filled(weights, build(**options))
    prediction = model.inference(inputs['a'], [])
    close(prediction.seg_logits[:, :, ::4, ::4], expected['a_os8_logits'])


def masks_of(name='a'):
    count, height, width = SIZES[name]
    masks = torch.zeros(count, height, width, dtype=torch.long)
    masks[-1, int(height * 0.25) : int(height * 0.7), int(width * 0.3) : int(width * 0.8)] = 1
    masks[:, -8:] = 255
    return masks


@torch.no_grad()
def test_cross_entropy_is_the_mean_over_the_pixels_that_count(drawn, expected):
    weights, inputs = drawn
    model = filled(weights, build())
    loss = model.loss(inputs['a'], peers.samples([0, 1], masks_of()))['loss_pix']
    torch.testing.assert_close(loss, expected['a_losses'][0].float(), rtol=0, atol=1e-5)


def made_up_features():
    rng = np.random.RandomState(77)
    features = [torch.from_numpy(rng.standard_normal((2, 16, 8, 8))) for _ in range(2)]
    masks = torch.zeros(2, 64, 64, dtype=torch.long)
    masks[1, 16:44, 19:51] = 1
    return features, classify_patches(masks, (8, 8), 8)


def test_contrastive_losses_are_those_of_the_sheet(expected):
    features, patches = made_up_features()
    counts = torch.stack([kind.sum(dim=1) for kind in patches], dim=1)
    assert counts.tolist() == expected['ours_patch_classes'].tolist()
    losses = torch.stack(ncl_losses(*features, patches, temperature=0.1))
    torch.testing.assert_close(losses, expected['ours_ncl'].double(), rtol=0, atol=1e-5)


def test_contrastive_losses_by_hand():
    features, patches = made_up_features()
    found = ncl_losses(*features, patches, temperature=0.1)
    vectors = [F.normalize(feat[1].flatten(1).T, dim=1) for feat in features]
    tampered, authentic, contour = ([i for i in range(64) if kind[1, i]] for kind in patches)

    def nce(vectors, positives, negatives):
        of_anchors = []
        for i in positives:
            scores = (vectors @ vectors[i] / 0.1).exp()
            of_others = [-torch.log(scores[j] / (scores[j] + scores[negatives].sum())) for j in positives if j != i]
            of_anchors.append(torch.stack(of_others).mean())
        return torch.stack(of_anchors).mean()

    by_hand = [nce(vectors[0], tampered + contour, authentic), nce(vectors[1], authentic + contour, tampered)]
    by_hand.append(torch.stack([1 - vectors[0][i] @ vectors[1][i] for i in contour]).mean())
    torch.testing.assert_close(torch.stack(found), torch.stack(by_hand))


def test_patches_beyond_the_mask_and_of_ignored_pixels():
    masks = torch.zeros(1, 20, 16, dtype=torch.long)
    masks[0, :8, :8] = 255  # of no kind
    masks[0, :8, 8:] = 1
    masks[0, 3, 9] = 255  # does not count
    masks[0, 12:, 8:] = 1
    patches = classify_patches(masks, (3, 2), 8)
    kinds = [[next((k for k, kind in enumerate(patches) if kind[0, i]), None)] for i in range(6)]
    assert sum(kinds, []) == [None, 0, 1, 2, 1, 0]


@pytest.mark.parametrize('present', [(), ('tampered',), ('authentic',), ('contour',), ('tampered', 'contour')])
def test_images_that_lack_a_kind_are_left_out_and_leave_the_graph_whole(present):
    kinds = {name: torch.full((1, 4), name in present) for name in Patches._fields}
    features = [torch.randn(1, 8, 2, 2, requires_grad=True) for _ in range(2)]
    losses = ncl_losses(*features, Patches(**kinds), 0.1)
    assert [loss.item() for loss in losses] == [0, 0, 0]
    sum(losses).backward()
    for feature in features:
        assert (feature.grad == 0).all()


def test_a_left_out_image_changes_nothing():
    features, patches = made_up_features()
    both = ncl_losses(*features, patches, 0.1)
    alone = ncl_losses(*(feat[1:] for feat in features), Patches(*(kind[1:] for kind in patches)), 0.1)
    torch.testing.assert_close(both, alone)


def test_features_of_zero_give_no_nan():
    _, patches = made_up_features()
    features = [torch.zeros(2, 4, 8, 8, requires_grad=True) for _ in range(2)]
    sum(ncl_losses(*features, patches, 0.1)).backward()
    assert all(feature.grad.isfinite().all() for feature in features)


@pytest.mark.parametrize('labels', [[0, 1], [0, 0], [1, 1]])
def test_training(labels):
    model = build().train()
    masks = torch.zeros(2, 64, 64, dtype=torch.long)
    for mask, label in zip(masks, labels):
        mask[10:, 8:40] = label
    losses = model.loss(torch.randn(2, 3, 64, 64), peers.samples(labels, masks))
    assert list(losses) == ['loss_pix', 'loss_tampered', 'loss_authentic', 'loss_consistency']
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    if 1 in labels:
        assert all(losses[key] > 0 for key in losses)
        still = [key for key, parameter in model.named_parameters() if not parameter.grad.any()]
        assert not still


def test_weights_of_the_losses():
    torch.manual_seed(0)
    image, masks = torch.randn(2, 3, 64, 64), masks_of()
    one, other = (
        build(contrast_weight=contrast, consistency_weight=consistency).eval().loss(image, peers.samples([0, 1], masks))
        for contrast, consistency in ((1.0, 1.0), (0.1, 0.3))
    )
    torch.testing.assert_close(one['loss_pix'], other['loss_pix'])
    for key, factor in (('tampered', 0.1), ('authentic', 0.1), ('consistency', 0.3)):
        torch.testing.assert_close(factor * one[f'loss_{key}'], other[f'loss_{key}'])


@pytest.mark.parametrize('size', [(1, 1), (17, 40), (129, 97)])
@torch.no_grad()
def test_sizes(size):
    prediction = build().eval().inference(torch.randn(1, 3, *size), [])
    assert prediction.seg_logits.shape == (1, 2, *size)
    assert prediction.scores.isfinite().all()


def test_a_batch_of_one_cannot_be_normalized_in_training():
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        build().train().loss(torch.randn(1, 3, 64, 64), peers.samples([0], masks_of()[:1]))


def test_another_head_is_refused():
    with pytest.raises(TypeError, match='needs a DeepLabV3PlusHead, got FCNHead'):
        build(decode_head=dict(_delete_=True, type='FCNHead', in_channels=256, channels=8, num_classes=2))


def test_it_starts_from_random_weights_and_new_layers_learn_faster():
    cfg = load(CONFIGS / 'baselines' / 'ncl_iml' / 'ncl-after-paper_1xb4-50e_casia2-512x512.py')
    assert 'init_cfg' not in cfg.model.backbone
    assert cfg.train_dataloader.drop_last
    model = build()
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    rates = {id(parameter): group['lr'] for group in groups for parameter in group['params']}
    for key, parameter in model.named_parameters():
        assert rates[id(parameter)] == pytest.approx(0.007 if key.startswith('backbone') else 0.07)


def test_the_full_network_has_the_size_that_the_authors_file_hints_at():
    with torch.device('meta'):
        config = load(CONFIGS / '_base_' / 'models' / 'ncl_after_paper.py').model
        model = MODELS.build(config)
    count = sum(parameter.numel() for key, parameter in model.named_parameters() if '_branch' not in key)
    assert count == 59_339_426


@torch.no_grad()
def test_the_mask_is_resized_with_aligned_corners(drawn):
    weights, inputs = drawn
    model = filled(weights, build())
    prediction = model.inference(inputs['a'], [])
    logits = model.forward_all(inputs['a']).mask_logits
    aligned = resize(logits, size=(64, 64), mode='bilinear', align_corners=True)
    torch.testing.assert_close(prediction.seg_logits, aligned)

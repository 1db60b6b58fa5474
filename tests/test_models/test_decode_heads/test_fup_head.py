import pytest
import torch
import torch.nn.functional as F
from mmseg.models.utils import resize

from monfap_mm.models import FUPHead
from tests.samples import make_samples, without_mask

CHANNELS = [8, 12, 16, 24]
SMALL = dict(in_channels=CHANNELS, num_heads=4, mlp_channels=(16, 16, 16, 16), coarse_channels=8)


def head(**kwargs):
    torch.manual_seed(0)
    return FUPHead(**{**SMALL, **kwargs}).eval()


def features(size=64, batch=2):
    torch.manual_seed(1)
    return [torch.randn(batch, c, size // s, size // s) for c, s in zip(CHANNELS, (4, 8, 16, 32))]


def test_defaults_are_the_papers():
    module = FUPHead(in_channels=[8, 16, 24, 32])
    assert [stage.blocks[0].mlp[0].out_features for stage in module.stages] == [2048, 1024, 512, 256]
    assert (module.num_heads, module.mask_threshold, module.task_mode) == (8, 0.5, 'token')
    assert (module.dropout.p, module.coarse_localizer[0].conv.out_channels) == (0.1, 512)
    assert (module.loss_decode.manipulated_weight, module.multi_scale, module.with_cp) == (10.0, True, False)


def test_cues_of_zero_are_not_the_same_as_no_cues():
    """Without a neck the cues are the features: p'_i = UP(p_i) + f_{3-i}, and p'_0 = f_3."""
    module, feats = head(), features()
    alone = module(feats)
    zero_at_the_start = module(feats, [*feats[:3], torch.zeros_like(feats[3])])
    for a, b in zip(alone, zero_at_the_start):
        torch.testing.assert_close(a, b)
    nothing = module(feats, [torch.zeros_like(feat) for feat in feats])
    assert (alone.mask_logits - nothing.mask_logits).abs().max() > 1e-3


def test_image_logits_are_eq_2_and_mask_logits_eq_3():
    module, seen = head(), {}
    module.stages[-1].register_forward_hook(lambda m, args, out: seen.update(tokens=out[0], pixels=out[1]))
    output = module(features())
    torch.testing.assert_close(output.cls_logits, module.classifier(seen['tokens'].mean(dim=1)))
    expected = torch.einsum('btc,bnc->btn', seen['tokens'], seen['pixels']).view(2, 2, 16, 16)
    torch.testing.assert_close(output.mask_logits, expected)


def test_mask_blocks_below_the_threshold():
    module = head(mask_threshold=0.7)
    coarse = torch.randn(2, 2, 4, 4)
    blocked = module._blocked(coarse, (8, 8))
    expected = F.interpolate(coarse, (8, 8), mode='bilinear').sigmoid() < 0.7
    assert torch.equal(blocked, expected.flatten(2))


@pytest.mark.parametrize('threshold', [0.25, 0.5])
def test_a_pixel_exactly_at_the_threshold_may_be_seen(threshold):
    """Eq. 5: mask = 1 where the sigmoid is at least the threshold."""
    module = head(mask_threshold=threshold)
    at = torch.tensor(threshold).logit()
    assert at.sigmoid() == threshold
    coarse = torch.stack([at, at - 1e-3, at + 1e-3, -at + 9]).view(1, 2, 1, 2)
    assert module._blocked(coarse, (1, 2)).tolist() == [[[False, True], [False, False]]]


@pytest.mark.parametrize('with_cues', [False, True])
@pytest.mark.parametrize('task_mode', ['token', 'two_branch', 'additional_loss', 'global_statistics'])
def test_image_logits_of_every_mode_with_and_without_cues(task_mode, with_cues):
    module, feats = head(task_mode=task_mode), features()
    cues = [torch.randn_like(feat) for feat in feats] if with_cues else None
    seen = {}
    module.stages[-1].register_forward_hook(lambda m, args, out: seen.update(tokens=out[0]))
    output = module(feats, cues)
    start = feats[-1] + cues[-1] if with_cues else feats[-1]
    margin = output.mask_logits[:, 1] - output.mask_logits[:, 0]
    expected = {
        'token': lambda: module.classifier(seen['tokens'].mean(dim=1)),
        'two_branch': lambda: module.classifier(start.mean(dim=(2, 3))),
    }.get(task_mode, lambda: torch.stack([torch.zeros(2), margin.amax(dim=(1, 2))], dim=1))()
    torch.testing.assert_close(output.cls_logits, expected)
    torch.testing.assert_close(output.coarse_logits, module.coarse_localizer(feats[-1]))  # never of the cues


def test_threshold_zero_never_masks():
    module, feats = head(mask_threshold=0.0), features()
    before = module(feats)
    torch.nn.init.constant_(module.coarse_localizer[-1].bias, -100.0)
    for a, b in zip(module(feats)[:2], before[:2]):
        torch.testing.assert_close(a, b)


def test_mask_does_not_train_the_localizer():
    module = head()
    module(features())[1].sum().backward()
    assert all(parameter.grad is None for parameter in module.coarse_localizer.parameters())


@pytest.mark.parametrize(('num_scales', 'stride'), [(1, 32), (2, 16), (3, 8), (4, 4)])
def test_number_of_scales(num_scales, stride):
    module = head(num_scales=num_scales)
    assert len(module.stages) == num_scales
    assert module(features())[1].shape == (2, 2, 64 // stride, 64 // stride)


@pytest.mark.parametrize('with_neck', [False, True])
def test_without_multi_scale_only_the_coarsest_level_counts(with_neck):
    """Table VI, 'w/o MSS': as if all finer cues were zero, at the same resolutions."""
    single, multi, feats = head(multi_scale=False), head(), features()
    zeros = [torch.zeros_like(feat) for feat in feats[:3]]
    cue = torch.randn_like(feats[3]) if with_neck else None
    actual = single(feats, None if cue is None else [*feats[:3], cue])
    expected = multi([*zeros, feats[3]], None if cue is None else [*zeros, cue])
    for a, b in zip(actual, expected):
        torch.testing.assert_close(a, b)
    assert (actual.mask_logits - multi(feats).mask_logits).abs().max() > 1e-3


@pytest.mark.parametrize('switch', [dict(multi_scale=False), dict(num_scales=2)])
@pytest.mark.parametrize('with_cues', [False, True])
def test_levels_that_serve_nothing_get_gradients_of_zero(switch, with_cues):
    """DDP waits for the gradient of every parameter, also of the norm layers behind the finer levels."""
    module, feats = head(**switch), [feat.requires_grad_() for feat in features()]
    cues = [torch.randn_like(feat).requires_grad_() for feat in feats] if with_cues else None
    sum(module.loss(feats, make_samples((64, 64)), cues=cues).values()).backward()
    levels = cues if with_cues else feats
    idle = levels[:3] if 'multi_scale' in switch else levels[:2]
    assert all(torch.count_nonzero(level.grad) == 0 for level in idle)
    assert all(torch.count_nonzero(level.grad) > 0 for level in levels[len(idle) :])


def test_levels_that_serve_nothing_may_be_zero():
    cues = [torch.zeros_like(feat) for feat in features()]
    losses = head(multi_scale=False).loss(features(), make_samples((64, 64)), cues=cues)
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize('task_mode', ['additional_loss', 'global_statistics'])
def test_detection_by_localization_is_the_most_fake_pixel(task_mode):
    cls_logits, mask_logits, _ = head(task_mode=task_mode)(features())
    expected = mask_logits.softmax(dim=1)[:, 1].flatten(1).amax(dim=1)
    torch.testing.assert_close(cls_logits.softmax(dim=1)[:, 1], expected)


def test_two_branch_does_not_see_the_tokens():
    module, feats = head(task_mode='two_branch'), features()
    before = module(feats)
    torch.nn.init.normal_(module.tokens)
    after = module(feats)
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(before[0], module.classifier(feats[-1].mean(dim=(2, 3))))
    assert (after[1] - before[1]).abs().max() > 1e-3


@pytest.mark.parametrize('task_mode', ['token', 'two_branch', 'additional_loss', 'global_statistics'])
def test_losses_are_cross_entropies_at_the_size_of_the_label(task_mode):
    module, feats, samples = head(task_mode=task_mode), features(), make_samples((64, 64))
    losses, output = module.loss(feats, samples), module(feats)
    if task_mode == 'global_statistics':
        assert 'loss_img' not in losses
    else:
        torch.testing.assert_close(losses['loss_img'], F.cross_entropy(output.cls_logits, torch.tensor([0, 1])))
    target = torch.cat([sample.gt_sem_seg.data for sample in samples])
    for name, logits in (('pix', output.mask_logits), ('aux', output.coarse_logits)):
        logits = resize(logits, size=(64, 64), mode='bilinear', align_corners=False)
        torch.testing.assert_close(losses[f'loss_{name}_genuine'], F.cross_entropy(logits[:1], target[:1]))
        torch.testing.assert_close(losses[f'loss_{name}_manipulated'], 10 * F.cross_entropy(logits[1:], target[1:]))


def test_a_sample_without_a_mask_counts_in_the_image_loss_alone():
    """Three of four samples have masks: the pixel losses are theirs, the image loss that of all, in closed form."""
    module, feats = head(), features(batch=4)
    samples = make_samples((64, 64), (0, 1, 1, 0))
    without_mask(samples[2])
    losses, output = module.loss(feats, samples), module(feats)
    labels = torch.tensor([0, 1, 1, 0])
    torch.testing.assert_close(losses['loss_img'], F.cross_entropy(output.cls_logits, labels))
    target = torch.cat([sample.gt_sem_seg.data for sample in samples])
    for name, logits in (('pix', output.mask_logits), ('aux', output.coarse_logits)):
        logits = resize(logits, size=(64, 64), mode='bilinear')
        genuine, fake = F.cross_entropy(logits[[0, 3]], target[[0, 3]]), 10 * F.cross_entropy(logits[[1]], target[[1]])
        torch.testing.assert_close(losses[f'loss_{name}_genuine'], genuine)
        torch.testing.assert_close(losses[f'loss_{name}_manipulated'], fake)
    known = [0, 1, 3]
    alone = module.loss([feat[known] for feat in feats], [samples[index] for index in known])
    assert {key for key in losses if not torch.allclose(losses[key], alone[key])} == {'loss_img'}


def test_a_batch_without_any_mask_trains_the_image_tokens():
    module = head()
    samples = [without_mask(sample) for sample in make_samples((64, 64), (1, 1))]
    losses = module.loss(features(), samples)
    assert {key: loss.item() for key, loss in losses.items() if key != 'loss_img'} == {
        f'loss_{name}_{kind}': 0 for name in ('pix', 'aux') for kind in ('genuine', 'manipulated')
    }
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())
    assert module.tokens.grad.abs().amax(dim=1).min() > 0
    assert all(parameter.grad.abs().max() == 0 for parameter in module.coarse_localizer.parameters())


def test_labels_come_from_the_masks_without_gt_label():
    module, feats, samples = head(), features(), make_samples((64, 64))
    expected = module.loss(feats, samples)
    for sample in samples:
        del sample.gt_label
    torch.testing.assert_close(module.loss(feats, samples), expected)


@pytest.mark.parametrize('labels', [(1, 0), (0, 0), (1, 1)])
def test_ignored_pixels_make_no_image_fake(labels):
    """No label, a mask with ignored pixels (255): fake is where a pixel is 1."""
    module, feats = head(), features()
    with_labels, without = make_samples((64, 64), labels), make_samples((64, 64), labels)
    for sample in with_labels + without:
        sample.gt_sem_seg.data[:, -3:] = 255
    for sample in without:
        del sample.gt_label
    torch.testing.assert_close(module.loss(feats, without), module.loss(feats, with_labels))


def test_the_label_counts_where_there_is_one():
    """A fake without a fake pixel, as a crop can be, is fake to the loss of the image and of the group."""
    module, feats, samples = head(), features(), make_samples((64, 64), (0, 1))
    samples[1].gt_sem_seg.data[:] = 0
    losses, output = module.loss(feats, samples), module(feats)
    torch.testing.assert_close(losses['loss_img'], F.cross_entropy(output.cls_logits, torch.tensor([0, 1])))
    logits = resize(output.mask_logits, size=(64, 64), mode='bilinear', align_corners=False)
    expected = 10 * F.cross_entropy(logits[1:], torch.zeros(1, 64, 64, dtype=torch.long))
    torch.testing.assert_close(losses['loss_pix_manipulated'], expected)


def test_predict_is_the_mask_at_the_size_of_the_input():
    module, feats = head(), features()
    logits = module.predict(feats, [dict(img_shape=(64, 64), pad_shape=(64, 64))] * 2)
    expected = resize(module(feats)[1], size=(64, 64), mode='bilinear', align_corners=False)
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize(
    ('switch', 'message'),
    [
        (dict(num_heads=5), r'num_heads=5 of FUPHead does not divide the widths \[8, 12, 16, 24\]'),
        (dict(in_channels=[8, 12, 16, 18]), r'does not divide the widths \[18\]'),
        (dict(task_mode='three_branch'), 'task_mode must be one of'),
        (dict(mask_threshold=1.5), 'between 0 .no masking. and 1, but got 1.5'),
        (dict(num_scales=0), 'num_scales must be 1 to 4'),
        (dict(num_scales=5), 'num_scales must be 1 to 4'),
        (dict(mlp_channels=(16,)), 'a width for each of 4 stages'),
    ],
)
def test_bad_switches(switch, message):
    with pytest.raises(ValueError, match=message):
        head(**switch)


def test_wrong_in_channels():
    with pytest.raises(ValueError, match=r'in_channels=\[8, 12, 16, 28\], but the features have \[8, 12, 16, 24\]'):
        head(in_channels=[8, 12, 16, 28])(features())


def saved_bytes(module, feats):
    """Memory that is kept for the gradient, and the gradients of a sum of all outputs."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = module(feats)
    total = sum(part.square().sum() for part in output)
    return sum(kept.values()), torch.autograd.grad(total, list(module.parameters()))


def test_with_cp_has_the_same_gradients_in_less_memory():
    module, feats = head().double(), [feat.double() for feat in features()]
    much, expected = saved_bytes(module, feats)
    module.with_cp = True
    less, gradients = saved_bytes(module, feats)
    torch.testing.assert_close(gradients, expected, atol=1e-12, rtol=1e-12)
    assert less < much / 2

"""The authors' ObjectFormer against the reference, and what the reference cannot tell."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import Compose
from mmseg.registry import MODELS, TRANSFORMS
from PIL import Image

from monfap_mm.deployment.export import ExportError, ExportForm
from monfap_mm.models.baselines.object_former.checkpoint import to_state_dict
from monfap_mm.models.baselines.object_former.vip_layers import RelativePosition
from monfap_mm.models.baselines.object_former.vip_object_former import dice_loss
from tests.samples import make_samples, train_steps
from tests.test_configs import load

from . import peers

CONFIG = Path(__file__).parents[3] / 'configs/baselines/object_former/object-former-vip_1xb24-40e_casia2-380x380.py'
SIZES = {'a': (2, 3, 128, 128), 'b': (1, 3, 96, 160)}
POSITIONS = ('rpn_qpos', 'rpn_kpos', 'obj_queries')


def build(**parts):
    model = load(CONFIG).model
    for part, values in parts.items():
        model[part].update(values)
    torch.manual_seed(0)
    return MODELS.build(model)


def tiny():
    """A narrow network of our own."""
    channels = (8, 16, 24, 32)
    heads = dict(encoder_heads=(1, 2, 2, 2), decoder_heads=(2, 2, 2, 2))
    backbone = dict(channels=channels, depths=(1, 1, 2, 1), windows=(4, 3, 3, 3), num_tokens=5, **heads)
    return build(backbone=backbone, decode_head=dict(channels=channels))


def special(rng, key, shape):
    return rng.standard_normal(shape) if key.endswith(POSITIONS) else None


@pytest.fixture(scope='module')
def reference():
    """Model with the reference's weights; by image 'a' and 'b': the images, features, output."""
    rng = np.random.RandomState(20240903)
    model = build().eval()
    weights = peers.draw(peers.shapes('object_former'), rng, special)
    model.load_state_dict(to_state_dict(weights), strict=True)
    assert sum(parameter.numel() for parameter in model.parameters()) == 34_413_204
    computed = {}
    for name, size in SIZES.items():
        images = torch.from_numpy(rng.standard_normal(size).astype(np.float32))
        computed[name] = images, *compute(model, images)
    return model, computed


@torch.no_grad()
def compute(model, images):
    backbone, found = model.backbone, {}
    first = backbone.stages[0]
    modules = dict(
        conv1=backbone.conv1,
        norm1=backbone.norm1,
        pool1=backbone.pool1,
        layer_0_proj_norm=first.norm,
        layer_0_proj_token=first.project_tokens,
        layer_0_blocks_0_encoder=first.encoders[0],
        layer_0_blocks_0_decoder_attn1=first.decoders[0].attn1,
        layer_0_blocks_0_decoder_attn2=first.decoders[0].attn2,
        layer_2_blocks_1_tokens=backbone.stages[2].encoders[1],
        layer_3_last_enc=backbone.stages[3].last_enc,
    )
    hooks = [m.register_forward_hook(lambda *a, k=k: found.update({k: a[2].clone()})) for k, m in modules.items()]
    hooks += [
        stage.register_forward_hook(
            lambda *a, i=i: found.update({f'layer_{i}_feat': a[2][0], f'layer_{i}_tokens': a[2][1]})
        )
        for i, stage in enumerate(backbone.stages[:3])
    ]
    output = model.decode_head(*model.extract_feat(images))
    for hook in hooks:
        hook.remove()
    return found, output


def at_size_of(images, logits):
    return F.interpolate(logits, images.shape[2:], mode='bilinear', align_corners=True)


@pytest.mark.parametrize('name', SIZES)
def test_reference(reference, name):
    images, _, output = reference[1][name]
    expected = peers.arrays('object_former', 'authors_forward.npz')
    compared = 0
    for i, logits in enumerate(output.mask_logits):
        mask = at_size_of(images, logits).sigmoid()
        for end, stride in (('', 1), ('_s2', 2), ('_s4', 4)):
            if (key := f'authors_{name}_mask{i}{end}') in expected:
                torch.testing.assert_close(mask[..., ::stride, ::stride], expected[key], atol=1e-5, rtol=0)
                compared += 1
        largest = expected[f'authors_{name}_maxpool_scores'][:, i]
        torch.testing.assert_close(mask.amax(dim=(1, 2, 3)), largest, atol=1e-5, rtol=0)
    assert compared == 3
    logit = expected[f'authors_{name}_logit']
    torch.testing.assert_close(output.cls_logit[:, 0], logit, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('name', SIZES)
def test_intermediate_features(reference, name):
    _, found, _ = reference[1][name]
    expected = peers.arrays('object_former', 'authors_forward.npz')
    assert len(found) == 16
    for key, value in found.items():
        sample, (mean, std) = expected[f'authors_{name}_{key}_sample'], expected[f'authors_{name}_{key}_stat'].tolist()
        assert value.double().mean().item() == pytest.approx(mean, abs=1e-4)
        assert value.double().std(correction=0).item() == pytest.approx(std, rel=1e-3)
        flat = value[0].flatten()
        flat = flat[:: max(1, flat.numel() // 256)][:256]
        torch.testing.assert_close(flat, sample.float(), atol=1e-4, rtol=1e-4)


def test_losses_of_the_reference(reference):
    model, computed = reference
    images, _, output = computed['a']
    masks = torch.zeros(2, 128, 128, dtype=torch.long)
    masks[1, 32:64, 32:96] = 1
    expected = peers.arrays('object_former', 'authors_forward.npz')
    with torch.no_grad():
        losses = model.loss(images, peers.samples([0, 1], masks))
    found = [losses[key].item() for key in ('loss_cls', 'loss_dice_0', 'loss_dice_1', 'loss_dice_2')]
    assert [*found, sum(found)] == pytest.approx(expected['authors_a_losses'].tolist(), rel=1e-5)
    genuine = [dice_loss(at_size_of(images, x)[:, 0], torch.zeros_like(masks)).item() for x in output.mask_logits]
    assert genuine == pytest.approx(expected['authors_a_losses_genuine'].tolist(), rel=1e-5)


def test_the_answer_is_the_last_mask_and_the_classifier():
    model = tiny().eval()
    images = torch.randn(2, 3, 64, 80)
    with torch.no_grad():
        answer = model.inference(images, [])
        output = model.decode_head(*model.extract_feat(images))
    torch.testing.assert_close(answer.scores[:, 1], output.cls_logit[:, 0].sigmoid())
    fake = answer.seg_logits[:, 1:] - answer.seg_logits[:, :1]
    torch.testing.assert_close(fake, at_size_of(images, output.mask_logits[2]))


def test_relative_position_by_hand():
    layer = RelativePosition(3, 8)
    q = torch.randn(2, 1, 9, 8)
    scores = layer(q)
    for query in range(9):
        for key in range(9):
            down, right = key // 3 - query // 3, key % 3 - query % 3
            expected = q[:, 0, query, :4] @ layer.rel_emb_h[down + 2] + q[:, 0, query, 4:] @ layer.rel_emb_w[right + 2]
            torch.testing.assert_close(scores[:, 0, query, key], expected)


def test_dice_by_hand():
    logits, target = torch.tensor([[[0.0, 2.0, -1.0]]]), torch.tensor([[[1, 0, 255]]])
    p = torch.tensor([0.0, 2.0]).sigmoid()
    expected = 1 - (2 * p[0] + 1) / (p.square().sum() + 1 + 1)
    torch.testing.assert_close(dice_loss(logits, target), expected)


@pytest.mark.parametrize('labels', [(0, 1), (0, 0), (1, 1), (1,)])
def test_all_weights_get_gradients(labels):
    train_steps(tiny(), torch.randn(len(labels), 3, 64, 72), make_samples((64, 72), labels))


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
        losses = model.loss(torch.randn(2, 3, 64, 64), make_samples((64, 64)))
    assert all(torch.isfinite(loss) for loss in losses.values())


@torch.no_grad()
def test_inference_form_gives_the_same_answers():
    model = tiny().eval()
    images = torch.randn(1, 3, 64, 64)
    before = model.forward_all(images)
    after = model.to_inference().forward_all(images)
    torch.testing.assert_close(after.mask_logits, before.mask_logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.cls_logits, before.cls_logits, atol=1e-4, rtol=1e-4)


def test_augmentation_runs(tmp_path):
    mask = np.zeros((90, 60), np.uint8)
    mask[10:80, 5:50] = 255
    Image.fromarray(np.full((90, 60, 3), 20, np.uint8)).save(tmp_path / 'a.png')
    Image.fromarray(mask).save(tmp_path / 'm.png')
    steps = load(CONFIG).train_dataloader.dataset.pipeline
    pipeline = Compose([TRANSFORMS.build(step) for step in steps])
    for _ in range(5):
        packed = pipeline(dict(img_path=str(tmp_path / 'a.png'), seg_map_path=str(tmp_path / 'm.png'), gt_label=1))
        assert packed['inputs'].shape == (3, 380, 380)
        assert packed['data_samples'].gt_sem_seg.data.unique().tolist() in ([0, 1], [1])
        assert packed['data_samples'].gt_label.label.item() == 1


def test_export_is_refused_by_name():
    with pytest.raises(ExportError, match='backbone ViP cannot be exported'):
        ExportForm(tiny(), None)

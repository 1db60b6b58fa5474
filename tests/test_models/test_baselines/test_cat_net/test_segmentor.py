"""CAT-Net against what the authors' code computed, and at its edges."""

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmseg.registry import MODELS

from monfap_mm.media.jpeg_grid import COEFFICIENT, PIXELS, STEP
from monfap_mm.models.baselines.cat_net import to_state_dict
from monfap_mm.models.layers.logits import largest_pixel

from .. import peers
from .instances import SIZES, draw_inputs, reference, small_config, small_model

# The reference's names of what the stages give, by our names of the stages.
STAGES = {
    'backbone.layer1': 'layer1',
    'backbone.stage2': 'stage2',
    'backbone.stage3': 'stage3',
    'backbone.stage4': 'stage4',
    'dct_stream.dilated': 'dc_layer0_dil',
    'dct_stream.reduced': 'dc_layer1_tail',
    'dct_stream.blocks': 'dc_layer2',
    'dct_stream.stage3': 'dc_stage3',
    'dct_stream.stage4': 'dc_stage4',
    'fusion': 'stage5',
}


@pytest.fixture(scope='module')
def expected():
    return peers.arrays('cat_net', 'small_forward.npz')


@pytest.fixture(scope='module')
def instance():
    model, rng = reference()
    return model, {name: draw_inputs(rng, name) for name in SIZES}


@pytest.mark.parametrize('name', SIZES)
def test_logits_and_losses_are_the_references(instance, expected, name):
    model, drawn = instance
    inputs, masks = drawn[name]
    samples = peers.samples([0] * len(masks), masks)
    with torch.no_grad():
        logits = model.forward_all(inputs).mask_logits
        losses = []
        for class_weight in (0.5, 2.5), (1.0, 1.0):
            model.class_weight = torch.tensor(class_weight)
            losses.append(model.loss(inputs, samples)['loss_pix'])
    torch.testing.assert_close(logits, expected[f'{name}_logits'], rtol=0, atol=1e-4)
    torch.testing.assert_close(torch.stack(losses), expected[f'{name}_losses'].float(), rtol=0, atol=1e-5)


@pytest.mark.parametrize('name', SIZES)
def test_every_stage_is_the_references(instance, expected, name):
    model, drawn = instance
    found, handles = {}, []
    for ours, theirs in STAGES.items():
        hook = model.get_submodule(ours).register_forward_hook(lambda *args, name=theirs: found.update({name: args[2]}))
        handles.append(hook)
    with torch.no_grad():
        model.forward_all(drawn[name][0])
    for handle in handles:
        handle.remove()
    compared = 0
    for stage, feats in found.items():
        branches = {f'_{i}': feat for i, feat in enumerate(feats)} if isinstance(feats, list) else {'': feats}
        for branch, feat in branches.items():
            stat, sample = (expected[f'{name}_{stage}{branch}_{kind}'].float() for kind in ('stat', 'sample'))
            torch.testing.assert_close(torch.stack([feat.mean(), feat.std(correction=0)]), stat, rtol=1e-4, atol=1e-4)
            step = max(1, feat.shape[1] // 8)
            torch.testing.assert_close(feat[:, ::step, ::4, ::4], sample, rtol=1e-4, atol=1e-4)
            compared += 1
    assert compared == 1 + 2 + 3 + 4 + 3 + 2 + 3 + 4


@pytest.mark.slow
def test_full_size(tmp_path):
    model, rng = reference(full=True)
    expected = peers.arrays('cat_net')
    for name in SIZES:
        inputs, _ = draw_inputs(rng, name)
        with torch.no_grad():
            logits = model.forward_all(inputs).mask_logits
        torch.testing.assert_close(logits, expected[f'{name}_logits'], rtol=0, atol=1e-4)
    assert sum(parameter.numel() for parameter in model.parameters()) == 114_263_810
    check_the_reference_file(model, expected, tmp_path)


def check_the_reference_file(model, expected, folder):
    """From the bytes of a JPEG file to logits and loss, through the transforms."""
    pytest.importorskip('jpeglib')
    (folder / 'a.jpg').write_bytes(expected['jpeg_bytes'].numpy().tobytes())
    for prefix, crops in (('jpeg', []), ('jpegpad', [dict(type='GridCrop', crop_size=(128, 96))])):
        pipeline = Compose([dict(type='LoadForgeryImage'), dict(type='LoadJpegGrid'), *crops])
        mask = np.ones((101, 75), np.uint8)
        results = pipeline(dict(img_path=str(folder / 'a.jpg'), gt_seg_map=mask, seg_fields=['gt_seg_map']))
        inputs = torch.from_numpy(results['img']).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            logits = model.forward_all(inputs).mask_logits
            loss = model.loss(inputs, peers.samples([1], torch.from_numpy(results['gt_seg_map'])[None]))['loss_pix']
        torch.testing.assert_close(logits, expected[f'{prefix}_logits'], rtol=0, atol=1e-4)
    torch.testing.assert_close(loss[None], expected['jpegpad_losses'].float(), rtol=0, atol=1e-5)


def test_gradients_reach_every_parameter():
    model = small_model().train()
    inputs, masks = draw_inputs(np.random.RandomState(3), 'a')
    model.loss(inputs, peers.samples([0, 1], masks))['loss_pix'].backward()
    assert not [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]


@pytest.mark.parametrize('value', [0, 1])
def test_batches_of_one_class(value):
    model = small_model().train()
    inputs = model.example_inputs((1, 64, 64))
    loss = model.loss(inputs, peers.samples([value], torch.full((1, 64, 64), value)))['loss_pix']
    assert 0 < loss < float('inf')


def test_no_pixel_that_counts_gives_a_loss_of_zero():
    model = small_model()
    inputs = model.example_inputs((1, 64, 64))
    loss = model.loss(inputs, peers.samples([0], torch.full((1, 64, 64), 255)))['loss_pix']
    assert loss == 0
    loss.backward()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_is_finite(dtype):
    model = small_model().eval()
    with torch.no_grad(), torch.autocast('cpu', dtype):
        prediction = model.encode_decode(model.example_inputs(), [])
    assert prediction.seg_logits.isfinite().all()
    assert prediction.scores.isfinite().all()


@pytest.mark.parametrize('size', [(8, 8), (8, 264), (520, 72)])
def test_sizes(size):
    model = small_model().eval()
    with torch.no_grad():
        prediction = model.encode_decode(model.example_inputs((1, *size)), [])
    assert prediction.seg_logits.shape == (1, 2, *size)


def test_what_lies_beyond_the_picture_is_gray_and_counts_for_nothing():
    model = reference()[0]
    inputs = model.example_inputs((1, 64, 64))
    gray = inputs.clone()
    inputs[:, PIXELS, 60:], gray[:, PIXELS, 60:] = -1, 127.5
    with torch.no_grad():
        one, other = model.encode_decode(inputs, []), model.encode_decode(gray, [])
    torch.testing.assert_close(one.seg_logits, other.seg_logits)
    margin = largest_pixel(one.seg_logits[:, :, :60])
    torch.testing.assert_close(one.scores, margin.softmax(dim=1))


def test_only_the_pixels_that_count_give_the_score():
    logits = torch.zeros(1, 2, 2, 2)
    logits[0, 1] = torch.tensor([[1.0, 2.0], [9.0, 9.0]])
    counts = torch.tensor([[[[True, True], [False, False]]]])
    assert largest_pixel(logits, counts).tolist() == [[0, 2]]


def test_coefficients_and_steps_matter_but_signs_do_not():
    model = reference()[0]
    inputs = model.example_inputs((1, 32, 32))
    with torch.no_grad():
        logits = model.forward_all(inputs).mask_logits
        for channel, changed, same in ((COEFFICIENT, 0, -1), (STEP, 2, 1)):
            other = inputs.clone()
            other[:, channel] *= same
            torch.testing.assert_close(model.forward_all(other).mask_logits, logits)
            other[:, channel] *= changed
            assert (model.forward_all(other).mask_logits - logits).abs().max() > 1e-3


def test_windows_are_those_of_the_whole_grid():
    config = small_config()
    config.test_cfg = dict(mode='slide', crop_size=(32, 32), stride=(24, 24))
    model = reference()[0]
    model.test_cfg = config.test_cfg
    inputs = model.example_inputs((1, 56, 40))
    with torch.no_grad():
        found = model.inference(inputs, [])
        part = model.encode_decode(inputs[..., 24:, 8:], [])
    torch.testing.assert_close(found.seg_logits[..., 32:, 32:], part.seg_logits[..., 8:, 24:])


@pytest.mark.parametrize(('key', 'length'), [('crop_size', 36), ('stride', 20)])
def test_windows_off_the_grid_are_refused(key, length):
    config = small_config()
    config.test_cfg = dict(mode='slide', crop_size=(32, 32), stride=(24, 24)) | {key: (length, length)}
    with pytest.raises(ValueError, match=f'test_cfg.{key} of CatNet must be multiples of 8'):
        MODELS.build(config)


@pytest.mark.parametrize('shape', [(1, 3, 64, 64), (1, 5, 60, 64)])
def test_pictures_without_their_grid_are_refused(shape):
    model = small_model()
    for call in (lambda inputs: model.encode_decode(inputs, []), model, model.forward_all):
        with pytest.raises(ValueError, match='LoadJpegGrid'):
            call(torch.zeros(shape))


def test_inference_form_answers_the_same():
    model = reference()[0]
    inputs = model.example_inputs()
    with torch.no_grad():
        before = model.encode_decode(inputs, [])
        after = model.to_inference().encode_decode(inputs, [])
    torch.testing.assert_close(after.seg_logits, before.seg_logits, rtol=1e-3, atol=1e-4)
    assert not [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def test_a_checkpoint_without_weights_is_refused():
    with pytest.raises(ValueError, match='no weights'):
        to_state_dict(dict(state_dict=dict(epoch=3)))

"""HP-FCN against the authors' TensorFlow code, through the converter."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from monfap_mm.models.baselines.hpfcn import HPFCN
from monfap_mm.models.baselines.hpfcn.losses import LOSSES
from monfap_mm.models.baselines.hpfcn.upsampling import BilinearUpsampling, bilinear_kernel
from tests.samples import make_samples, train_steps
from tests.test_models.test_baselines import peers
from tools.model_converters.peers2mm import ConversionError, convert

SIZES = dict(a=(2, 3, 96, 96), b=(1, 3, 96, 64), c=(1, 3, 75, 90))
SMALL = dict(widths=(4, 4, 8, 8), decoder_channels=8)
REFERENCE = peers.arrays('hpfcn')


def variable(key, value):
    """A weight of the sheet's naming as TensorFlow has it: name and array."""
    if 'prefilter' in key:
        return f'root_filter{key.split(".")[1]}', value.permute(2, 3, 0, 1)
    if 'upsample' in key:
        return f'bilinear_kernel{int(key[8]) - 1}', value.permute(2, 3, 1, 0)
    name = re.sub(r'^block(\d)\.unit(\d)\.', r'resnet_small/block\1/unit_\2/bottleneck_v2/', key)
    name = re.sub(r'bn(\d)', r'conv\1/BatchNorm', name).replace('.', '/')
    is_norm = 'norm' in name.lower() or 'preact' in name
    ends = dict(weight='gamma' if is_norm else 'weights', bias='beta' if is_norm else 'biases')
    ends |= dict(running_mean='moving_mean', running_var='moving_variance')
    head, _, end = name.rpartition('/')
    return f'{head}/{ends[end]}', value.permute(2, 3, 1, 0) if value.dim() == 4 else value


def draw():
    """The authors' variables and the inputs."""
    rng = np.random.RandomState(20240901)
    weights = peers.draw(peers.shapes('hpfcn'), rng)
    inputs = {name: torch.from_numpy(rng.uniform(0, 1, size).astype(np.float32)) for name, size in SIZES.items()}
    weights = {key: value for key, value in weights.items() if not key.endswith('num_batches_tracked')}
    return dict(variable(key, value) for key, value in weights.items()), inputs


VARIABLES, INPUTS = draw()


@pytest.fixture
def model():
    model = HPFCN()
    model.load_state_dict(convert('hpfcn', VARIABLES, model.state_dict()))
    return model.eval()


def target(name):
    batch, _, height, width = SIZES[name]
    masks = torch.zeros(batch, height, width, dtype=torch.long)
    if name == 'a':
        masks[1, 20:60, 30:80] = 1
    else:
        masks[0, 10:40, 20:50] = 1
    return masks


def parts(model):
    named = {f'block{i + 1}': block for i, block in enumerate(model.blocks)}
    return dict(residuals=model.prefilter, upsample1=model.upsample1, upsample2=model.upsample2) | named


def sample(x):
    x = x[0].flatten()
    return x[:: max(1, len(x) // 256)][:256]


def close(found, expected, tolerance=1e-4):
    torch.testing.assert_close(found.detach(), expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize('name', SIZES)
@torch.no_grad()
def test_reference(model, name):
    outputs = {}
    for part, module in parts(model).items():
        module.register_forward_hook(lambda *call, part=part: outputs.update({part: call[-1]}))
    model.logits.register_forward_pre_hook(lambda _, args: outputs.update(post_norm=args[0]))
    logits = model.forward_all(INPUTS[name]).mask_logits
    assert logits.shape[2:] == INPUTS[name].shape[2:]
    step, key = (4, 'b_logits_s4') if name == 'b' else (1, f'{name}_logits')
    close(logits[..., ::step, ::step], REFERENCE[key])
    assert len(outputs) == 8
    for part, output in outputs.items():
        close(sample(output), REFERENCE[f'{name}_{part}_sample'])
        close(torch.stack([output.mean(), output.std(correction=0)]), REFERENCE[f'{name}_{part}_stat'])
    losses = [LOSSES[loss](logits, target(name)) for loss in ('focal', 'wxent', 'xent')]
    close(torch.stack([*losses, 1e-5 * model.l2()]), REFERENCE[f'{name}_losses'], 1e-5)
    scores = model.inference(INPUTS[name], []).scores
    close(scores[:, 1], REFERENCE[f'{name}_score'][:, 0])


@torch.no_grad()
def test_losses_of_genuine_images(model):
    logits = model.forward_all(INPUTS['a']).mask_logits
    losses = [LOSSES[loss](logits, torch.zeros(2, 96, 96).long()) for loss in ('focal', 'wxent', 'xent')]
    close(torch.stack([*losses, 1e-5 * model.l2()]), REFERENCE['a_losses_all_genuine'], 1e-5)


def test_training_step(model):
    model.train()
    samples = peers.samples([0, 1], target('a'))
    loss = model.loss(INPUTS['a'], samples)['loss_pix']
    close(loss, REFERENCE['train_focal'], 1e-5)
    loss.backward()
    close(model.logits.weight.grad, REFERENCE['train_grad_logits_weight'], 1e-5)
    gradient, expected = model.prefilter.filters.grad[0].flatten(), REFERENCE['train_grad_prefilter0'].flatten()
    assert F.cosine_similarity(gradient, expected, dim=0) > 0.999
    close(gradient, expected, 1e-3)
    close(model.post_norm.running_mean, REFERENCE['train_post_norm_running_mean'], 1e-5)
    close(model.post_norm.running_var, REFERENCE['train_post_norm_running_var'], 1e-5)
    close(model.blocks[3][0].preact.running_var[::8], REFERENCE['train_b4u1_preact_running_var_sample'], 1e-5)


def test_where_filters_and_upsampling_start():
    model = HPFCN(upsampling='shared')
    residuals = model.prefilter(INPUTS['a'])
    close(sample(residuals), REFERENCE['init_residuals_sample'], 1e-6)
    close(bilinear_kernel(), REFERENCE['init_bilinear'], 1e-6)
    assert torch.equal(model.upsample1.weight, bilinear_kernel().expand(1024, 64, 8, 8))


def test_number_of_parameters():
    assert sum(parameter.numel() for parameter in HPFCN().parameters()) == 7_699_029


@pytest.mark.parametrize('init', ['grouped', 'shared'])
def test_upsampling_starts_as_bilinear_interpolation(init):
    """Of the mean of a group of channels, or of the sum of all; away from the border."""
    x = torch.randn(1, 6, 5, 7)
    enlarged = BilinearUpsampling(6, 2, init)(x, (20, 28))
    expected = F.interpolate(x, scale_factor=4, mode='bilinear')
    groups = (expected[:, ::2].mean(dim=1), expected[:, 1::2].mean(dim=1))
    expected = (
        torch.stack(groups, dim=1) if init == 'grouped' else expected.sum(dim=1, keepdim=True).expand(1, 2, 20, 28)
    )
    close(enlarged[..., 4:-4, 4:-4], expected[..., 4:-4, 4:-4], 1e-5)


def spread(model):
    return (model.upsample1.weight - model.upsample1.weight[:, :1]).abs().max().item()


def test_shared_channels_stay_equal_in_training_and_grouped_ones_do_not():
    inputs, samples = torch.rand(2, 3, 32, 32), make_samples((32, 32))
    for init in ('shared', 'grouped'):
        model = HPFCN(**SMALL, upsampling=init)
        before = model.upsample1.weight.detach().clone()
        train_steps(model, inputs, samples)
        assert not torch.equal(model.upsample1.weight, before)
        assert (spread(model) == 0) == (init == 'shared')


def test_losses_on_paper():
    """p_t = 3/4 on three genuine pixels, 1/4 on a forged one; a fifth pixel is ignored."""
    logits = torch.tensor([np.log(3.0), 0.0]).float().reshape(1, 2, 1, 1).expand(1, 2, 1, 5)
    labels = torch.tensor([[[0, 0, 0, 1, 255]]])
    right, wrong = np.log(4 / 3), np.log(4)
    expected = dict(
        focal=(3 * right / 16 + wrong * 9 / 16) / 4,
        xent=(3 * right + wrong) / 4,
        wxent=(3 * right * 2 / 3 + wrong * 2) / 4,
    )
    for name, value in expected.items():
        close(LOSSES[name](logits, labels), torch.tensor(value).float(), 1e-6)
        assert LOSSES[name](logits, torch.full_like(labels, 255)) == 0


@pytest.mark.parametrize('labels', [(0,), (1,), (0, 0), (1, 1), (0, 1)])
@pytest.mark.parametrize('loss', LOSSES)
def test_every_parameter_has_a_gradient(labels, loss):
    model = HPFCN(**SMALL, loss=loss)
    train_steps(model, torch.rand(len(labels), 3, 37, 50), make_samples((37, 50), labels))
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('size', [(1, 1), (1, 9), (7, 5), (33, 129)])
@torch.no_grad()
def test_any_size(size):
    prediction = HPFCN(**SMALL).eval().inference(torch.rand(1, 3, *size), [])
    assert prediction.seg_logits.shape == (1, 2, *size)
    assert prediction.seg_logits.isfinite().all()
    assert prediction.gates is None
    assert prediction.coarse_prob is None


def test_the_authors_start_does_not_overflow_in_half_precision():
    model = HPFCN(upsampling='shared')
    with torch.autocast('cpu', torch.half):
        losses = model.loss(torch.rand(1, 3, 32, 32), make_samples((32, 32), (1,)))
    assert losses['loss_pix'].isfinite()
    assert losses['loss_pix'].dtype == torch.float32


@pytest.mark.parametrize(('key', 'value'), [('loss', 'dice'), ('upsampling', 'nearest')])
def test_unknown_values_are_refused(key, value):
    with pytest.raises(ValueError, match=f'{key} must be one of .*{value}'):
        HPFCN(**SMALL, **{key: value})


def test_what_tensorflow_keeps_beside_the_weights_is_left_out():
    extra = {
        'global_step': torch.tensor(3),
        'beta1_power': torch.tensor(0.9),
        'logits/weights/Adam': torch.zeros(5, 5, 4, 2),
        'resnet_small/postnorm/gamma': torch.ones(1024),
    }
    variables = {f'{name}:0': value for name, value in VARIABLES.items()}
    convert('hpfcn', variables | extra, HPFCN().state_dict())


def test_missing_unknown_and_misshapen_variables_are_named():
    variables = dict(VARIABLES)
    del variables['root_filter1']
    variables['dense/weights'] = torch.zeros(3)
    variables['logits/biases'] = torch.zeros(3)
    with pytest.raises(ConversionError) as refusal:
        convert('hpfcn', variables, HPFCN().state_dict())
    assert '1 missing: prefilter.filters' in str(refusal.value)
    assert 'root_filter0, root_filter2' in str(refusal.value)
    assert 'dense.weight' in str(refusal.value)
    assert 'logits.bias (model (2,), checkpoint (3,))' in str(refusal.value)

"""ManTra-Net against the original Keras code, through the converter."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample

from monfap_mm.models.baselines.mantra_net import ManTraNet
from monfap_mm.models.baselines.mantra_net.anomaly_detector import AnomalyDetector, local_mean
from monfap_mm.models.baselines.mantra_net.conv_lstm import ConvLSTMCell
from monfap_mm.models.baselines.mantra_net.strips import in_strips
from monfap_mm.models.baselines.mantra_net.trace_extractor import TraceFilters, pad_symmetrically
from tests.samples import make_samples, train_steps
from tests.test_models.test_baselines import peers
from tools.model_converters.peers2mm import ConversionError, convert

SIZES = dict(a=(2, 64, 64), b=(1, 40, 72))
SMALL = dict(base_channels=2, detector_channels=4)
REFERENCE = peers.arrays('mantra_net')
LAYERS = ['b1c2', 'b2c1', 'b2c2', 'b3c1', 'b3c2', 'b3c3', 'b4c1', 'b4c2', 'b4c3', 'b5c1', 'b5c2', 'transform']
SRM = 'IMTFE.SRMConv2D.weight'


def draw_special(rng, key, shape):
    if key == SRM:
        return REFERENCE['srm_kernel'].numpy()
    if key == 'IMTFE.BayarConv2D.weight':
        return rng.uniform(0.2, 1.0, shape)
    if key == 'AnomalyDetector.sigma_F':
        return rng.uniform(0.0, 0.6, shape)
    if key == 'bnorm.moving_variance':
        return rng.uniform(0.0005, 0.0015, shape)
    if key == 'bnorm.moving_mean':
        return 0.05 * rng.standard_normal(shape)
    if key.endswith('bias'):
        return 0.1 * rng.standard_normal(shape)
    gain = np.sqrt(2) if key.startswith('IMTFE') else 1.0
    return gain * rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))


def draw_image(rng, batch, height, width):
    low = rng.randint(40, 216, (batch, 3, height // 8, width // 8))
    noise = rng.randint(-30, 31, (batch, 3, height, width))
    image = np.clip(low.repeat(8, axis=2).repeat(8, axis=3) + noise, 0, 255).astype(np.float32)
    return torch.from_numpy(image)


def draw():
    """The authors' weights and the inputs, in [-1, 1]."""
    rng = np.random.RandomState(20241103)
    weights = peers.draw(peers.shapes('mantra_net'), rng, draw_special)
    return weights, {name: draw_image(rng, *size) / 127.5 - 1 for name, size in SIZES.items()}


WEIGHTS, INPUTS = draw()


def build(**kwargs):
    model = ManTraNet(**kwargs)
    drop = 'bnorm' if kwargs.get('norm') == 'instance' else '-'
    weights = {key: value for key, value in WEIGHTS.items() if not key.startswith(drop)}
    model.load_state_dict(convert('mantra_net', weights, model.state_dict()))
    return model.eval()


@pytest.fixture(scope='module')
def model():
    return build()


def close(found, expected, tolerance=2e-5):
    torch.testing.assert_close(found.detach(), expected, atol=tolerance, rtol=tolerance)


def probability(model, name):
    return model.forward_all(INPUTS[name]).mask_logits.sigmoid()


def test_inputs_are_those_of_the_reference():
    for name, image in INPUTS.items():
        close((image[..., ::8, ::8] + 1) * 127.5, REFERENCE[f'{name}_input_sample'].float(), 1e-4)


@pytest.mark.parametrize('name', SIZES)
@torch.no_grad()
def test_answer(model, name):
    close(probability(model, name), REFERENCE[f'{name}_prob'])
    close(model.inference(INPUTS[name], []).scores[:, 1], REFERENCE[f'{name}_image_score'][:, 0])


@torch.no_grad()
def test_intermediate_maps(model):
    found = {}

    def keep(module, name):
        return module.register_forward_hook(lambda *call: found.setdefault(name, []).append(call[-1]))

    named = dict(zip(LAYERS, model.extractor.convs))
    named |= dict(b1c1=model.extractor.filters, L2=model.extractor, outlierTrans=model.adaptation, bnorm=model.norm)
    hooks = [keep(module, name) for name, module in named.items()]
    lstm, scores = model.detector.lstm, []
    hooks += [keep(lstm, 'state'), lstm.register_forward_pre_hook(lambda _, args: scores.append(args[0]))]
    model.forward_all(INPUTS['a'])
    for hook in hooks:
        hook.remove()
    for name in named:
        (maps,) = found[name]
        if name not in ('transform', 'L2', 'outlierTrans', 'bnorm'):
            maps = maps.relu()
        sample = maps[:, :: max(1, maps.shape[1] // 6), ::16, ::16]
        close(sample, REFERENCE[f'a_{name}_sample'], 1e-4)
        close(torch.stack([maps.mean(), maps.std(correction=0)]), REFERENCE[f'a_{name}_stat'], 1e-4)
    close(torch.stack(scores, dim=1)[:, :, ::10, ::8, ::8], REFERENCE['a_divStd_sample'], 1e-4)
    close(model.detector.statistics(found['bnorm'][0])[1].flatten(1), REFERENCE['a_glbStd'], 1e-4)
    close(found['state'][-1][0][..., ::4, ::4], REFERENCE['a_cLSTM_sample'], 2e-4)


@torch.no_grad()
def test_statistics_of_the_batch():
    """The port in testing, and the original in training."""
    model = build().train()
    close(probability(model, 'a')[..., ::2, ::2], REFERENCE['a_prob_batchstat'])
    close(probability(model, 'b'), REFERENCE['b_prob_batchstat'])


@torch.no_grad()
def test_published_weights_without_moving_statistics():
    """Each image by its own statistics: as the port for a batch of one, and no image depends on another."""
    model = build(norm='instance')
    close(probability(model, 'b'), REFERENCE['b_prob_batchstat'])
    both = probability(model, 'a')
    close(both[1:], model.forward_all(INPUTS['a'][1:]).mask_logits.sigmoid(), 1e-6)


def target():
    masks = torch.zeros(2, 64, 64, dtype=torch.long)
    masks[1, 16:44, 19:51] = 1
    return masks


@torch.no_grad()
def test_loss(model):
    loss = model.loss(INPUTS['a'], peers.samples([0, 1], target()))['loss_pix']
    close(loss, REFERENCE['a_losses'][0].float(), 1e-5)


@torch.no_grad()
def test_ignored_pixels_do_not_count(model):
    masks = target()
    masks[:, 32:] = 255
    loss = model.loss(INPUTS['a'], peers.samples([0, 1], masks))['loss_pix']
    probabilities, fake = probability(model, 'a')[:, 0, :32], masks[:, :32] == 1
    close(loss, -torch.where(fake, probabilities, 1 - probabilities).log().mean())
    assert model.loss(INPUTS['a'], peers.samples([0, 1], torch.full_like(masks, 255)))['loss_pix'] == 0


def test_filters_of_the_first_layer():
    filters = TraceFilters()
    with torch.no_grad():
        kernel = WEIGHTS['IMTFE.BayarConv2D.weight'].flatten(2)
        filters.bayar.weight.copy_(torch.cat([kernel[..., :12], kernel[..., 13:]], dim=-1))
    close(filters.kernel()[4:13], REFERENCE['srm_kernel'], 1e-6)
    close(filters.kernel()[13:], REFERENCE['bayar_kernel'].float(), 1e-6)


def test_symmetric_border():
    x = torch.randn(1, 2, 2, 5)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode='symmetric')
    assert torch.equal(pad_symmetrically(x), torch.from_numpy(expected))


@pytest.mark.parametrize('size', [3, 7, 31])
def test_local_mean_is_of_the_pixels_inside(size):
    x = torch.randn(1, 2, 9, 12, dtype=torch.double)
    expected = F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)
    torch.testing.assert_close(local_mean(x, size), expected)
    torch.testing.assert_close(local_mean(x, size)[..., 4, 5], _around(x, 4, 5, size // 2))


def _around(x, row, column, radius):
    rows, columns = (slice(max(0, i - radius), i + radius + 1) for i in (row, column))
    return x[..., rows, columns].mean(dim=(2, 3))


def test_lstm_keeps_its_cell_where_the_forget_gate_is_open():
    """Bias 5 opens a gate, -5 closes it: nothing enters, all is kept and shown."""
    cell = ConvLSTMCell(2, 3)
    for parameter in cell.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        cell.input_conv.bias.copy_(torch.tensor([-5.0, 5.0, 1.0, 5.0]).repeat_interleave(3))
    before = torch.randn(1, 3, 4, 4)
    hidden, after = cell(torch.randn(1, 2, 4, 4), (torch.zeros(1, 3, 4, 4), before))
    assert torch.equal(after, before)
    torch.testing.assert_close(hidden, before.tanh())


@pytest.mark.parametrize('size', [(200, 30), (197, 31), (64, 9), (65, 9)])
@torch.no_grad()
def test_strips_change_nothing(size):
    torch.manual_seed(0)
    images = torch.rand(2, 3, *size) * 2 - 1
    whole, strips = (ManTraNet(**SMALL, strip_pixels=pixels).eval() for pixels in (10**9, 1))
    strips.load_state_dict(whole.state_dict())
    heights = []
    strips.extractor.register_forward_pre_hook(lambda _, args: heights.append(args[0].shape[2]))
    close(strips.forward_all(images).mask_logits, whole.forward_all(images).mask_logits, 1e-5)
    assert len(heights) == -(-size[0] // 64)
    assert max(heights) <= 64 + 2 * 14


@torch.no_grad()
def test_a_strip_sees_exactly_so_far():
    """One row less of margin and the strips differ."""
    model = ManTraNet(**SMALL).eval()
    images = torch.rand(1, 3, 130, 20) * 2 - 1
    expected = model.extractor(images)
    close(in_strips(model.extractor, images, model.extractor.radius, 1), expected, 1e-6)
    assert not torch.equal(in_strips(model.extractor, images, 12, 1), expected)


def test_training_is_not_cut_into_strips():
    model = ManTraNet(**SMALL, strip_pixels=1)
    heights = []
    model.extractor.register_forward_pre_hook(lambda _, args: heights.append(args[0].shape[2]))
    model.loss(torch.rand(1, 3, 150, 8), make_samples((150, 8), (1,)))
    assert heights == [150]


@pytest.mark.parametrize('labels', [(0,), (1,), (0, 0), (1, 1), (0, 1)])
@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_every_parameter_has_a_gradient(labels, norm):
    model = ManTraNet(**SMALL, norm=norm)
    torch.nn.init.constant_(model.detector.least_std[:, :2], 5.0)  # the deviations of two channels are less
    train_steps(model, torch.rand(len(labels), 3, 17, 22) * 2 - 1, make_samples((17, 22), labels))
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_a_flat_image_has_finite_gradients():
    """Its standard deviation is 0, where the root has no slope, and features of length 0 have none either."""
    model = ManTraNet(**SMALL)
    model.parse_losses(model.loss(torch.zeros(2, 3, 12, 12), make_samples((12, 12))))[0].backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    with torch.no_grad():
        model.extractor.convs[-1].weight.zero_()
        model.extractor.convs[-1].bias.zero_()
    model.zero_grad()
    model.parse_losses(model.loss(torch.rand(2, 3, 12, 12), make_samples((12, 12))))[0].backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_a_negative_least_deviation_counts_as_zero():
    detector = AnomalyDetector(4)
    torch.nn.init.constant_(detector.least_std, -3.0)
    _, sigma = detector.statistics(torch.zeros(1, 4, 5, 5))
    torch.testing.assert_close(sigma, torch.full((1, 4, 1, 1), 1e-6))


@pytest.mark.parametrize('size', [(1, 1), (1, 9), (2, 2), (7, 5), (33, 65)])
@pytest.mark.parametrize('norm', ['batch', 'instance'])
@torch.no_grad()
def test_any_size(size, norm):
    prediction = ManTraNet(**SMALL, norm=norm).eval().inference(torch.rand(1, 3, *size), [])
    assert prediction.seg_logits.shape == (1, 2, *size)
    assert prediction.seg_logits.isfinite().all()


@torch.no_grad()
def test_too_large_an_image_is_refused_before_anything_is_computed():
    """Of 89 million pixels, 64 channels are 23 GB. One stored value stands for all of the image."""
    model = ManTraNet(**SMALL).eval()
    model.extractor.register_forward_pre_hook(lambda *_: pytest.fail('computed'))
    image = torch.zeros(1, 3, 1, 1).expand(1, 3, 2049, 8192)
    reason = '8192 x 2049 pixels are too many for one piece: use mode slide, or Resize in the test pipeline'
    with pytest.raises(ValueError, match=f'^{reason}$'):
        model.predict(image)
    with pytest.raises(ValueError, match=rf'^{reason} \(photos/large.png\)$'):
        model.predict(image, [SegDataSample(metainfo=dict(img_path='photos/large.png'))])


@torch.no_grad()
def test_4096_x_4096_pixels_are_one_piece(monkeypatch):
    model = ManTraNet(**SMALL).eval()
    monkeypatch.setattr(model, 'encode_decode', lambda inputs, metas: inputs.shape)
    assert model.inference(torch.zeros(1, 3, 1, 1).expand(1, 3, 2048, 8192), []) == (1, 3, 2048, 8192)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match='norm must be one of batch, instance'):
        ManTraNet(**SMALL, norm='layer')


def test_other_filters_in_place_of_srm_are_refused():
    with pytest.raises(ConversionError, match='SRMConv2D.weight holds other filters'):
        convert('mantra_net', WEIGHTS | {SRM: torch.zeros(9, 3, 5, 5)}, {})


def test_weights_of_the_port_ask_for_the_other_norm():
    weights = {key: value for key, value in WEIGHTS.items() if not key.startswith('bnorm')}
    with pytest.raises(ConversionError, match='3 missing: norm.running_mean'):
        convert('mantra_net', weights, ManTraNet().state_dict())

import re

import pytest
import torch

from tests import reference
from tests.samples import ATTO_CHANNELS, build, monfap_cfg
from tests.scripts import run_script
from tools.model_converters.official2mm import ConversionError, convert, load_official

TINY = dict(depths=[1, 1, 1, 1], channels=[8, 16, 32, 64])
CONFIG = f"""
custom_imports = dict(imports=['monfap_mm'])
model = {monfap_cfg({**monfap_cfg()['backbone'], 'arch': TINY}, TINY['channels'])}
model['decode_head'].update(coarse_channels=512, mlp_channels=(2048, 1024, 512, 256))
"""


def official_backbone():
    """State dict of a tiny ConvNeXt V2 in the layout of its authors' code."""
    torch.manual_seed(0)
    state, channels = {}, TINY['channels']

    def norm(name, width):
        state[f'{name}.weight'], state[f'{name}.bias'] = torch.rand(width), torch.rand(width)

    def conv(name, *shape):
        state[f'{name}.weight'], state[f'{name}.bias'] = torch.randn(*shape) / 10, torch.randn(shape[0]) / 10

    for i, c in enumerate(channels):
        if i == 0:
            conv('downsample_layers.0.0', c, 3, 4, 4)
            norm('downsample_layers.0.1', c)
        else:
            norm(f'downsample_layers.{i}.0', channels[i - 1])
            conv(f'downsample_layers.{i}.1', c, channels[i - 1], 2, 2)
        conv(f'stages.{i}.0.dwconv', c, 1, 7, 7)
        norm(f'stages.{i}.0.norm', c)
        conv(f'stages.{i}.0.pwconv1', 4 * c, c)
        conv(f'stages.{i}.0.pwconv2', c, 4 * c)
        state[f'stages.{i}.0.grn.gamma'] = torch.randn(1, 1, 1, 4 * c)
        state[f'stages.{i}.0.grn.beta'] = torch.randn(1, 1, 1, 4 * c)
        norm(f'norm{i}', c)
    return {f'backbone_net.{key}': value for key, value in state.items()}


def plain_convnext_v2(state, image):
    """The authors' ConvNeXt V2, written from its paper: the four normalised outputs."""
    import torch.nn.functional as F

    def get(name):
        return state[f'backbone_net.{name}.weight'], state[f'backbone_net.{name}.bias']

    def layer_norm(x, name):
        return F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2], *get(name), eps=1e-6).permute(0, 3, 1, 2)

    outputs, x = [], image
    for i in range(4):
        if i == 0:
            x = layer_norm(F.conv2d(x, *get('downsample_layers.0.0'), stride=4), 'downsample_layers.0.1')
        else:
            x = F.conv2d(layer_norm(x, f'downsample_layers.{i}.0'), *get(f'downsample_layers.{i}.1'), stride=2)
        y = F.conv2d(x, *get(f'stages.{i}.0.dwconv'), padding=3, groups=x.shape[1])
        y = layer_norm(y, f'stages.{i}.0.norm').permute(0, 2, 3, 1)
        y = F.gelu(F.linear(y, *get(f'stages.{i}.0.pwconv1')))
        strength = y.norm(dim=(1, 2), keepdim=True)
        strength = strength / (strength.mean(dim=-1, keepdim=True) + 1e-6)
        gamma, beta = (state[f'backbone_net.stages.{i}.0.grn.{name}'] for name in ('gamma', 'beta'))
        y = gamma * (y * strength) + beta + y
        x = x + F.linear(y, *get(f'stages.{i}.0.pwconv2')).permute(0, 3, 1, 2)
        outputs.append(layer_norm(x, f'norm{i}'))
    return outputs


@pytest.fixture(scope='module')
def official():
    return {**official_backbone(), **reference.draw()[0]}


@pytest.fixture
def files(official, tmp_path):
    torch.save(dict(model=official, epoch=40), tmp_path / 'official.pth')
    (tmp_path / 'config.py').write_text(CONFIG)
    return tmp_path


def run(folder, source='official.pth'):
    return run_script(
        'model_converters/official2mm.py', source, 'ours.pth', '--config', 'config.py', cwd=folder, check=False
    )


def test_converted_backbone_gives_the_outputs_of_the_official_one(official, files):
    result = run(files)
    assert result.returncode == 0, result.stderr
    cfg = monfap_cfg({**monfap_cfg()['backbone'], 'arch': TINY}, TINY['channels'])
    cfg['decode_head'].update(coarse_channels=512, mlp_channels=(2048, 1024, 512, 256))
    model = build(cfg).eval()
    state_dict = torch.load(files / 'ours.pth', weights_only=True)['state_dict']
    model.load_state_dict(state_dict, strict=True)
    assert state_dict._metadata['neck']['settings']['experts'] == ('cd', 'bayar', 'srm', 'hf')
    assert state_dict._metadata['decode_head']['settings']['mask_threshold'] == 0.5
    image = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        for ours, theirs in zip(model.backbone(image), plain_convnext_v2(official, image)):
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_experts_in_another_order_are_refused(files):
    """The weights would fit, and each gate value weigh another expert."""
    (files / 'config.py').write_text(CONFIG + "model['neck']['experts'] = ('hf', 'srm', 'bayar', 'cd')\n")
    result = run(files)
    assert result.returncode == 2
    assert "the config in the order ('hf', 'srm', 'bayar', 'cd'): leave neck.experts out" in result.stderr
    assert not (files / 'ours.pth').exists()


def test_prefix_of_distributed_training_is_removed(official, tmp_path):
    torch.save(dict(model={f'module.{key}': value for key, value in official.items()}), tmp_path / 'x.pth')
    assert set(load_official(tmp_path / 'x.pth')) == set(official)


def test_missing_extra_and_misshapen_keys_are_all_named(official, files):
    broken = dict(official)
    del broken['fcn.6.bias']
    broken['head.weight'] = torch.zeros(3)
    broken['decoder.classifer.fc.bias'] = torch.zeros(5)
    torch.save(dict(model=broken), files / 'broken.pth')
    result = run(files, 'broken.pth')
    assert result.returncode != 0
    assert 'missing: decode_head.coarse_localizer.2.bias' in result.stderr
    assert 'extra: head.weight' in result.stderr
    assert re.search(r'shape: decoder.classifer.fc.bias is \(5,\), the config has \(2,\)', result.stderr)
    assert 'Traceback' not in result.stderr
    assert not (files / 'ours.pth').exists()


def test_checkpoint_of_another_width(official):
    model = build(monfap_cfg())
    assert model.decode_head.in_channels == ATTO_CHANNELS
    with pytest.raises(ConversionError, match='noise_layers.0.experts.0.conv.weight is .8, 8, 3, 3., the config has'):
        convert(official, model.state_dict())


@pytest.mark.parametrize(
    ('content', 'message'),
    [(None, 'does not exist'), (b'not a checkpoint', 'cannot be read'), (dict(state_dict={}), "key 'model'")],
)
def test_unusable_files(content, message, tmp_path):
    path = tmp_path / 'x.pth'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(ConversionError, match=message):
        load_official(path)

"""The converter of the peers as a command: what it takes, writes and refuses."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from tests.scripts import run_script
from tests.test_models.test_baselines.small import SMALLER
from tests.test_models.test_baselines.test_hpfcn import variable

CONFIG = f"""
custom_imports = dict(imports=['monfap_mm'])
model = dict(type='HPFCN', norm_cfg=dict(type='BN'), **{SMALLER['hpfcn']})
"""


@pytest.fixture
def folder(tmp_path):
    """A config, and variables of TensorFlow that fit it."""
    (tmp_path / 'config.py').write_text(CONFIG)
    torch.manual_seed(0)
    model = MODELS.build(dict(type='mmseg.HPFCN', norm_cfg=dict(type='BN'), **SMALLER['hpfcn']))
    weights = {}
    for key, value in model.state_dict().items():
        if key == 'prefilter.filters':
            weights |= {f'prefilter.{i}.weight': one for i, one in enumerate(value)}
        elif not key.endswith('num_batches_tracked'):
            names = key.split('.')
            if names[0] == 'blocks':
                names[:3] = [f'block{int(names[1]) + 1}', f'unit{int(names[2]) + 1}']
            weights['.'.join(names)] = value
    np.savez(
        tmp_path / 'theirs.npz', **{name: array.numpy() for name, array in map(variable, weights, weights.values())}
    )
    return tmp_path


def run(folder, source='theirs.npz', out='ours.pth', config='config.py', name='hpfcn'):
    arguments = (name, source, out, '--config', config)
    return run_script('model_converters/peers2mm.py', *arguments, cwd=folder, check=False)


@pytest.mark.parametrize('out', ['ours.pth', 'new/without-ending'])
def test_it_writes_a_checkpoint_of_the_config(folder, out):
    result = run(folder, out=out)
    assert result.returncode == 0, result.stderr
    written = torch.load(folder / out, weights_only=True)
    torch.manual_seed(0)
    expected = MODELS.build(dict(type='mmseg.HPFCN', norm_cfg=dict(type='BN'), **SMALLER['hpfcn'])).state_dict()
    assert written['state_dict'].keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(written['state_dict'][key], value)
    assert written['meta']['converted_from'] == 'theirs.npz'


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (dict(name='ncl_iml'), 'invalid choice'),
        (dict(source='absent.npz'), 'absent.npz does not exist'),
        (dict(config='absent.py'), 'absent.py is no config of a model'),
        (dict(config='data.py'), 'data.py is no config of a model'),
        (dict(config='theirs.npz'), 'theirs.npz is no config of a model'),
        (dict(out='taken'), 'taken cannot be written'),
        (dict(out='config.py/ours.pth'), 'cannot be written'),
        (dict(source='numbers.pth'), 'has no weights'),
        (dict(source='filters.npz'), 'The weights are not those of hpfcn'),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, wrong, words):
    (folder / 'data.py').write_text('train_dataloader = None')
    (folder / 'taken').mkdir()
    torch.save({0: torch.ones(1), (1, 2): torch.ones(1)}, folder / 'numbers.pth')
    np.savez(folder / 'filters.npz', **{f'root_filter{i}': np.ones(3) for i in range(3)})
    result = run(folder, **wrong)
    assert result.returncode == 2
    assert words in result.stderr
    assert 'Traceback' not in result.stderr
    assert not (folder / 'ours.pth').exists()
    assert list((folder / 'taken').iterdir()) == []


def test_what_was_there_before_a_failure_stays(folder):
    (folder / 'ours.pth').write_bytes(b'precious')
    assert run(folder, config='absent.py').returncode == 2
    assert (folder / 'ours.pth').read_bytes() == b'precious'
    before = (folder / 'theirs.npz').read_bytes()
    result = run(folder, out='./theirs.npz')
    assert result.returncode == 2
    assert 'it would be lost' in result.stderr
    assert (folder / 'theirs.npz').read_bytes() == before

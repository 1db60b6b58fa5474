"""Settings that shape the answer and no tensor: a checkpoint of other settings is refused wherever one is loaded."""

import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import save_checkpoint

from monfap_mm.model_files.loading import build_model
from monfap_mm.models.layers.mone import EXPERTS
from monfap_mm.utils.state_dicts import compare_state_dicts
from tests.samples import build, monfap_cfg

PREPROCESSOR = dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.4, 57.1, 57.4], bgr_to_rgb=True)


def config(**changes):
    cfg = monfap_cfg(data_preprocessor=dict(PREPROCESSOR))
    for name, values in changes.items():
        cfg[name].update(values)
    return cfg


OTHERS = {
    'neck.experts': dict(neck=dict(experts=EXPERTS[::-1])),
    'neck.top_k': dict(neck=dict(top_k=2)),
    'neck.residual': dict(neck=dict(residual=True)),
    'decode_head.num_heads': dict(decode_head=dict(num_heads=4)),
    'decode_head.mask_threshold': dict(decode_head=dict(mask_threshold=0.3)),
    'decode_head.multi_scale': dict(decode_head=dict(multi_scale=False)),
    'decode_head.align_corners': dict(decode_head=dict(align_corners=True)),
    'data_preprocessor.channel_order': dict(data_preprocessor=dict(bgr_to_rgb=False)),
    'data_preprocessor.mean': dict(data_preprocessor=dict(mean=[103.53, 116.28, 123.675])),
    'data_preprocessor.std': dict(data_preprocessor=dict(std=[1.0, 1.0, 1.0])),
}


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A checkpoint as MMEngine writes it."""
    path = tmp_path_factory.mktemp('settings') / 'weights.pth'
    model = build(config())
    save_checkpoint(dict(meta={}, state_dict=model.state_dict()), str(path))
    return str(path)


@pytest.fixture(scope='module')
def state_dict(weights):
    return torch.load(weights, weights_only=True)['state_dict']


@pytest.mark.parametrize('name', OTHERS)
def test_other_settings_are_named_with_both_values(name, state_dict):
    (line,) = compare_state_dicts(build(config(**OTHERS[name])).state_dict(), state_dict)
    assert line.strip().startswith(f'{name} is ')
    assert 'in the config, and the checkpoint was trained with' in line


def test_task_modes_of_the_same_weights(state_dict):
    kept = {mode: build(config(decode_head=dict(task_mode=mode))).state_dict() for mode in ('additional_loss',) * 2}
    other = build(config(decode_head=dict(task_mode='global_statistics'))).state_dict()
    (line,) = compare_state_dicts(other, kept['additional_loss'])
    assert "task_mode is 'global_statistics' in the config" in line


def test_predict_and_export_refuse(weights):
    assert not build_model(Config(dict(model=config())), weights, 'cpu').training
    with pytest.raises(ValueError, match=r"neck.experts is \('hf', 'srm', 'bayar', 'cd'\) in the config, and"):
        build_model(Config(dict(model=config(**OTHERS['neck.experts']))), weights, 'cpu')


def test_older_checkpoints_load(weights, tmp_path):
    plain = dict(torch.load(weights, weights_only=True)['state_dict'])
    torch.save(dict(state_dict=plain), tmp_path / 'older.pth')
    build_model(Config(dict(model=config(**OTHERS['neck.experts']))), str(tmp_path / 'older.pth'), 'cpu')


def test_the_state_dict_has_no_new_keys(state_dict):
    assert all(isinstance(value, torch.Tensor) for value in state_dict.values())
    assert not any('setting' in key for key in state_dict)
    build(config()).load_state_dict(state_dict, strict=True)

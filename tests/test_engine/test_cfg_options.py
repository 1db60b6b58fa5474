"""Options of the command line, on a shipped config."""

from pathlib import Path

import pytest
from mmengine.config import Config

from monfap_mm.engine.cfg_options import OptionError, merge_options

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture(scope='module')
def demo():
    return Config.fromfile(CONFIGS / 'demo' / 'monfap-c_demo.py')


def merged(cfg, **options):
    cfg = Config(cfg.to_dict())
    merge_options(cfg, {key.replace('__', '.'): value for key, value in options.items()})
    return cfg


@pytest.mark.parametrize(
    ('option', 'meant'),
    [
        ('train_dataloder.batch_size', 'the config has no train_dataloder; did you mean train_dataloader?'),
        ('modell.backbone.depths', 'the config has no modell; did you mean model?'),
        ('zzz', 'unknown option zzz: the config has no zzz'),
        ('autoscale_lr.enable', 'did you mean auto_scale_lr?'),
        ('auto_scale_lr.enabled', 'did you mean enable?'),
        ('env_cfg.cudnn_benchmarks', 'did you mean cudnn_benchmark?'),
        ('env_cfg.mp_cfg.opencv_num_thread', 'did you mean opencv_num_threads?'),
        ('default_hooks.checkpoints.interval', 'did you mean checkpoint?'),
        ('val_dataloader.num_worker', 'did you mean num_workers?'),
    ],
)
def test_typing_errors(demo, option, meant):
    with pytest.raises(OptionError) as error:
        merged(demo, **{option: 3})
    assert meant in str(error.value)
    assert option in str(error.value)


@pytest.mark.parametrize(
    'option',
    [
        'train_dataloader.batch_size',
        'train_dataloader.prefetch_factor',
        'train_dataloader.drop_last',
        'randomness.seed',
        'compile',
        'find_unused_parameters',
        'model.backbone.drop_path_rate',
        'model.decode_head.num_head',  # its class knows its arguments
        'param_scheduler.0.end',
        'env_cfg.resource_limit',
        'custom_hooks',
    ],
)
def test_keys_that_are_read_pass(demo, option):
    cfg = merged(demo, **{option: 7})
    value = cfg
    for key in option.split('.'):
        value = value[int(key) if key.isdecimal() else key]
    assert value == 7


def test_no_options(demo):
    assert merged(demo).pretty_text == demo.pretty_text
    merge_options(demo, None)


def test_a_variable_of_the_config_file_has_no_effect_and_that_is_said(demo, capsys):
    cfg = merged(demo, data_root='elsewhere')
    assert cfg.train_dataloader.dataset.data_root == 'data/demo'
    assert 'data_root changes a variable of the config file' in capsys.readouterr().out


@pytest.mark.parametrize('option', ['data_preprocessor.type', 'test_pipeline.1.type'])
def test_variables_with_the_name_of_what_others_read(demo, option, capsys):
    # The model has its own preprocessor, and each data loader its own pipeline.
    cfg = merged(demo, **{option: 'Other'})
    assert cfg.model.data_preprocessor == demo.model.data_preprocessor
    assert cfg.test_dataloader == demo.test_dataloader
    assert f'The option {option} changes a variable' in capsys.readouterr().out


def test_a_preprocessor_beside_a_model_without_one_is_read(capsys):
    merged(Config(dict(model=dict(type='MoNFAP'), data_preprocessor=dict(mean=1))), data_preprocessor__mean=2)
    assert capsys.readouterr().out == ''


@pytest.mark.parametrize('option', ['param_scheduler.2.end', 'param_scheduler.-1.end', 'model.backbone.arch.depths.0'])
def test_places_that_are_not_there(demo, option):
    with pytest.raises(OptionError, match=option.replace('.', r'\.')):
        merged(demo, **{option: 3})


def test_scaling_needs_its_base(demo):
    assert merged(demo, auto_scale_lr__enable=True).auto_scale_lr.base_batch_size == 8
    with pytest.raises(OptionError, match='needs auto_scale_lr.base_batch_size'):
        merged(Config(dict(model={})), auto_scale_lr__enable=True)

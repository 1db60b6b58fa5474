import os

import pytest
from mmengine.config import Config

from monfap_mm.engine.launch import (
    base_parser,
    config_from_arguments,
    is_first_process,
    join_cpu_processes,
    require_checkpoint,
    require_file,
)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text('a = dict(b=1)\n')
    return path


def load(*arguments):
    parser = base_parser('test')
    return config_from_arguments(parser, parser.parse_args([str(argument) for argument in arguments]))


def test_options_replace_keys(config):
    config.write_text('a = dict(b=1)\nc = []\n')
    cfg = load(config, '--cfg-options', 'a.b=2', 'c=[1,2]')
    assert (cfg.a.b, cfg.c) == (2, [1, 2])


def test_work_dir_is_argument_then_config_then_name(config):
    assert load(config).work_dir == os.path.join('work_dirs', 'small')
    assert load(config, '--cfg-options', 'work_dir=there').work_dir == 'there'
    assert load(config, '--work-dir', 'here', '--cfg-options', 'work_dir=there').work_dir == 'here'


def test_local_rank_of_the_launcher_stays(config, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '3')
    load(config, '--local-rank', '1')
    assert os.environ['LOCAL_RANK'] == '3'


@pytest.mark.parametrize('what', ['config file', 'checkpoint'])
def test_missing_file_is_named(tmp_path, capsys, what):
    path = str(tmp_path / 'nothing.here')
    with pytest.raises(SystemExit) as stop:
        require_file(base_parser('test'), path, what)
    assert stop.value.code == 2
    assert f'there is no {what} {path}' in capsys.readouterr().err


@pytest.mark.parametrize('content', [b'', b'no checkpoint', b'PK\x03\x04'])
def test_damaged_checkpoint_is_named(tmp_path, capsys, content):
    (tmp_path / 'damaged.pth').write_bytes(content)
    with pytest.raises(SystemExit) as stop:
        require_checkpoint(base_parser('test'), str(tmp_path / 'damaged.pth'))
    assert stop.value.code == 2
    assert 'damaged.pth is refused: it is no checkpoint' in capsys.readouterr().err


def test_addresses_are_not_looked_up():
    require_file(base_parser('test'), 'https://example.com/weights.pth', 'checkpoint')
    require_checkpoint(base_parser('test'), 'https://example.com/weights.pth')


@pytest.mark.parametrize(
    ('launcher', 'variable'), [('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')]
)
def test_the_first_process_is_known_before_they_are_joined(launcher, variable, monkeypatch):
    for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
        monkeypatch.setenv(name, '3')
    assert not is_first_process(launcher)
    assert is_first_process('none'), 'a test within another job of the cluster is one process'
    monkeypatch.setenv(variable, '0')
    assert is_first_process(launcher)


def test_a_single_process_needs_no_group():
    cfg = Config(dict(launcher='none'))
    join_cpu_processes(cfg)
    assert 'model_wrapper_cfg' not in cfg

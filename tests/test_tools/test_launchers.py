"""The shell scripts, with stand-ins for the launchers that print what they are told."""

import os

import pytest

from .conftest import ROOT, run

TOOLS = ROOT / 'tools'


@pytest.fixture
def launched(tmp_path):
    """Runs a script and returns the words that it hands to srun or python."""
    for name in ('srun', 'python'):
        stand_in = tmp_path / name
        stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        stand_in.chmod(0o755)

    def run_script(name, *arguments, **env):
        path = f'{tmp_path}:{os.environ["PATH"]}'
        return run('bash', TOOLS / name, *arguments, cwd=tmp_path, PATH=path, **env).stdout.splitlines()

    return run_script


def test_dist_train(launched):
    words = launched('dist_train.sh', 'c.py', '4', '--cfg-options', 'a=b c', NNODES='2', NODE_RANK='1', PORT='1234')
    assert words[:2] == ['-m', 'torch.distributed.run']
    assert {'--nnodes=2', '--node_rank=1', '--master_port=1234', '--nproc_per_node=4'} <= set(words)
    assert words[-6:] == [str(TOOLS / 'train.py'), 'c.py', '--launcher', 'pytorch', '--cfg-options', 'a=b c']


def test_dist_test(launched):
    words = launched('dist_test.sh', 'c.py', 'x.pth', '2', '--tta', MASTER_ADDR='10.0.0.1')
    assert {'--nnodes=1', '--node_rank=0', '--master_addr=10.0.0.1', '--nproc_per_node=2'} <= set(words)
    assert words[-6:] == [str(TOOLS / 'test.py'), 'c.py', 'x.pth', '--launcher', 'pytorch', '--tta']


def test_slurm_train(launched):
    words = launched('slurm_train.sh', 'gpu', 'job', 'c.py', '--amp', GPUS='16', SRUN_ARGS='--qos=low --time=1')
    assert {'--partition=gpu', '--job-name=job', '--ntasks=16', '--gres=gpu:8', '--qos=low', '--time=1'} <= set(words)
    assert words[-7:] == ['python', '-u', str(TOOLS / 'train.py'), 'c.py', '--launcher', 'slurm', '--amp']


def test_slurm_test(launched):
    words = launched('slurm_test.sh', 'gpu', 'job', 'c.py', 'x.pth', '--tta', GPUS='1', GPUS_PER_NODE='1')
    assert {'--ntasks=1', '--gres=gpu:1', '--ntasks-per-node=1'} <= set(words)
    assert words[-6:] == [str(TOOLS / 'test.py'), 'c.py', 'x.pth', '--launcher', 'slurm', '--tta']


@pytest.mark.parametrize('name', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'])
def test_missing_arguments_show_the_usage(tmp_path, name):
    done = run('bash', TOOLS / name, 'only-one', cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith('Usage: ')

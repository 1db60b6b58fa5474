import os
import subprocess
import sys

import pytest

from monfap_mm.cli import info, main
from monfap_mm.version import __version__
from tests.test_configs import CONFIGS


def test_help_is_the_documentation(capsys):
    with pytest.raises(SystemExit) as stop:
        main(['predict', '--help'])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for word in ('--resume', '--mode', 'predictions.jsonl', 'exit codes', 'examples'):
        assert word in shown


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(['--version'])
    assert (stop.value.code, capsys.readouterr().out.strip()) == (0, __version__)


@pytest.mark.parametrize('arguments', [[], ['nonsense'], ['predict'], ['predict', 'x', '--model', 'y']])
def test_wrong_arguments_end_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_info(capsys):
    assert main(['info']) == 0
    shown = capsys.readouterr().out
    assert f'monfap_mm {__version__}' in shown
    assert 'cpu' in shown
    assert 'monfap-c_8xb32-40e_ofv2-512x512  (no weights: give --weights)' in shown
    assert '  HP-FCN\n    hpfcn_1xb1-10e_ofv2-512x512' in shown


def test_ctrl_c_is_no_traceback(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, 'run', interrupted)
    assert main(['info']) == 130
    assert 'stopped' in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_traceback():
    env = {**os.environ, 'PYTHONPATH': str(CONFIGS.parent), 'PYTHONUNBUFFERED': '1'}
    command = [sys.executable, '-W', 'ignore', '-m', 'monfap_mm', 'info']
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ''
        assert process.wait(timeout=120) == 3

import os
import re
import shlex
import subprocess
import sys

import pytest

from monfap_mm.cli import info, main
from monfap_mm.cli.parser import make_parser
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


def shown_commands():
    """Arguments of ``monfap`` wherever a page shows a command of it, by page."""
    root = CONFIGS.parent
    for page in sorted([root / 'README.md', *root.glob('docs/**/*.md'), *CONFIGS.rglob('README.md')]):
        for block in re.findall(r'```(?:bash|console)\n(.*?)```', page.read_text(), re.DOTALL):
            lines = block.replace('\\\n', ' ')
            for command in re.findall(r'^(?:.*\| |.*time -v |\$ )?monfap (?=[a-z-])(.*)', lines, re.MULTILINE):
                words = shlex.split(command, comments=True)
                ends = [i for i, word in enumerate(words) if re.match(r'[|>&;]|2>', word)]
                yield page.relative_to(root), words[: ends[0] if ends else None]


def test_every_command_that_a_page_shows_is_understood(monkeypatch):
    for name, value in dict(RANK='0', WORLD_SIZE='2').items():  # '--shard auto' asks for them
        monkeypatch.setenv(name, value)
    shown = list(shown_commands())
    assert len([words for _, words in shown if words[0] == 'predict']) > 20
    for page, words in shown:
        assert is_understood(words), (page, words)


def is_understood(words):
    try:
        make_parser().parse_args(words)
    except SystemExit as end:
        return end.code == 0  # --version
    return True


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

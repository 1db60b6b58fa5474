import errno
import io
import subprocess
import sys
from pathlib import Path

import pytest

from monfap_mm.cli.command import CommandError, exit_code, run_command
from monfap_mm.jobs.errors import JobError, JobStoppedError

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ('command', 'code', 'message'),
    [
        (lambda: None, 0, ''),
        (lambda: 1, 1, ''),
        (raising(CommandError('no such file')), 2, 'tool: no such file\n'),
        (raising(JobError('other settings')), 2, 'tool: other settings\n'),
        (raising(JobStoppedError('no space')), 3, 'tool: no space\n'),
        (raising(OSError(errno.ENOSPC, 'No space left')), 3, 'tool: cannot write: [Errno 28] No space left\n'),
        (raising(OSError(errno.EFBIG, 'File too large')), 3, 'tool: cannot write: [Errno 27] File too large\n'),
        (raising(KeyboardInterrupt()), 130, 'tool: stopped\n'),
    ],
)
def test_codes_and_messages(command, code, message, capsys):
    assert exit_code('tool', command) == code
    assert capsys.readouterr().err == message


def test_after_a_stop(capsys):
    assert exit_code('tool', raising(KeyboardInterrupt()), 'the same command goes on') == 130
    assert capsys.readouterr().err == 'tool: stopped; the same command goes on\n'


def test_what_nobody_can_set_right_keeps_its_traceback():
    for error in (ValueError('a mistake of ours'), FileNotFoundError(errno.ENOENT, 'gone')):
        with pytest.raises(type(error)):
            exit_code('tool', raising(error))


def test_the_process_ends_with_the_code():
    with pytest.raises(SystemExit) as stop:
        run_command('tool', lambda: 1)
    assert stop.value.code == 1


def test_text_that_the_terminal_lacks_is_escaped(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(raw, encoding='ascii', errors='strict'))
    assert exit_code('tool', lambda: print('caf\xe9 – \udce9', flush=True)) == 0
    assert raw.getvalue() == b'caf\\xe9 \\u2013 \\udce9\n'


def test_outputs_that_are_no_files_of_text_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', io.StringIO())
    assert exit_code('tool', lambda: print('caf\xe9')) == 0


def test_a_narrow_terminal_in_a_process():
    code = "from monfap_mm.cli.command import run_command\nrun_command('tool', lambda: print('50 \u2013 60 %'))"
    command = [sys.executable, '-W', 'ignore', '-c', code]
    env = {'PYTHONPATH': str(TOOLS.parent), 'PYTHONIOENCODING': 'ascii', 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(command, env=env, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, b'50 \\u2013 60 %\n'), done.stderr


@pytest.mark.parametrize('tool', sorted(TOOLS.rglob('*.py')), ids=lambda path: path.relative_to(TOOLS).as_posix())
def test_every_tool_is_run_as_a_command(tool):
    """So each has the exit codes, and the outputs that no name of a file breaks."""
    last = tool.read_text().rstrip().splitlines()[-1]
    assert last.startswith(('    run_command(', '    run_converter(', "    sys.exit(main(['predict',"))

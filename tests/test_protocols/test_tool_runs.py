import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from monfap_mm.protocols import ToolError, read_figures, run_jobs, run_tool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path):
    path = tmp_path / 'script.py'
    path.write_text('import sys\nprint("hello", *sys.argv[1:])\nsys.exit("it broke" if "bad" in sys.argv else 0)\n')
    return path


def test_output_goes_to_the_log(script, tmp_path):
    run_tool(script, 'a', tmp_path, log=tmp_path / 'logs' / 'x.log')
    assert (tmp_path / 'logs' / 'x.log').read_text() == f'hello a {tmp_path}\n'


def test_a_failure_tells_the_last_line(script, tmp_path):
    with pytest.raises(ToolError, match=r'^it broke \(see .*x\.log\)$'):
        run_tool(script, 'bad', log=tmp_path / 'x.log')


@pytest.mark.parametrize(
    ('code', 'message'),
    [
        ('raise FileNotFoundError("2 missing files:\\n  a\\n  b")', r'^FileNotFoundError: 2 missing files: \(see'),
        ('print("Epoch(test) [50/300]", flush=True); import os; os.kill(os.getpid(), 9)', r'^killed by SIGKILL \(see'),
        ('import sys; sys.exit(3)', r'^ended with code 3 \(see'),
    ],
)
def test_a_failure_tells_the_reason(code, message, tmp_path):
    (tmp_path / 'script.py').write_text(code)
    with pytest.raises(ToolError, match=message):
        run_tool(tmp_path / 'script.py', log=tmp_path / 'x.log')


def test_a_failure_of_one_of_several_processes_tells_the_reason(tmp_path):
    (tmp_path / 'script.py').write_text('raise ValueError("this one")')
    with pytest.raises(ToolError, match=r'ValueError: this one \(see'):
        run_tool(tmp_path / 'script.py', log=tmp_path / 'x.log', processes=2)


def test_a_tool_that_outlives_its_runner_keeps_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr('monfap_mm.jobs.folder_lock._PATIENCE_SECONDS', 0)
    (tmp_path / 'sleep.py').write_text('import os, time; print(os.getpid(), flush=True); time.sleep(60)')
    (tmp_path / 'quick.py').write_text('')
    code = (
        'import sys; from pathlib import Path; from monfap_mm.protocols import run_tool; '
        'run_tool(Path("sleep.py"), log=Path("x.log"))'
    )
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    with subprocess.Popen([sys.executable, '-W', 'ignore', '-c', code], cwd=tmp_path, env=env) as runner:
        log = tmp_path / 'x.log'
        while not (log.exists() and log.read_text().strip()):
            assert runner.poll() is None
            time.sleep(0.05)
        runner.kill()
    with pytest.raises(ToolError, match=f'Another run is at work in {tmp_path}'):
        run_tool(tmp_path / 'quick.py', log=log)
    os.kill(int(log.read_text()), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while True:
        try:
            return run_tool(tmp_path / 'quick.py', log=log)
        except ToolError:
            assert time.monotonic() < deadline, 'the lock outlives the tool'
            time.sleep(0.05)


def test_several_processes_by_torchrun(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text(
        'import os, sys\nfrom pathlib import Path\n'
        'Path(sys.argv[1], os.environ["RANK"]).write_text(os.environ["WORLD_SIZE"] + " ".join(sys.argv[2:]))\n'
    )
    (tmp_path / 'out').mkdir()
    run_tool(script, tmp_path / 'out', log=tmp_path / 'x.log', processes=2)
    assert {path.name: path.read_text() for path in (tmp_path / 'out').iterdir()} == {
        '0': '2--launcher pytorch',
        '1': '2--launcher pytorch',
    }


def test_the_figures_of_the_last_test(tmp_path):
    for moment, value in (('20261123_120000', 1.0), ('20261123_130000', float('nan'))):
        (tmp_path / moment).mkdir()
        (tmp_path / moment / f'{moment}.json').write_text(json.dumps({'forgery/ACC': value}))
    assert str(read_figures(tmp_path)) == "{'forgery/ACC': nan}"
    last = tmp_path / '20261123_130000' / '20261123_130000.json'
    last.write_text('{"forgery/ACC": 1.0, "time": 0.1}23}')  # two processes of a test, of which one took longer
    assert read_figures(tmp_path) == {'forgery/ACC': 1.0, 'time': 0.1}
    with pytest.raises(FileNotFoundError, match='No test has written figures'):
        read_figures(tmp_path / 'nowhere')


def test_jobs_run_side_by_side_and_one_that_fails_stops_no_other():
    barrier = threading.Barrier(2, timeout=20)
    reported = []

    def fail():
        raise ValueError('no')

    jobs = {'a': barrier.wait, 'b': barrier.wait, 'c': fail, 'd': lambda: 4}
    results, failures = run_jobs(jobs, 2, lambda key, outcome: reported.append((key, outcome)))
    assert list(results) == ['a', 'b', 'd']
    assert results['d'] == 4
    assert str(failures['c']) == 'no'
    assert sorted(key for key, _ in reported) == list(jobs)


def test_this_interpreter_is_used(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text('import sys; print(sys.executable)')
    run_tool(script, log=tmp_path / 'x.log')
    assert (tmp_path / 'x.log').read_text().strip() == sys.executable

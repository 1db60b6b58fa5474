import fcntl
import multiprocessing
import os
import signal
import socket
import subprocess
import time

import pytest

from monfap_mm.jobs import folder_lock as module
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.folder_lock import only_writer

FORK = multiprocessing.get_context('fork')


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr(module, '_PATIENCE_SECONDS', 0.3)


def hold(target, ready, release):
    with only_writer(target):
        ready.set()
        release.wait(20)


@pytest.fixture
def start():
    """Start a process that holds a lock; returns it and the event that lets go."""
    started = []

    def start(target):
        ready, release = FORK.Event(), FORK.Event()
        process = FORK.Process(target=hold, args=(target, ready, release))
        process.start()
        started.append(process)
        assert ready.wait(20)
        return process, release

    yield start
    for process in started:
        process.kill()
        process.join()


def test_a_second_run_hears_of_the_first(tmp_path, start, monkeypatch):
    monkeypatch.setattr('sys.argv', ['/usr/bin/monfap', 'predict', 'my photos'])
    process, release = start(tmp_path)
    begin = time.monotonic()
    who = f"process {process.pid} on {socket.gethostname()}: monfap predict 'my photos'"
    message = f'at work in {tmp_path} .{who}.: wait for it'
    with pytest.raises(JobError, match=message), only_writer(tmp_path):
        pass
    assert time.monotonic() - begin < 0.3, 'a run that lives is not waited for'
    release.set()
    process.join()
    with only_writer(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_files_and_folders_are_locked_each_for_itself(tmp_path, start):
    start(tmp_path / 'a.onnx')
    with only_writer(tmp_path / 'b.onnx'), only_writer(tmp_path), only_writer(tmp_path / ('n' * 255)):
        pass
    with pytest.raises(JobError, match='at work in .*a.onnx'), only_writer(tmp_path / 'a.onnx'):
        pass


def test_a_killed_run_holds_nothing_up(tmp_path, start):
    process, _ = start(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert (tmp_path / '.lock').exists()
    with only_writer(tmp_path):
        pass


def test_workers_of_a_killed_run_are_waited_for(tmp_path, monkeypatch):
    """They hold the lock until they see that it is gone."""

    def run():
        with only_writer(tmp_path) as lock:
            subprocess.Popen(['sleep', '1'], pass_fds=[lock], stdout=subprocess.DEVNULL)
            os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with pytest.raises(JobError, match=f'process {process.pid} on'), only_writer(tmp_path):
        pass
    monkeypatch.setattr(module, '_PATIENCE_SECONDS', 20)
    with only_writer(tmp_path):
        pass


@pytest.mark.parametrize('replaced', [True, False])
def test_a_lock_that_is_replaced_between_opening_and_locking_is_opened_anew(tmp_path, monkeypatch, replaced):
    """The run that held it deletes it and ends; a third one may have made another."""
    locked, lock = [], fcntl.flock

    def lock_late(file, how):
        if not locked:
            (tmp_path / '.lock').unlink()
            if replaced:
                (tmp_path / '.lock').write_text('')
        locked.append(file)
        lock(file, how)

    monkeypatch.setattr(module.fcntl, 'flock', lock_late)
    with only_writer(tmp_path):
        assert len(locked) == 2
        assert (tmp_path / '.lock').read_text().startswith(f'{os.getpid()} ')


def test_no_other_file_is_emptied_through_a_link(tmp_path):
    (tmp_path / 'thesis').write_text('words')
    (tmp_path / '.lock').symlink_to('thesis')
    with pytest.raises(OSError, match='symbolic links'), only_writer(tmp_path):
        pass
    assert (tmp_path / 'thesis').read_text() == 'words'


def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(38, 'Function not implemented')

    monkeypatch.setattr(module.fcntl, 'flock', no_locks)
    with only_writer(tmp_path):
        pass


def test_what_a_file_of_another_program_says_is_no_command_to_the_terminal(tmp_path):
    with open(tmp_path / '.lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write('\x1b[2J')
        file.flush()
        with pytest.raises(JobError) as refused, only_writer(tmp_path):
            pass
    assert '\x1b' not in str(refused.value)

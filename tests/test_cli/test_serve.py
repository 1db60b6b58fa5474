import io
import os
import queue
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request

import pytest

from monfap_mm.cli import main, serve
from tests.test_web.gate import Gate

MODEL = ('--model', 'no.py')


class Lines(io.TextIOBase):
    """A standard output that another thread can wait for."""

    def __init__(self) -> None:
        self.lines = queue.Queue()

    def write(self, text: str) -> int:
        self.lines.put(text)
        return len(text)


@pytest.fixture
def served(monkeypatch):
    """Serves in this process, does something with the address, presses Ctrl-C; returns the exit code."""

    def served(act, *arguments: str) -> int:
        stdout = Lines()
        monkeypatch.setattr(sys, 'stdout', stdout)
        monkeypatch.setattr(serve, 'load_inferencer', lambda _: Gate())

        def user() -> None:
            address = stdout.lines.get(timeout=30).split()[0]
            try:
                act(address)
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=user)
        thread.start()
        code = main(['serve', *MODEL, '--port', '0', *arguments])
        thread.join()
        return code

    return served


def status(address: str, host: str | None = None) -> int:
    request = urllib.request.Request(f'{address}/settings', headers={'Host': host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_serves_this_machine_until_ctrl_c(served, capsys):
    seen = []

    def act(address):
        seen.extend([address, status(address), status(address, 'evil.example')])

    assert served(act) == 0
    assert seen[0].startswith('http://127.0.0.1:')
    assert seen[1:] == [200, 403]
    assert capsys.readouterr().err == ''


def test_serving_others_is_said_aloud(served, capsys):
    seen = []

    def act(address):
        seen.append(status(f'http://127.0.0.1:{address.rpartition(":")[2]}', 'lab.example'))

    assert served(act, '--host', '0.0.0.0') == 0
    assert seen == [200]
    assert 'warning: everyone who reaches 0.0.0.0 can use this page' in capsys.readouterr().err


@pytest.mark.parametrize('host', ['127.0.0.1', '0.0.0.0'])
def test_a_proxy_in_front(served, host):
    seen = []

    def act(address):
        address = f'http://127.0.0.1:{address.rpartition(":")[2]}'
        seen.extend(status(address, name) for name in ('lab.example', 'evil.example', None))

    assert served(act, '--allow-host', 'Lab.example', '--host', host) == 0
    assert seen == [200, 403, 200]


def refused(arguments, capsys) -> str:
    assert main(['serve', *MODEL, *arguments]) == 2
    return capsys.readouterr().err


def test_a_port_in_use(capsys):
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = str(other.getsockname()[1])
        message = refused(['--port', port], capsys)
    assert message.startswith(f'monfap serve: cannot listen at 127.0.0.1, port {port}: Address already in use')


@pytest.mark.parametrize('arguments', [['--port', '70000'], ['--max-bytes', '0'], ['--max-waiting', '-1']])
def test_wrong_numbers(arguments, capsys):
    assert '--max-bytes must be at least 1' in refused(arguments, capsys)


def test_a_host_that_is_not_there(capsys):
    assert 'cannot listen at no.invalid, port 0' in refused(['--host', 'no.invalid', '--port', '0'], capsys)


def test_a_model_that_is_not_there(capsys):
    assert 'cannot load the model: there is no config file no.py' in refused(['--port', '0'], capsys)


def test_a_missing_extra_is_named(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith('monfap_mm.web')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'starlette', None)
    for module in [name for name in sys.modules if name.startswith('starlette.')]:
        monkeypatch.delitem(sys.modules, module)
    assert refused([], capsys).startswith('monfap serve: starlette is missing: pip install ".[web]"')

"""The server on a real connection, with clients that are slow, many, or no browsers."""

import contextlib
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from monfap_mm.web import create_app, serve, server

from .gate import Gate

BODY = b'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n'
WHOLE = b'GET /settings HTTP/1.1\r\nHost: localhost\r\n\r\n'


@pytest.fixture
def served():
    """Serves in this process, lets a user do something with the port, and presses Ctrl-C; returns what came of it."""

    def served(act, gate: Gate | None = None):
        outcome = []

        def user() -> None:
            try:
                outcome.append(act(listener.getsockname()[1]))
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        with socket.create_server(('127.0.0.1', 0), backlog=512) as listener:
            thread = threading.Thread(target=user)
            thread.start()
            serve(create_app(gate or Gate()), listener, seconds_to_finish=1)
            thread.join()
        return outcome[0]

    return served


@contextlib.contextmanager
def connection(port: int):
    with socket.create_connection(('127.0.0.1', port), timeout=20) as opened:
        yield opened


def response(opened: socket.socket, method: str = 'GET') -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(opened, method=method)
    answer.begin()
    return answer.status, answer.read()


def ask(port: int, method: str, path: str, **kwargs) -> tuple[int, bytes, str | None]:
    client = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    client.request(method, path, **kwargs)
    answer = client.getresponse()
    return answer.status, answer.read(), answer.getheader('content-type')


@pytest.mark.parametrize('head', [b'', b'GET / HT', WHOLE], ids=['silent', 'dripping', 'served once'])
def test_who_asks_for_nothing_is_not_waited_for(served, monkeypatch, head):
    monkeypatch.setattr(server, 'HEAD_SECONDS', 0.5)

    def act(port: int) -> float:
        with connection(port) as opened:
            opened.sendall(head)
            if head == WHOLE:
                assert response(opened)[0] == 200
                opened.sendall(b'GET / HT')
            start = time.monotonic()
            with contextlib.suppress(OSError):
                for _ in range(40):
                    opened.sendall(b'x' if head else b'')
                    time.sleep(0.05)
                    opened.settimeout(0.05)
                    try:
                        if opened.recv(100) == b'':
                            break
                    except TimeoutError:
                        continue
            return time.monotonic() - start

    assert 0.3 < served(act) < 2


def test_a_request_in_hand_is_no_idle_connection(served, monkeypatch):
    monkeypatch.setattr(server, 'HEAD_SECONDS', 0.2)
    gate = Gate()

    def act(port: int) -> int:
        with connection(port) as opened:
            opened.sendall(BODY + b'a picture')
            gate.wait()
            time.sleep(0.6)
            gate.open.release()
            return response(opened)[0]

    assert served(act, gate) == 200


def test_idle_uploads_and_many_connections_do_not_close_the_server(served):
    gate = Gate()
    gate.open.release(100)

    def act(port: int) -> list[int]:
        with contextlib.ExitStack() as stack:
            for number in range(150):
                opened = stack.enter_context(connection(port))
                opened.sendall((BODY + b'a', BODY, b'GET / HT')[number % 3])
            return [ask(port, 'POST', '/predict', body=b'x')[0] for _ in range(3)]

    assert served(act, gate) == [200] * 3


def peak(process: subprocess.Popen) -> int:
    """The most memory that a process has had, in MiB."""
    return int(re.search(r'VmHWM:\s+(\d+) kB', Path(f'/proc/{process.pid}/status').read_text())[1]) // 1024


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='the peak of memory is read from /proc')
@pytest.mark.parametrize(('ending', 'mode'), [('PNG', '1'), ('TIFF', '1'), ('GIF', 'L')])
def test_a_picture_that_is_too_large_is_not_decoded(server_process, ending, mode):
    """10,000 x 10,000 pixels are 300 MB as an array; the file has a few kilobytes."""
    process, address = server_process
    port, file = urlsplit(address).port, io.BytesIO()
    Image.new(mode, (10_000, 10_000)).save(file, ending, **dict(compression='group4') if ending == 'TIFF' else {})
    small = io.BytesIO()
    Image.new('RGB', (64, 64)).save(small, 'PNG')
    assert ask(port, 'POST', '/predict', body=small.getvalue())[0] == 200
    before, start = peak(process), time.monotonic()
    status, body, _ = ask(port, 'POST', '/predict', body=file.getvalue()[:100_000])
    assert status == 422
    assert b'10000 x 10000 pixels, more than 89 million' in body
    assert time.monotonic() - start < 2
    assert peak(process) - before < 30


def test_heads_that_are_odd(served):
    def act(port: int) -> dict:
        found = dict(
            head=ask(port, 'HEAD', '/settings'),
            head_predict=ask(port, 'HEAD', '/predict'),
            get_predict=ask(port, 'GET', '/predict'),
            form=ask(port, 'POST', '/predict', body=b'x', headers={'Content-Type': 'multipart/form-data; boundary=x'}),
            page=ask(port, 'HEAD', '/'),
        )
        for name, head in (
            ('huge', b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'x' * 200_000 + b'\r\n\r\n'),
            ('nonsense', b'\x16\x03\x01 TLS?\r\n\r\n'),
            ('two lengths', BODY.replace(b'\r\n\r\n', b'\r\nContent-Length: 8\r\n\r\n')),
        ):
            with connection(port) as opened, contextlib.suppress(ConnectionResetError, BrokenPipeError):
                opened.sendall(head)
                found[name] = response(opened)
        return found | dict(after=ask(port, 'GET', '/settings'))

    found = served(act)
    assert found['head'][:2] == (200, b'')
    assert found['page'][:2] == (200, b'')
    # Only POST is there.
    assert found['head_predict'][:2] == (405, b'')
    assert found['get_predict'] == (405, b'{"error":"Method Not Allowed"}', 'application/json')
    assert found['form'][0] == 415
    assert b'the file itself' in found['form'][1]
    assert {found[name][0] for name in ('huge', 'nonsense', 'two lengths') if name in found} == {400}
    assert found['nonsense'][0] == 400
    assert found['after'][0] == 200

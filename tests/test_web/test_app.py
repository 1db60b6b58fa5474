"""The server without a network: what it answers, what it refuses, and in which order."""

import asyncio
import io
import json
import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import ExifTags, Image
from starlette.testclient import TestClient

from monfap_mm.web import create_app

from .conftest import LOCAL
from .gate import SECONDS, Gate

ENCODED = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)


def encoded(image: np.ndarray, form: str = 'PNG', **kwargs) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, **kwargs)
    return file.getvalue()


def test_the_answer_is_that_of_the_inferencer_for_the_file(client, inferencer, data):
    for name in ('a.png', 'b.png'):
        (expected,) = inferencer(str(data / name))
        response = client.post('/predict', params={'name': name}, content=(data / name).read_bytes())
        assert response.status_code == 200
        assert response.json()['answer'] == expected.to_json() | dict(path=name)


def test_the_answer_lies_where_a_viewer_shows_it(client):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored a quarter turn counterclockwise
    turned = encoded(np.rot90(ENCODED), exif=exif)
    of_turned, of_upright = (client.post('/predict', content=file).json() for file in (turned, encoded(ENCODED)))
    assert of_turned['answer']['size'] == [48, 80]
    assert of_turned == of_upright


def test_a_note_comes_along(client):
    frames = [Image.new('RGB', (64, 64), color) for color in ('red', 'blue')]
    file = io.BytesIO()
    frames[0].save(file, 'GIF', save_all=True, append_images=frames[1:])
    answer = client.post('/predict', content=file.getvalue()).json()['answer']
    assert answer['note'] == 'the file holds several frames: the answer is for the first one'


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'x.png is empty'),
        (b'no picture', 'x.png is no image, or its header is damaged'),
        (encoded(ENCODED)[:2000], 'truncated'),
        (b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n', 'x.png is no image'),
        (encoded(np.zeros((5_000, 30_000), bool)), '30000 x 5000 pixels, more than 89 million'),
    ],
    ids=['empty', 'text', 'half', 'postscript', 'bomb'],
)
def test_a_bad_picture_gets_a_reason_and_the_next_one_an_answer(client, content, reason):
    response = client.post('/predict', params={'name': 'x.png'}, content=content)
    assert response.status_code == 422
    assert reason in response.json()['error']
    assert client.post('/predict', content=encoded(ENCODED)).status_code == 200


def test_a_file_that_is_too_large_is_refused(inferencer):
    content = encoded(ENCODED)
    with TestClient(create_app(inferencer, max_bytes=len(content)), base_url=LOCAL) as client:
        assert client.post('/predict', content=content).status_code == 200
        response = client.post('/predict', content=content + b'x')
    assert response.status_code == 413
    assert '(--max-bytes)' in response.json()['error']


def test_settings(client, inferencer):
    settings = client.get('/settings').json()
    assert settings['max_bytes'] == 32 * 2**20
    assert settings['max_pixels'] == inferencer.max_pixels
    assert settings['threshold'] == inferencer.threshold
    assert settings['model'] == inferencer.name


def test_errors_of_the_address_are_objects_too(client):
    assert client.get('/nothing').json() == {'error': 'Not Found'}
    assert client.get('/../app.py').status_code == 404


@pytest.mark.parametrize(
    ('path', 'allowed'),
    [
        ('/predict', {'POST'}),
        ('/predict?name=a.jpg', {'POST'}),
        ('/settings', {'GET', 'HEAD'}),
        ('/', {'GET', 'HEAD'}),
        ('/app.js', {'GET', 'HEAD'}),
        ('/nothing', None),
        ('/predict/', None),
    ],
)
def test_methods_that_a_path_does_not_take(client, path, allowed):
    for method in ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'):
        if method in (allowed or ()):
            continue
        response = client.request(method, path)
        if allowed is None:
            assert (response.status_code, 'Allow' in response.headers) == (404, False), method
        else:
            assert response.status_code == 405, method
            assert set(response.headers['Allow'].split(', ')) == allowed
            assert method == 'HEAD' or response.json() == {'error': 'Method Not Allowed'}


WRITES: list[str] = []
WATCHED = threading.Event()


def watch_writes(event: str, arguments: tuple) -> None:
    if event == 'open' and WATCHED.is_set() and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        WRITES.append(str(arguments[0]))


def test_uploads_are_never_written_to_disk(client, tmp_path, monkeypatch):
    sys.addaudithook(watch_writes)  # for the life of the process, but only listening here
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    large = encoded(np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8))
    assert len(large) > 4 * 2**20  # beyond what frameworks keep in memory
    WATCHED.set()
    try:
        with tempfile.TemporaryFile():
            pass
        assert WRITES  # the watch is awake
        WRITES.clear()
        for content in (large, encoded(ENCODED, 'JPEG'), b'broken'):
            client.post('/predict', content=content)
    finally:
        WATCHED.clear()
    assert WRITES == []
    assert not list(tmp_path.iterdir())


class Post:
    """A request that the test leads step by step."""

    def __init__(self, app, name: str, leaves: bool = False, ends: bool = True) -> None:
        self.admitted, self.status, self.body, self.later = asyncio.Event(), None, b'', asyncio.Future()
        self.messages = [dict(type='http.request', body=b'picture', more_body=not ends)]
        if leaves:
            self.messages.append(dict(type='http.disconnect'))
        scope = dict(type='http', method='POST', path='/predict', query_string=f'name={name}'.encode(), root_path='')
        scope['headers'] = [(b'host', b'localhost')]
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    def send(self, rest: bytes) -> None:
        """Send the rest of the body."""
        self.later.set_result(dict(type='http.request', body=rest))

    async def _receive(self) -> dict:
        self.admitted.set()  # the body is read only then
        return self.messages.pop(0) if self.messages else await self.later

    async def _send(self, message: dict) -> None:
        self.status = message.get('status', self.status)
        self.body += message.get('body', b'')


def test_a_bounded_number_waits_and_the_page_stays_awake():
    async def scene():
        gate = Gate()
        app = create_app(gate, max_waiting=1)
        first = Post(app, 'first')
        await asyncio.to_thread(gate.wait)
        second = Post(app, 'second')
        await second.admitted.wait()
        third = Post(app, 'third')
        await third.task
        assert third.status == 503
        assert json.loads(third.body)['error'].startswith('The server is busy')
        assert first.status is second.status is None
        # The model works, but the page comes.
        assert (await asyncio.to_thread(lambda: TestClient(app, base_url=LOCAL).get('/').status_code)) == 200

        gate.open.release(2)
        await asyncio.gather(first.task, second.task)
        assert (first.status, second.status) == (200, 200)
        gate.open.release()
        fourth = Post(app, 'fourth')  # there is room again
        await fourth.task
        assert fourth.status == 200
        assert gate.names == ['first', 'second', 'fourth']
        assert gate.most_inside == 1

    asyncio.run(asyncio.wait_for(scene(), SECONDS))


def test_pictures_that_do_not_arrive_keep_nobody_out():
    """Nine and ninety are too many for the places, of which there are two."""

    async def scene():
        gate = Gate()
        app = create_app(gate, max_waiting=1)
        idle = [Post(app, f'idle {number}', ends=False) for number in range(99)]
        await asyncio.gather(*(post.admitted.wait() for post in idle))
        gate.open.release()
        served = Post(app, 'served')
        await served.task
        assert served.status == 200
        assert gate.names == ['served']
        for post in idle:
            post.task.cancel()

    asyncio.run(asyncio.wait_for(scene(), SECONDS))


def test_the_place_may_be_gone_when_the_picture_has_come():
    async def scene():
        gate = Gate()
        app = create_app(gate, max_waiting=0)
        slow = Post(app, 'slow', ends=False)
        await slow.admitted.wait()
        first = Post(app, 'first')
        await asyncio.to_thread(gate.wait)
        slow.send(b'the rest')
        await slow.task
        assert slow.status == 503
        gate.open.release()
        await first.task
        assert first.status == 200

    asyncio.run(asyncio.wait_for(scene(), SECONDS))


def test_who_leaves_costs_no_prediction_and_no_place():
    async def scene():
        gate = Gate()
        app = create_app(gate, max_waiting=1)
        first = Post(app, 'first')
        await asyncio.to_thread(gate.wait)
        leaver = Post(app, 'leaver', leaves=True)
        await leaver.admitted.wait()
        gate.open.release(2)
        await asyncio.gather(first.task, leaver.task)
        await Post(app, 'next').task
        assert gate.names == ['first', 'next']

    asyncio.run(asyncio.wait_for(scene(), SECONDS))


def test_who_leaves_while_waiting_gives_the_place_back_at_once():
    async def scene():
        gate = Gate()
        app = create_app(gate, max_waiting=2)
        first = Post(app, 'first')
        await asyncio.to_thread(gate.wait)
        leavers = [Post(app, f'leaver {number}') for number in range(2)]
        await asyncio.gather(*(leaver.admitted.wait() for leaver in leavers))
        refused = Post(app, 'refused')
        await refused.task
        assert refused.status == 503
        for leaver in leavers:
            leaver.later.set_result(dict(type='http.disconnect'))
        await asyncio.gather(*(leaver.task for leaver in leavers))
        # The model still works on the first picture, and both places are free.
        waiting = [Post(app, f'waiting {number}') for number in range(2)]
        await asyncio.gather(*(post.admitted.wait() for post in waiting))
        assert not first.task.done()
        gate.open.release(3)
        await asyncio.gather(first.task, *(post.task for post in waiting))
        assert [post.status for post in (first, *waiting)] == [200, 200, 200]
        assert gate.names == ['first', 'waiting 0', 'waiting 1']

    asyncio.run(asyncio.wait_for(scene(), SECONDS))


def test_two_users_at_once_each_get_their_own_answer(client, inferencer, data):
    names = ['a.png', 'b.png', 'c.png', 'd.png'] * 2
    start = threading.Barrier(len(names))

    def ask(name: str) -> dict:
        start.wait()
        return client.post('/predict', params={'name': name}, content=(data / name).read_bytes()).json()['answer']

    with ThreadPoolExecutor(len(names)) as users:
        answers = list(users.map(ask, names))
    expected = {name: inferencer(str(data / name))[0].score for name in set(names)}
    assert len(set(expected.values())) == 4
    assert [(answer['path'], answer['score']) for answer in answers] == [(name, expected[name]) for name in names]

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from monfap_mm.web.upload import Uploads

CHUNK = b'x' * 100


def upload(messages, declared: int | str | None = None, content_type: str = 'image/png', **limits):
    """Read a body; returns what came of it, and how many messages it took."""
    taken = 0

    async def receive():
        nonlocal taken
        message = next(messages, None)
        if message is None:
            await asyncio.Future()  # nothing comes any more
        taken += 1
        return message

    headers = [(b'content-type', content_type.encode())]
    headers += [] if declared is None else [(b'content-length', str(declared).encode())]
    request = Request(dict(type='http', method='POST', headers=headers), receive)
    uploads = Uploads(**(dict(max_bytes=250, max_total=1000) | limits))
    held = uploads.held
    try:
        return asyncio.run(uploads.read(request)).getvalue(), taken
    except HTTPException as error:
        return error.status_code, taken
    finally:
        assert uploads.held == held  # nothing is counted any more


def chunks(*bodies: bytes):
    """Messages of a body that ends."""
    return iter([dict(type='http.request', body=body, more_body=body is not bodies[-1]) for body in bodies])


def too_much():
    for _ in range(1000):
        yield dict(type='http.request', body=CHUNK, more_body=True)


def test_a_body_in_pieces():
    assert upload(chunks(b'ab', b'', b'cde')) == (b'abcde', 3)
    assert upload(chunks(b'x' * 250)) == (b'x' * 250, 1)


def test_an_honest_sender_of_too_much_is_not_read_at_all():
    assert upload(too_much(), declared=251) == (413, 0)


@pytest.mark.parametrize('declared', [None, 10, 'nonsense', '²', -5])
def test_others_are_stopped_on_the_way(declared):
    assert upload(too_much(), declared) == (413, 3)


def test_who_stops_sending_is_not_waited_for():
    def stops():
        return iter([dict(type='http.request', body=b'a', more_body=True)])

    assert upload(stops(), idle_seconds=0.01) == (408, 1)
    assert upload(stops(), max_seconds=0.01) == (408, 1)


def test_who_drips_is_not_waited_for_either():
    """A byte comes every 20 ms: no pause is too long, but the whole is."""

    async def receive():
        await asyncio.sleep(0.02)
        return dict(type='http.request', body=b'a', more_body=True)

    uploads = Uploads(max_bytes=250, max_total=250, max_seconds=0.2, idle_seconds=0.1)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(uploads.read(Request(dict(type='http', method='POST', headers=[]), receive)))
    assert caught.value.status_code == 408
    assert caught.value.detail == ('The file did not arrive within 0.2 seconds, or nothing came for 0.1 seconds.')
    assert uploads.held == 0


def test_a_slow_body_in_time_is_read():
    messages = chunks(b'a', b'b', b'c', b'd')

    async def receive():
        await asyncio.sleep(0.05)
        return next(messages)

    uploads = Uploads(max_bytes=250, max_total=250, max_seconds=10, idle_seconds=0.15)
    contents = asyncio.run(uploads.read(Request(dict(type='http', method='POST', headers=[]), receive)))
    assert contents.getvalue() == b'abcd'


@pytest.mark.parametrize(('held', 'outcome'), [(750, (b'x' * 250, 1)), (751, (503, 1))])
def test_all_bodies_together_are_bounded(held, outcome):
    assert upload(chunks(b'x' * 250), held=held) == outcome


@pytest.mark.parametrize(
    ('content_type', 'outcome'),
    [
        ('multipart/form-data; boundary=x', (415, 0)),
        ('Multipart/Mixed', (415, 0)),
        ('application/x-www-form-urlencoded', (b'x', 1)),  # what curl calls any body
        ('text/plain', (b'x', 1)),
        ('', (b'x', 1)),
    ],
)
def test_a_form_is_no_picture(content_type, outcome):
    assert upload(chunks(b'x'), content_type=content_type) == outcome


def test_who_leaves_is_no_error_of_the_server():
    with pytest.raises(ClientDisconnect):
        upload(iter([dict(type='http.disconnect')]))

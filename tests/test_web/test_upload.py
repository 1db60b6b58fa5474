import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from monfap_mm.web.upload import read_upload

CHUNK = b'x' * 100


def upload(messages, declared: int | str | None = None, max_bytes: int = 250, max_seconds: float = 10):
    """Read a body; returns what came of it, and how many messages it took."""
    taken = 0

    async def receive():
        nonlocal taken
        message = next(messages, None)
        if message is None:
            await asyncio.Future()  # nothing comes any more
        taken += 1
        return message

    headers = [] if declared is None else [(b'content-length', str(declared).encode())]
    request = Request(dict(type='http', method='POST', headers=headers), receive)
    try:
        return asyncio.run(read_upload(request, max_bytes, max_seconds)).getvalue(), taken
    except HTTPException as error:
        return error.status_code, taken


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


def test_who_stops_sending_loses_the_place():
    assert upload(iter([dict(type='http.request', body=b'a', more_body=True)]), max_seconds=0.01) == (408, 1)


def test_who_leaves_is_no_error_of_the_server():
    with pytest.raises(ClientDisconnect):
        upload(iter([dict(type='http.disconnect')]))

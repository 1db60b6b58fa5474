"""The body of a request into memory, and no more of it than allowed."""

import io

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BYTES = 32 * 2**20
MAX_SECONDS = 120


async def read_upload(request: Request, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> io.BytesIO:
    """Read the body of a request, whatever its headers say of its length.

    Args:
        request: The request; its body is the file itself.
        max_bytes: Largest size.
        max_seconds: Longest time, so that one who stops sending does not keep a place.

    Returns:
        The contents of the file.

    Raises:
        HTTPException: With 413 as soon as the body is seen to be too large, at the latest when the first byte too many
            comes in; with 408 if it takes too long.
        ClientDisconnect: If the sender goes away.
    """
    too_large = HTTPException(413, f'The file has more than {max_bytes / 2**20:.4g} MiB (--max-bytes).')
    declared = request.headers.get('content-length', '')
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    contents = io.BytesIO()
    try:
        with anyio.fail_after(max_seconds):
            async for chunk in request.stream():
                if contents.tell() + len(chunk) > max_bytes:
                    raise too_large
                contents.write(chunk)
    except TimeoutError as error:
        raise HTTPException(408, f'The file did not arrive within {max_seconds:g} seconds.') from error
    return contents

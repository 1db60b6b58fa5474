"""The bodies of requests into memory, and no more of them than allowed."""

import io
from dataclasses import dataclass

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BYTES = 32 * 2**20
# For a whole body, and for a pause in it: a sender that stops is not waited for.
MAX_SECONDS, IDLE_SECONDS = 120, 10
BUSY = HTTPException(503, 'The server is busy with the pictures of others. Try again in a moment.')


@dataclass
class Uploads:
    """Reads the bodies of requests, whatever their headers say of the length.

    Attributes:
        max_bytes: Largest body.
        max_total: The most that bodies which are still coming in may hold together, in bytes.
        max_seconds: Longest time for a body.
        idle_seconds: Longest time without a byte of it.
        held: What they hold now, in bytes.
    """

    max_bytes: int
    max_total: int
    max_seconds: float = MAX_SECONDS
    idle_seconds: float = IDLE_SECONDS
    held: int = 0

    async def read(self, request: Request) -> io.BytesIO:
        """Read the body of a request.

        Args:
            request: The request; its body is the file itself.

        Returns:
            The contents of the file.

        Raises:
            HTTPException: With 413 as soon as the body is seen to be too large, at the latest when the first byte too
                many comes in; with 408 if it takes too long; with 415 if it is a form; with 503 if the bodies of all
                requests together are too much.
            ClientDisconnect: If the sender goes away.
        """
        self._check_headers(request)
        contents = io.BytesIO()
        try:
            await self._receive(request, contents)
        except TimeoutError as error:
            raise HTTPException(
                408,
                f'The file did not arrive within {self.max_seconds:g} seconds, '
                f'or nothing came for {self.idle_seconds:g} seconds.',
            ) from error
        finally:
            self.held -= contents.tell()
        return contents

    def _check_headers(self, request: Request) -> None:
        if request.headers.get('content-type', '').lower().startswith('multipart/'):
            raise HTTPException(415, 'The body must be the file itself, not a form (curl: --data-binary @FILE).')
        declared = request.headers.get('content-length', '')
        if declared.isdecimal() and int(declared) > self.max_bytes:
            raise self._too_large()

    async def _receive(self, request: Request, contents: io.BytesIO) -> None:
        latest = anyio.current_time() + self.max_seconds
        with anyio.fail_after(self.idle_seconds) as scope:
            async for chunk in request.stream():
                if contents.tell() + len(chunk) > self.max_bytes:
                    raise self._too_large()
                if self.held + len(chunk) > self.max_total:
                    raise BUSY
                contents.write(chunk)
                self.held += len(chunk)
                scope.deadline = min(anyio.current_time() + self.idle_seconds, latest)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f'The file has more than {self.max_bytes / 2**20:.4g} MiB (--max-bytes).')

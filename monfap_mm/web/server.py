"""Run the application on a socket."""

import asyncio
import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

# Until a connection has sent the head of its next request, and until a reader has taken an answer.
HEAD_SECONDS, READ_SECONDS = 10, 120


def serve(app: Starlette, listener: socket.socket, seconds_to_finish: int) -> None:
    """Serve until Ctrl-C.

    Args:
        app: The application.
        listener: A socket that listens already.
        seconds_to_finish: How long requests may go on after Ctrl-C, before they are cut off.
    """
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws='none',
        lifespan='off',
        log_level='error',  # warnings are about requests that are no HTTP, which anyone can send
        access_log=False,  # names of files are nobody's business
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=seconds_to_finish,
    )
    # Which uvicorn raises again after it has shut down in order.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


class ImpatientProtocol(H11Protocol):
    """Closes connections that do not ask for anything in time; uvicorn waits for ever for a head that drips in."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS, self._close_if_idle)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait(HEAD_SECONDS, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self, seconds: float, then) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then)

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            # What is still unread is sent before, but not without end.
            self.transport.close()
            self._wait(READ_SECONDS, self.transport.abort)

"""Protection on the browser's side: other pages may neither talk to the server nor run anything in its page."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({'localhost', '127.0.0.1', '::1'})
HEADERS = {
    # Only the server's own files; pictures also as data, which the answers bring along.
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    # Answers show the pictures, so browsers do not keep them either.
    'Cache-Control': 'no-store',
}


class Guard:
    """ASGI middleware: refuses what comes from other sites, and adds :data:`HEADERS`.

    Args:
        app: The application.
        hosts: Names that ``Host`` may have, with any port; None for any. A page of another site whose name was made to
            point to this machine (DNS rebinding) still has that name here.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        reason = self._refusal(Headers(scope=scope))
        app = self.app if reason is None else JSONResponse(dict(error=reason), 403)
        await app(scope, receive, send_with_headers)

    def _refusal(self, headers: Headers) -> str | None:
        host, origin = headers.get('host', ''), headers.get('origin')
        if self.hosts is not None and _host_name(host) not in self.hosts:
            return f'The server does not answer under the name {host!r}: use the address that it printed.'
        # Without its scheme: a proxy in front may speak HTTPS.
        if origin is not None and origin.partition('://')[2] != host:
            return f'Requests from other sites ({origin}) are refused.'
        return None


def _host_name(host: str) -> str | None:
    """The name in ``name:port``; None for nonsense."""
    try:
        return urlsplit(f'//{host}').hostname
    except ValueError:
        return None

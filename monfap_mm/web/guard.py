"""Protection on the browser's side: other pages may neither talk to the server nor run anything in its page."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({'localhost', '127.0.0.1', '::1'})
PORTS = dict(http=80, https=443)
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
        origins: Names whose pages are the server's own, as a proxy shows them: ``lab.example`` on any port, or
            ``lab.example:8443`` on that one. Without them the page must have the address that ``Host`` tells, which a
            proxy may replace by its own.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, origins: Collection[str] = ()) -> None:
        self.app = app
        self.hosts = hosts
        self.origins = {split_host(origin) for origin in origins}

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
        if self.hosts is not None and split_host(host)[0] not in self.hosts:
            return (
                f'The server does not answer under the name {host!r}: use the address that it printed, or start it '
                'with --allow-host NAME if it stands behind a proxy of that name.'
            )
        if origin is not None and not self._is_own(origin, host):
            return (
                f'Requests from other sites ({origin}) are refused. If that is the address of a proxy in front, start '
                'the server with --allow-host NAME, or let the proxy pass the header Host on as it came.'
            )
        return None

    def _is_own(self, origin: str, host: str) -> bool:
        # Whatever the scheme: a proxy in front may speak HTTPS.
        scheme, _, address = origin.partition('://')
        if address == host != '':
            return True
        name, port = split_host(address)
        port = port or PORTS.get(scheme)
        return name is not None and not self.origins.isdisjoint({(name, None), (name, port)})


def split_host(host: str) -> tuple[str | None, int | None]:
    """The name, in lower case, and the port in ``name:port``; no name for nonsense, no port where none is named."""
    try:
        parts = urlsplit(f'//{host}')
        # Without a user's name: 'evil@localhost' is nonsense here.
        return (parts.hostname, parts.port) if parts.netloc == host and '@' not in host else (None, None)
    except ValueError:
        return None, None

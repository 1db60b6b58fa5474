"""The server behind the web page: a picture in, its answer out, nothing kept."""

import io
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ..apis import ForgeryInferencer
from ..version import __version__
from .guard import LOOPBACK_NAMES, Guard
from .rendering import heat_scale, render_answer
from .upload import BUSY, MAX_BYTES, Uploads

STATIC = Path(__file__).parent / 'static'
MAX_WAITING = 8


def create_app(
    inferencer: ForgeryInferencer,
    max_bytes: int = MAX_BYTES,
    max_waiting: int = MAX_WAITING,
    hosts: Collection[str] | None = LOOPBACK_NAMES,
    origins: Collection[str] = (),
) -> Starlette:
    """Make the ASGI application.

    ``POST /predict?name=photo.jpg`` takes the bytes of one picture as its body and answers with the object of
    :func:`render_answer`. Where something is refused or cannot be answered, the object has ``error`` instead, a
    sentence for people.

    Args:
        inferencer: The model.
        max_bytes: Larger pictures are refused while they come in.
        max_waiting: How many complete pictures wait for the model beside the one in hand; further ones are refused.
            Those that are still coming in keep no place, but hold no more memory together than the others may.
        hosts: Names under which the server may be addressed; None for any. Default: those of this machine, which keeps
            out pages that let a name of their own point here.
        origins: Names, with or without a port, under which browsers reach the page through a proxy.
    """
    desk = _Desk(inferencer, max_waiting, Uploads(max_bytes, max_total=(1 + max_waiting) * max_bytes))
    return Starlette(
        routes=[
            _Route('/settings', desk.settings),
            _Route('/predict', desk.predict, methods=['POST']),
            Mount('/', _Files(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, origins=origins)],
        exception_handlers={HTTPException: _error, ClientDisconnect: _nobody_left},
    )


class _Route(Route):
    """A route whose path is nobody else's: the files that come after it would answer other methods with 404."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        return Match.FULL if match is Match.PARTIAL else match, child_scope


class _Files(StaticFiles):
    """The files of the page; says of another method what is allowed, where there is such a file."""

    METHODS = ('GET', 'HEAD')

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope['method'] in self.METHODS:
            return await super().get_response(path, scope)
        await super().get_response(path, {**scope, 'method': 'HEAD'})
        raise HTTPException(405, headers={'Allow': ', '.join(self.METHODS)})


@dataclass
class _Desk:
    """One picture at a time goes to the model, in the order of arrival; only so many wait, so memory is bounded.

    A place is for a complete picture whose sender is still there: who sends slowly or leaves keeps nobody out.
    """

    inferencer: ForgeryInferencer
    max_waiting: int
    uploads: Uploads
    admitted: int = 0
    turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def settings(self, request: Request) -> Response:
        return JSONResponse(
            dict(
                version=__version__,
                model=self.inferencer.name,
                threshold=self.inferencer.threshold,
                max_bytes=self.uploads.max_bytes,
                max_pixels=self.inferencer.max_pixels,
                heat_scale=heat_scale(),
            )
        )

    async def predict(self, request: Request) -> Response:
        self._check_room()  # before the picture is sent in vain
        contents = await self.uploads.read(request)
        self._check_room()
        contents.name = request.query_params.get('name', 'picture')
        self.admitted += 1
        try:
            await self._wait_for_turn(request)
            try:
                # A user who has closed the page costs no prediction.
                if await request.is_disconnected():
                    raise ClientDisconnect
                # In a thread, so that the page and the refusals come at once.
                status, body = await run_in_threadpool(self._answer, contents)
            finally:
                self.turn.release()
        finally:
            self.admitted -= 1
        return Response(body, status, media_type='application/json')

    async def _wait_for_turn(self, request: Request) -> None:
        """Acquire :attr:`turn`.

        Raises:
            ClientDisconnect: As soon as the sender goes away.
        """
        has_turn = False

        async def watch() -> None:
            # The body has been read: what comes next says that the sender is gone.
            while (await request.receive())['type'] != 'http.disconnect':
                pass
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await self.turn.acquire()
            has_turn = True
            group.cancel_scope.cancel()
        if not has_turn:
            raise ClientDisconnect

    def _check_room(self) -> None:
        if self.admitted > self.max_waiting:
            raise BUSY

    def _answer(self, contents: io.BytesIO) -> tuple[int, bytes]:
        (result,) = self.inferencer.stream(contents, workers=0, keep_image=True)
        if result.error is not None:
            return 422, json.dumps(dict(error=result.error)).encode()
        return 200, json.dumps(render_answer(result), separators=(',', ':')).encode()


async def _error(request: Request, error: HTTPException) -> Response:
    return JSONResponse(dict(error=error.detail), error.status_code, error.headers)


async def _nobody_left(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=400)

"""Run the application on a socket."""

import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette


def serve(app: Starlette, listener: socket.socket, seconds_to_finish: int) -> None:
    """Serve until Ctrl-C.

    Args:
        app: The application.
        listener: A socket that listens already.
        seconds_to_finish: How long requests may go on after Ctrl-C, before they are cut off.
    """
    config = uvicorn.Config(
        app,
        http='h11',
        ws='none',
        lifespan='off',
        log_level='warning',
        access_log=False,  # names of files are nobody's business
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=seconds_to_finish,
    )
    # Which uvicorn raises again after it has shut down in order.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])

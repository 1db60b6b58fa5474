"""``monfap serve``: a web page that answers for the pictures that are dropped into it."""

import argparse
import ipaddress
import socket
import sys

from ..distribution import install_extra
from .exit_codes import DONE, NOT_STARTED
from .model_arguments import ModelError, load_inferencer

# After Ctrl-C; a picture in hand is finished in any case.
SECONDS_TO_FINISH = 3


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Returns:
        The exit code.
    """
    if args.max_bytes < 1 or args.max_waiting < 0 or not 0 <= args.port < 2**16:
        return _stop('--max-bytes must be at least 1, --max-waiting at least 0, and --port 0 to 65535')
    try:
        from ..web import LOOPBACK_NAMES, create_app, serve, split_host
    except ModuleNotFoundError as error:
        return _stop(f'{(error.name or "").partition(".")[0]} is missing: {install_extra("web")}')
    proxies = {name: split_host(name)[0] for name in args.allow_host}
    if None in proxies.values():
        names = ', '.join(name for name, host in proxies.items() if host is None)
        return _stop(f'--allow-host takes NAME or NAME:PORT, without http://, got {names}')
    try:
        # Before the model, whose loading takes its time.
        listener = _listen(args.host, args.port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        return _stop(f'cannot listen at {args.host}, port {args.port}: {reason}')
    with listener:
        try:
            inferencer = load_inferencer(args)
        except ModelError as error:
            return _stop(str(error))
        is_local = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
        if not is_local:
            print(f'monfap serve: warning: everyone who reaches {args.host} can use this page', file=sys.stderr)
        hosts = LOOPBACK_NAMES | {args.host.lower(), *proxies.values()} if is_local or proxies else None
        print(f'{_address(args.host, listener)}   (Ctrl-C stops)', flush=True)
        app = create_app(inferencer, args.max_bytes, args.max_waiting, hosts, args.allow_host)
        serve(app, listener, SECONDS_TO_FINISH)
    return DONE


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family)


def _address(host: str, listener: socket.socket) -> str:
    address, port = listener.getsockname()[:2]
    if ipaddress.ip_address(address).is_unspecified:
        host = socket.gethostname()
    return f'http://[{host}]:{port}' if ':' in host else f'http://{host}:{port}'


def _stop(message: str) -> int:
    print(f'monfap serve: {message}', file=sys.stderr)
    return NOT_STARTED

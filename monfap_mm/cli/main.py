"""The verbs of ``monfap``."""

import argparse
import os
import sys
from collections.abc import Sequence

from ..version import __version__
from . import info, predict, serve
from .exit_codes import INTERRUPTED, NOT_WRITTEN


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Those of the command; default: of this process.

    Returns:
        The exit code, see ``monfap predict --help``.
    """
    parser = argparse.ArgumentParser(
        prog='monfap', description='Which photograph is fake, and which face in it? Each verb has its own --help.'
    )
    parser.add_argument('--version', action='version', version=__version__)
    verbs = parser.add_subparsers(required=True, metavar='VERB')
    for verb in (predict, serve, info):
        verb.add_parser(verbs)
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print('monfap: stopped; what is written stays, and predict --resume goes on', file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_WRITTEN

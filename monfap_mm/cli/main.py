"""The verbs of ``monfap``."""

import argparse
from collections.abc import Sequence

from ..version import __version__
from . import info, merge, predict, serve
from .command import exit_code, show_any_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Those of the command; default: of this process.

    Returns:
        The exit code, see ``monfap predict --help``.
    """
    show_any_text()
    parser = argparse.ArgumentParser(
        prog='monfap', description='Which photograph is fake, and which face in it? Each verb has its own --help.'
    )
    parser.add_argument('--version', action='version', version=__version__)
    verbs = parser.add_subparsers(required=True, metavar='VERB')
    for verb in (predict, merge, serve, info):
        verb.add_parser(verbs)
    args = parser.parse_args(arguments)
    return exit_code('monfap', lambda: args.run(args), 'what is written stays, and predict --resume goes on')

"""The command line of ``monfap``."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from .. import register
from .command import exit_code, show_any_text
from .exit_codes import NOT_STARTED
from .parser import make_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Those of the command; default: of this process.

    Returns:
        The exit code, see ``monfap predict --help``.
    """
    show_any_text()
    parser = make_parser()
    _complete(parser)
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        parser.exit(NOT_STARTED, parser.format_help())
    args = parser.parse_args(arguments)
    return exit_code('monfap', lambda: _run(args), 'what is written stays, and predict --resume goes on')


def _run(args: argparse.Namespace) -> int:
    """Run a verb, the ``run`` of the module that has its name; PyTorch and what it needs are imported here."""
    register()
    return import_module(f'.{args.verb}', __package__).run(args)


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for what may follow, and end; needs argcomplete (extra "completion")."""
    if '_ARGCOMPLETE' in os.environ:
        with suppress(ModuleNotFoundError):
            import argcomplete

            argcomplete.autocomplete(parser)

"""``monfap tool``: our tools, and those that mmseg's wheel brings, each as if it were run by its path."""

import argparse
import ast
import runpy
import sys
from difflib import get_close_matches
from pathlib import Path

from ..distribution import INSTALL_FULL, IS_FULL
from ..version import __version__
from .command import CommandError
from .exit_codes import DONE

MMSEG = 'mmseg/'


def run(args: argparse.Namespace) -> int:
    """Run a tool in this process, which ends with the tool's exit code, or list all of them.

    Raises:
        CommandError: If there is no such tool, or something that it imports is not installed.
    """
    if not IS_FULL:
        raise CommandError(f'tools need PyTorch and the full package, {INSTALL_FULL}')
    tools = find_tools()
    if args.name is None:
        print(describe(tools))
        return DONE
    path = choose(tools, args.name)
    sys.argv = [str(path), *args.arguments]
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(str(path), run_name='__main__')
    except ModuleNotFoundError as error:
        raise CommandError(f'{args.name} needs the module {error.name}, which is not installed') from error
    return DONE


def find_tools() -> dict[str, Path]:
    """The tools by name, their path below ``tools`` without ending; ours come first, mmseg's begin with ``mmseg/``."""
    import mmseg

    package = Path(__file__).resolve().parents[1]
    own = package / '.mim' / 'tools'  # installed; else cloned
    roots = {
        '': own if own.is_dir() else package.parent / 'tools',
        MMSEG: Path(mmseg.__file__).parent / '.mim' / 'tools',
    }
    return {
        prefix + path.relative_to(root).with_suffix('').as_posix(): path
        for prefix, root in roots.items()
        for path in sorted(root.rglob('*.py'), key=lambda path: (len(path.parts), path))
    }


def choose(tools: dict[str, Path], name: str) -> Path:
    """The first tool of that name, or whose name ends with it after a slash.

    Raises:
        CommandError: If there is none; names similar ones.
    """
    for known, path in tools.items():
        if f'/{known}'.endswith(f'/{name}'):
            return path
    similar = get_close_matches(name, [path.stem for path in tools.values()], n=3)
    hint = f'; did you mean {" or ".join(dict.fromkeys(similar))}' if similar else ''
    raise CommandError(f'there is no tool {name}{hint}; "monfap tool" lists all')


def describe(tools: dict[str, Path]) -> str:
    """A line for each tool: its name and, if it says so, what it does."""
    width = max(map(len, tools)) + 2
    lines = [f'tools of monfap_mm {__version__} and, with mmseg/, of MMSegmentation; the last part of a name is enough']
    for name, path in tools.items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
        about = '' if name.startswith(MMSEG) else text.partition('\n')[0]
        lines.append(f'  {name:{width}}{about}'.rstrip())
    return '\n'.join(lines)

"""``monfap merge``: the answers of all shards in one file, one table and one report."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ..jobs.errors import JobError
from ..jobs.folder_lock import only_writer
from ..jobs.line_log import whole_lines
from ..jobs.shards import Shard, find_shards
from ..utils.atomic_write import atomic_write, written_aside
from ..utils.printable import printable
from .exit_codes import DONE, FAILED
from .inputs import Inputs, identity
from .predictions_file import NAME, SETTINGS_NAME, read_predictions, to_line
from .shard_files import MERGED, Finished, read_finished, refuse_whole_run
from .summary import to_text
from .summary_files import write_summary_files

_SHOWN = 5


def run(args: argparse.Namespace) -> int:
    """Merge.

    Returns:
        The exit code.
    """
    with ExitStack() as stack:
        folders = find_shards(args.folder)
        refuse_whole_run(args.folder)
        for folder in (args.folder, *folders.values()):
            stack.enter_context(only_writer(folder))
        finished = _all_finished(folders)
        settings = _same_settings(folders)
        with written_aside(args.folder / NAME) as temporary, open(temporary, 'w', encoding='utf-8') as file:
            file.writelines(map(to_line, _sorted_answers(args.folder, folders)))
        atomic_write(args.folder / SETTINGS_NAME, json.dumps(settings | {MERGED: len(folders)}, indent=2) + '\n')
        rows = write_summary_files(args.folder, finished[0].about, settings | {MERGED: len(folders)})
        print(to_text(rows))
        missing = _unanswered(args.folder, args.paths) if args.paths else []
    for path in missing[:_SHOWN]:
        print(f'monfap merge: no answer for {printable(path)}', file=sys.stderr)
    if len(missing) > _SHOWN:
        print(f'monfap merge: and for {len(missing) - _SHOWN} more', file=sys.stderr)
    return FAILED if missing else DONE


def _all_finished(folders: dict[Shard, Path]) -> list[Finished]:
    found = {shard: read_finished(folder) for shard, folder in folders.items()}
    done = {shard: finished for shard, finished in found.items() if finished is not None}
    unfinished = [str(shard) for shard in found if shard not in done]
    if unfinished:
        raise JobError(f'not finished, so run again with --resume: shards {", ".join(unfinished)}')
    listed = {str(shard): finished.listed for shard, finished in done.items()}
    if len({*listed.values(), sum(finished.files for finished in done.values())}) > 1:
        saw = ', '.join(f'{shard} saw {count}' for shard, count in listed.items())
        raise JobError(f'the shards saw different files, so run them again with --resume: {saw} in all')
    return list(done.values())


def _same_settings(folders: dict[Shard, Path]) -> dict:
    first: dict = {}
    for shard, folder in folders.items():
        try:
            settings = json.loads((folder / SETTINGS_NAME).read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise JobError(f'{folder / SETTINGS_NAME} is missing or damaged: run this shard again ({error})') from error
        first = first or settings
        differing = [key for key in {**first, **settings} if first.get(key) != settings.get(key)]
        if differing:
            changes = '; '.join(f'{key}: {first.get(key)!r} and {settings.get(key)!r}' for key in differing)
            raise JobError(f'shard {shard} was made with other settings than the first one ({changes})')
    return first


def _sorted_answers(whole: Path, folders: dict[Shard, Path]) -> Iterator[dict]:
    """The answers by path, with their files as seen from the whole; only paths and places are kept of all."""
    places = []
    for number, folder in enumerate(folders.values()):
        offset = 0
        for line in whole_lines(folder / NAME):
            places.append((json.loads(line)['path'], number, offset))
            offset += len(line)
    places.sort()
    with ExitStack() as stack:
        files = [stack.enter_context((folder / NAME).open('rb')) for folder in folders.values()]
        prefixes = [folder.relative_to(whole).as_posix() for folder in folders.values()]
        for _, number, offset in places:
            files[number].seek(offset)
            answer = json.loads(files[number].readline())
            answer['files'] = {kind: f'{prefixes[number]}/{name}' for kind, name in answer['files'].items()}
            yield answer


def _unanswered(folder: Path, paths: list[str]) -> list[str]:
    known: dict[str, str] = {}
    answered = {identity(answer['path'], known): None for answer in read_predictions(folder / NAME)}
    return list(Inputs(paths, folder, answered))

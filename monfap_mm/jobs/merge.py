"""The shards of a set put together: the same bytes as if one run had made it."""

import heapq
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ..utils.atomic_write import remove_leftovers, written_aside
from .errors import JobError, JobStoppedError
from .folder_lock import only_writer
from .job import MANIFEST, Summary, explain_os_errors, finish_set
from .line_log import whole_lines
from .manifest import Manifest
from .output_files import PARTIAL
from .plan import Plan, read_plan
from .shards import FOLDER, find_shards

_SHOWN = 5


def merge_shards(dst: str | Path, *, max_bad: float = 0.01) -> Summary:
    """Put the shards of a set together, which ``run_job(..., shard=...)`` has made.

    Files are moved, not copied. Stopped at any moment and started again, it goes on; the shards are gone when the set
    is whole.

    Args:
        dst: Folder of the set, with the shards in it.
        max_bad: Largest share of bad items, 0 to 1; with more, no list is written.

    Returns:
        What the set is made of.

    Raises:
        JobError: If a shard is missing, unfinished, at work, or made with other settings or of another source.
        JobStoppedError: If this machine cannot go on.
    """
    dst = Path(dst)
    with ExitStack() as stack:
        with explain_os_errors(dst, JobError):
            folders = find_shards(dst)
            for folder in (dst, *folders.values()):
                stack.enter_context(only_writer(folder))
        plans = {folder: read_plan(folder, shard) for shard, folder in folders.items()}
        settings = _settings(next(iter(plans)))
        manifests = {folder: stack.enter_context(Manifest(folder / MANIFEST, settings)) for folder in plans}
        _refuse_unfinished(plans, manifests)
        with explain_os_errors(dst, JobStoppedError):
            summary = _merge(dst, plans, manifests, settings, max_bad)
    shutil.rmtree(dst / PARTIAL, ignore_errors=True)
    return summary


def _settings(folder: Path) -> dict:
    try:
        return json.loads(next(whole_lines(folder / MANIFEST)))['settings']
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise JobError(f'{folder / MANIFEST} is missing or damaged: start that shard again.') from error


def _refuse_unfinished(plans: dict[Path, Plan], manifests: dict[Path, Manifest]) -> None:
    for folder, plan in plans.items():
        done = set(manifests[folder].keys)
        missing = [key for _, key, _ in plan.items if key not in done]
        if missing:
            names = ', '.join(map(repr, missing[:_SHOWN])) + (', ...' if len(missing) > _SHOWN else '')
            raise JobError(f'Shard {plan.shard} lacks {len(missing)} of {len(plan.items)} {plan.unit}: {names}.')
    places = sorted(place for plan in plans.values() for place, _, _ in plan.items)
    if places != list(range(max(plan.total for plan in plans.values()))):
        raise JobError('The shards were made of different sources: start those again that saw the wrong one.')


def _merge(
    dst: Path, plans: dict[Path, Plan], manifests: dict[Path, Manifest], settings: dict, max_bad: float
) -> Summary:
    """Files, then manifest, then lists; the shards go last, all at once."""
    remove_leftovers(dst)
    shutil.rmtree(dst / PARTIAL, ignore_errors=True)
    (dst / PARTIAL).mkdir()
    items = [item for plan in plans.values() for item in plan.items]
    keys, bad = [key for _, key, _ in sorted(items)], 0
    with written_aside(dst / MANIFEST) as draft, draft.open('w', encoding='utf-8', newline='\n') as file:
        file.write(json.dumps({'settings': settings}) + '\n')
        for _, folder, record in heapq.merge(*(_placed(folder, plans[folder], manifests[folder]) for folder in plans)):
            bad += 'bad' in record
            for entry in record.get('entries', ()):
                _move(folder, dst, entry['image'])
                _move(folder, dst, entry['mask'])
            file.write(json.dumps(record) + '\n')
    with Manifest(dst / MANIFEST, settings) as manifest:
        summary = Summary(len(keys), unit=next(iter(plans.values())).unit)
        summary.too_many_bad = bad > max_bad * len(keys)
        finish_set(dst, manifest, keys, {key for _, key, listed in items if not listed}, summary)
    (dst / PARTIAL).mkdir()
    os.replace(dst / FOLDER, dst / PARTIAL / FOLDER)
    return summary


def _placed(folder: Path, plan: Plan, manifest: Manifest) -> Iterator[tuple[int, Path, dict]]:
    records = manifest.records(key for _, key, _ in plan.items)
    for (place, _, _), record in zip(plan.items, records, strict=True):
        yield place, folder, record


def _move(source: Path, dst: Path, name: str | None) -> None:
    """Move a file, unless a merge that was stopped has moved it already."""
    if name is None:
        return
    old, new = source / name, dst / name
    if os.path.lexists(old):
        new.parent.mkdir(parents=True, exist_ok=True)
        os.replace(old, new)
    elif not os.path.lexists(new):
        raise JobError(f'{old} is missing: delete {source}, and start that shard again.')

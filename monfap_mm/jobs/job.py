"""The core of every converter: tasks in; files, manifest, lists and a summary out. Stopped, it goes on where it was."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..media.paths import safe_name
from ..utils.atomic_write import remove_leftovers, written_aside
from .errors import JobError, JobStoppedError
from .folder_lock import LOCK, only_writer
from .manifest import Manifest
from .output_files import PARTIAL
from .plan import Plan
from .progress import ProgressReport
from .shards import Shard
from .workers import Failure, map_in_order

MANIFEST = 'manifest.jsonl'
LIST_HEADER = '# image\tlabel (0 real, 1 fake)\tmask\n'
_MAX_REASONS = 10


@dataclass(frozen=True)
class Task:
    """One item of the source: an image, a video.

    Attributes:
        key: Unique, and the same in every run; it names the item in the manifest.
        args: What the work needs; must pickle.
    """

    key: str
    args: Any


@dataclass(frozen=True)
class Entry:
    """A sample of the set.

    Attributes:
        image: Path of the image, relative to the set's folder, as :func:`safe_name` makes it.
        label: 0 real, 1 fake.
        split: Name of its list: ``train``, ``val``, ``test``, ``test_tiktok``.
        mask: Path of the mask; None for a real image, and a fake one whose mask nobody knows.
        info: Anything else worth knowing, ready for JSON. ``sources`` lists what the sample was made from: samples that
            share a source belong in one split. ``faces`` is the number of faces.
    """

    image: str
    label: int
    split: str
    mask: str | None = None
    info: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        entries: The samples; may be none.
        counts: What the summary should add up, for instance ``{'frames with an empty mask': 2}``.
    """

    entries: Sequence[Entry] = ()
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Summary:
    """What a job did.

    Attributes:
        total: Number of tasks.
        samples: Number of samples by (split, label).
        counts: The sums of the outcomes' counts.
        bad: Number of bad items.
        reasons: The first ten bad items as pairs of key and reason; the manifest has all.
        too_many_bad: Whether the job gave up because of them.
        resumed: Number of items that an earlier run had done.
        rate: Items per second, in this run.
        unit: What an item is, in the plural.
    """

    total: int
    samples: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)
    bad: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    too_many_bad: bool = False
    resumed: int = 0
    rate: float = 0.0
    unit: str = 'images'

    def add(self, record: dict, listed: bool) -> None:
        """Add a record of the manifest, whose samples are listed or left out by hand."""
        if 'bad' in record:
            self.bad += 1
            self.reasons += [(record['key'], record['bad'])] * (len(self.reasons) < _MAX_REASONS)
            return
        self.counts.update(record['counts'])
        if listed:
            self.samples.update((entry['split'], entry['label']) for entry in record['entries'])
        elif record['entries']:
            self.counts['samples left out by hand'] += len(record['entries'])

    def format(self) -> str:
        """The summary as a table and a few lines."""
        splits = sorted({split for split, _ in self.samples}, key=_split_order)
        rows = [(split, self.samples[split, 0], self.samples[split, 1]) for split in splits]
        rows.append(('all', sum(row[1] for row in rows), sum(row[2] for row in rows)))
        width = max(len(row[0]) for row in rows)
        lines = [f'{"list":<{width}}  {"real":>8}  {"fake":>8}  {"images":>8}']
        lines += [f'{name:<{width}}  {real:8}  {fake:8}  {real + fake:8}' for name, real, fake in rows]
        lines += [f'{name}: {count}' for name, count in sorted(self.counts.items())]
        done = f'{self.total} {self.unit}, {self.bad} bad'
        done += f', {self.rate:.1f} per second' if self.rate else ''
        lines.append(done + (f', {self.resumed} done before' if self.resumed else ''))
        lines += [f'  bad: {safe_name(key)}: {reason}' for key, reason in self.reasons]
        if self.bad > len(self.reasons):
            lines.append(f'  and {self.bad - len(self.reasons)} more: see "bad" in {MANIFEST}')
        return '\n'.join(lines)


def _split_order(split: str) -> tuple[int, str]:
    first = ('train', 'val', 'test')
    return (first.index(split) if split in first else len(first), split)


def run_job(
    tasks: Sequence[Task],
    work: Callable[[Task, Path], Outcome],
    dst: str | Path,
    *,
    settings: dict,
    workers: int | None = None,
    max_bad: float = 0.01,
    unit: str = 'images',
    unlisted: Collection[str] = frozenset(),
    shard: Shard | None = None,
) -> Summary:
    """Make a set, or go on with one.

    Every finished task adds a line to ``manifest.jsonl``; at the end it is put in the order of the tasks, and the lists
    are written from it, unless the job gave up. Stopped at any moment and started again, with any number of workers,
    the job writes the same bytes. Items that were bad are tried again at the next start.

    Args:
        tasks: The source items.
        work: Makes the files of a task below the folder (only with :func:`write_file` and its like) and tells of them.
            What it writes must depend on the task and the settings alone. It must pickle, and raises
            :class:`BadInput` for a broken item.
        dst: Folder of the set.
        settings: Everything that what is written depends on, ready for JSON.
        workers: Number of processes; default: one per core.
        max_bad: Largest share of bad items, 0 to 1; the job gives up as soon as there are more.
        unit: What an item is, in the plural.
        unlisted: Keys of tasks whose samples stay out of the lists; may change from run to run.
        shard: Make this part alone, as a set of its own in :meth:`Shard.folder`, for ``merge.merge_shards``.

    Raises:
        JobError: If the folder holds something else, cannot be written, or another run is at work in it.
        JobStoppedError: If this machine cannot go on, for want of space; the job can go on later.
        KeyboardInterrupt: At Ctrl-C; the manifest is in order, and the job can go on later.
    """
    dst, keys = Path(dst), [task.key for task in tasks]
    if len(set(keys)) < len(keys):
        twice = next(key for key, count in Counter(keys).items() if count > 1)
        raise JobError(f'The source has two items called {twice!r}.')
    # Of the whole, in a part too: a part of ten items would give up at the first bad one.
    allowed = max_bad * len(keys)
    if shard:
        if (dst / MANIFEST).exists():
            raise JobError(f'{dst} holds a whole set already: choose another folder for its shards.')
        plan = Plan.of(shard, keys, unlisted, unit)
        dst, keys = shard.folder(dst), [key for _, key, _ in plan.items]
        tasks = [tasks[place] for place, _, _ in plan.items]
    with _open_set(dst, settings) as manifest:
        _refuse_other_source(manifest, keys)
        if shard:
            plan.write(dst)
        todo = [task for task in tasks if not manifest.is_done(task.key)]
        summary = Summary(len(keys), resumed=len(keys) - len(todo), unit=unit)
        bad = 0
        # Closed before the lists are written: no worker is left that could still write.
        results = closing(map_in_order(partial(_call, work, dst), todo, workers or os.cpu_count() or 1))
        with ProgressReport(summary.resumed, len(keys), unit) as progress, results as pairs:
            for task, result in pairs:
                manifest.append({'key': task.key, **_describe(result)})
                bad += isinstance(result, Failure)
                progress.step(isinstance(result, Failure))
                if bad > allowed:
                    summary.too_many_bad = True
                    break
            summary.rate = progress.rate
        finish_set(dst, manifest, keys, unlisted, summary)
    return summary


def _call(work: Callable[[Task, Path], Outcome], dst: Path, task: Task) -> Outcome:
    return work(task, dst)


def _describe(result: Outcome | Failure) -> dict:
    return {'bad': result.reason} if isinstance(result, Failure) else asdict(result)


@contextmanager
def _open_set(dst: Path, settings: dict) -> Iterator[Manifest]:
    """The manifest of a folder that no other run writes to meanwhile."""
    path = dst / MANIFEST
    with ExitStack() as stack:
        with explain_os_errors(dst, JobError):
            dst.mkdir(parents=True, exist_ok=True)
            stack.enter_context(only_writer(dst))
            if not path.exists() and any(entry.name != LOCK for entry in dst.iterdir()):
                raise JobError(f'{dst} holds other files: choose an empty or a new folder.')
            manifest = stack.enter_context(Manifest(path, settings))
            remove_leftovers(dst)
            shutil.rmtree(dst / PARTIAL, ignore_errors=True)
            (dst / PARTIAL).mkdir()
        yield manifest


def _refuse_other_source(manifest: Manifest, keys: list[str]) -> None:
    known = set(keys)
    gone = [key for key in manifest.keys if key not in known]
    if gone:
        raise JobError(
            f'{manifest.path} has {len(gone)} items that the source has not, the first is {gone[0]!r}. Is it another '
            'source? Choose another folder, or delete this one.'
        )


def finish_set(dst: Path, manifest: Manifest, keys: list[str], unlisted: Collection[str], summary: Summary) -> None:
    """Write the lists and, last, the sorted manifest: until then, a killed run is seen to be unfinished.

    A list has all samples or is not written: one of a part would be trained on, or tested with, as if it were whole.
    Lists of an earlier run, which was whole, are left as they are by one that gives up.
    """
    drafts = dst / PARTIAL
    with explain_os_errors(dst, JobStoppedError):
        with ExitStack() as stack:
            lists = {}
            for record in manifest.records(keys):
                listed = record['key'] not in unlisted
                summary.add(record, listed)
                for entry in () if summary.too_many_bad else record.get('entries', ()):
                    # Opened even if nothing gets into it, so that a list of an earlier run is never left.
                    name = f'{entry["split"]}.txt'
                    if name not in lists:
                        lists[name] = stack.enter_context((drafts / name).open('w', encoding='utf-8', newline='\n'))
                        lists[name].write(LIST_HEADER)
                    if listed:
                        lists[name].write(_list_line(entry))
        for name in lists:
            os.replace(drafts / name, dst / name)
        shutil.rmtree(drafts)
        with written_aside(manifest.path) as draft:
            manifest.write_sorted(draft, keys)


def _list_line(entry: dict) -> str:
    return '\t'.join([entry['image'], str(entry['label']), *([entry['mask']] if entry['mask'] else [])]) + '\n'


@contextmanager
def explain_os_errors(dst: Path, kind: type[JobError]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise kind(f'Cannot write to {dst}: {error.strerror or error}') from error

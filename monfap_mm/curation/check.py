"""Is a set fit to train on? Every image and mask of its lists, duplicates, sources, and what the set is made of."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from monfap_mm.datasets import ForgeryDataset

from ..jobs.workers import Failure, map_in_order
from ..media.masks import DEFAULT_MASK_VALUES, WHOLE_BORDER
from .check_manifest import Origin, read_origins
from .check_samples import Facts, Sample, inspect
from .duplicates import Duplicates

BAD_LIST = 'list that cannot be read'
CRASHED = 'sample that broke the check'
IMAGE_ACROSS = 'image file in two splits'
BOTH_LABELS = 'image file with both labels'
SOURCE_ACROSS = 'source in two splits'
IMAGE_WITHIN = 'image file twice in a split'
ALIKE_ACROSS = 'images that look alike in two splits'
INVERTED = 'list of which most masks seem to be inverted'
ONE_LABEL = 'list with one label only'
NO_MANIFEST = 'list without a manifest of a converter: its sources are unknown'
_SHOWN = 5
_SPLITS = ('train', 'val', 'test')


@dataclass
class ListStatistics:
    """What a list is made of.

    Attributes:
        labels: Number of images by label.
        faces: Number of images by number of faces, where the manifest knows it.
        regions: Number of fakes by number of connected manipulated regions.
        areas: Manipulated share of each fake, 0 to 1.
        without_mask: Number of fakes without a mask.
    """

    labels: Counter = field(default_factory=Counter)
    faces: Counter = field(default_factory=Counter)
    regions: Counter = field(default_factory=Counter)
    areas: array = field(default_factory=lambda: array('f'))
    without_mask: int = 0

    def add(self, sample: Sample, facts: Facts, faces: int | None) -> None:
        """Count a sample."""
        self.labels[sample.label] += 1
        if faces is not None:
            self.faces[faces] += 1
        self.without_mask += bool(sample.label and sample.mask is None)
        if sample.label and facts.area is not None:
            self.regions[facts.regions] += 1
            self.areas.append(facts.area)

    def deciles(self) -> list[float]:
        """Least, 10%, ..., 90%, largest manipulated share; empty without fakes."""
        return np.percentile(self.areas, range(0, 101, 10)).tolist() if self.areas else []

    def describe(self) -> dict:
        """The statistics, ready for JSON."""
        return {
            'images': self.labels.total(),
            'real': self.labels[0],
            'fake': self.labels[1],
            'fake_without_mask': self.without_mask,
            'faces': dict(sorted(self.faces.items())),
            'regions_of_fakes': dict(sorted(self.regions.items())),
            'manipulated_area_deciles': [round(share, 6) for share in self.deciles()],
        }


@dataclass
class CheckReport:
    """What a check found.

    Attributes:
        lists: Statistics by list.
        problems: Details by kind; any makes the set unfit.
        notes: The same for what is worth knowing but does no harm.
    """

    lists: dict[str, ListStatistics] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def fit(self) -> bool:
        """Whether the set is fit to train on."""
        return not self.problems

    def describe(self) -> dict:
        """The report, ready for JSON."""
        lists = {name: statistics.describe() for name, statistics in self.lists.items()}
        return {'fit': self.fit, 'lists': lists, 'problems': self.problems, 'notes': self.notes}

    def format(self, table_1: Mapping[str, int] | None = None) -> str:
        """The report as text.

        Args:
            table_1: The paper's number of images by split, to stand beside ours.
        """
        lines = [*_count_table(self.lists, table_1 or {}), '', *_area_table(self.lists)]
        for title, found in (('problem', self.problems), ('note', self.notes)):
            for kind, details in found.items():
                lines += ['', f'{title}: {kind}: {len(details)}', *(f'  {detail}' for detail in details[:_SHOWN])]
                lines += ['  ...'] * (len(details) > _SHOWN)
        return '\n'.join([*lines, '', 'fit to train on' if self.fit else 'NOT fit to train on'])


def _count_table(lists: Mapping[str, ListStatistics], table_1: Mapping[str, int]) -> Iterator[str]:
    width = max(map(len, [*lists, 'list']))
    head = 'Table I' if table_1 else ''
    yield f'{"list":<{width}}  {"real":>8}{"fake":>8}{"images":>8}{head:>9}{"faces":>8}{"regions":>9}'
    for name, statistics in lists.items():
        labels, paper = statistics.labels, table_1.get(group_of(Path(name).stem), '')
        faces, regions = _mean(statistics.faces), _mean(statistics.regions)
        yield f'{name:<{width}}  {labels[0]:8}{labels[1]:8}{labels.total():8}{paper:>9}{faces:>8}{regions:>9}'
    yield 'faces: mean number in an image, by the manifest; regions: mean number of manipulated regions in a fake'


def _mean(counts: Counter) -> str:
    return f'{sum(number * count for number, count in counts.items()) / counts.total():.2f}' if counts else '-'


def _area_table(lists: Mapping[str, ListStatistics]) -> Iterator[str]:
    width = max(map(len, [*lists, 'list']))
    heads = ['least', *(f'{decile}%' for decile in range(10, 100, 10)), 'most']
    yield 'manipulated area of the fakes in % of the image, deciles'
    yield f'{"list":<{width}}  ' + ''.join(f'{head:>7}' for head in heads)
    for name, statistics in lists.items():
        yield f'{name:<{width}}  ' + ''.join(f'{100 * share:7.2f}' for share in statistics.deciles())


def group_of(split: str) -> str:
    """What must share no source with other groups.

    ``test_tiktok`` and ``test_youtube`` are both ``test``, ``ofv2_train`` is ``train``; a name without any of train,
    val and test is a group of its own.
    """
    return next((part for part in re.split(r'[\W_]+', split.lower()) if part in _SPLITS), split)


def read_samples(path: Path, masks: str = 'required') -> list[Sample]:
    """The samples of a list, as they would be trained on; ``masks`` is that of :class:`ForgeryDataset`.

    Raises:
        ValueError: If the list is no text, is empty, or has malformed lines.
    """
    options = dict(check_files=False, pipeline=[], lazy_init=True, masks=masks)
    dataset = ForgeryDataset(ann_file=str(path), data_root='', **options)
    return [
        Sample(path.stem, each['img_path'], each['seg_map_path'], each['gt_label']) for each in dataset.load_data_list()
    ]


def check_lists(
    paths: Iterable[Path],
    workers: int,
    max_pixels: int,
    mask_values: str = DEFAULT_MASK_VALUES,
    masks: str = 'required',
) -> tuple[CheckReport, dict[str, list[Sample]]]:
    """Check lists, one after the other; images and masks are read by several processes.

    Args:
        paths: The lists.
        workers: Number of processes.
        max_pixels: Larger images count as unreadable.
        mask_values: Which values of a mask are fake, a key of :data:`~monfap_mm.media.masks.MASK_VALUES`.
        masks: Whether a fake image must have a mask, ``'required'`` or ``'optional'``.

    Returns:
        The report, and the samples of each list that could be read.
    """
    report, samples = CheckReport(), {}
    for path in paths:
        try:
            samples[str(path)] = read_samples(path, masks)
        except (ValueError, OSError) as error:
            report.problems.setdefault(BAD_LIST, []).append(str(error))
    check = _Check(report)
    inspect_sample = partial(inspect, max_pixels=max_pixels, mask_values=mask_values)
    for name, listed in samples.items():
        check.add_list(name, map_in_order(inspect_sample, listed, workers))
    check.finish()
    return report, samples


class _Check:
    """A check under way: what has to be remembered from one sample to the next."""

    def __init__(self, report: CheckReport) -> None:
        self._report = report
        self._origins: dict[Path, dict[str, Origin] | None] = {}
        self._files, self._labels, self._looks, self._sources = (Duplicates() for _ in range(4))

    def add_list(self, name: str, inspected: Iterable[tuple[Sample, Facts | Failure]]) -> None:
        """Take in every sample of a list, with what was found out about it."""
        statistics = self._report.lists[name] = ListStatistics()
        folder = Path(name).parent
        if folder not in self._origins:
            self._origins[folder] = read_origins(folder)
        origins = self._origins[folder]
        if origins is None:
            self._report.notes.setdefault(NO_MANIFEST, []).append(name)
        inverted = 0
        for sample, facts in inspected:
            if isinstance(facts, Failure):
                facts = Facts(((CRASHED, f'{sample.image}: {facts.reason}'),))
            origin = (origins or {}).get(sample.image, Origin())
            statistics.add(sample, facts, origin.faces)
            self._remember(sample, facts, origin)
            inverted += any(kind == WHOLE_BORDER for kind, _ in facts.notes)
        masked = statistics.labels[1] - statistics.without_mask
        if 2 * inverted > masked:
            self._report.problems.setdefault(INVERTED, []).append(f'{name}: {inverted} of {masked}')
        if len(statistics.labels) == 1:
            self._report.notes.setdefault(ONE_LABEL, []).append(name)

    def _remember(self, sample: Sample, facts: Facts, origin: Origin) -> None:
        for kind, detail in facts.problems:
            self._report.problems.setdefault(kind, []).append(detail)
        for kind, detail in facts.notes:
            self._report.notes.setdefault(kind, []).append(detail)
        group = group_of(sample.split)
        if facts.digest is not None:
            self._files.add(facts.digest, group, sample.image)
            self._labels.add(facts.digest, str(sample.label), sample.image)
        if facts.look is not None:
            self._looks.add(facts.look, group, sample.image)
        for source in origin.sources:
            self._sources.add(source, group, f'{source}: {sample.image}')

    def finish(self) -> None:
        """Report what several samples share."""
        copies = set(self._files.across)
        alike = [pair for pair in self._looks.across if pair not in copies]
        for found, kind, pairs in (
            (self._report.problems, IMAGE_ACROSS, self._files.across),
            (self._report.problems, BOTH_LABELS, self._labels.across),
            (self._report.problems, SOURCE_ACROSS, self._sources.across),
            (self._report.notes, IMAGE_WITHIN, self._files.within),
            (self._report.notes, ALIKE_ACROSS, alike),
        ):
            if pairs:
                found[kind] = [f'{first} and {other}' for first, other in pairs]

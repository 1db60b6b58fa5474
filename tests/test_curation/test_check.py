import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monfap_mm.curation import check
from monfap_mm.curation.check_samples import BAD_IMAGE, FAKE_WITHOUT_MASK
from monfap_mm.media.masks import WHOLE_BORDER

from .rendered import take_picture


class SetMaker:
    """Writes a set of small pictures with lists and a manifest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines, self.entries = {}, []
        (root / 'images').mkdir(parents=True)

    def add(self, split, seed, area=0.0, sources=None, faces=2, name=None):
        """Add a picture; its upper part is forged. The same seed gives the same file."""
        name = name or f'images/{split}{seed}_{len(self.entries)}.png'
        cv2.imwrite(str(self.root / name), take_picture(seed, 96)[0])
        line = f'{name}\t{int(area > 0)}'
        if area:
            mask = np.zeros((96, 96), np.uint8)
            mask[: round(96 * area)] = 255
            cv2.imwrite(str(self.root / f'{name}.mask.png'), mask)
            line += f'\t{name}.mask.png'
        self.lines.setdefault(split, []).append(line)
        sources = [f'{split}{seed}'] if sources is None else sources
        self.entries.append({'image': name, 'info': {'sources': sources, 'faces': faces}})
        return name

    def save(self, manifest=True):
        for split, lines in self.lines.items():
            (self.root / f'{split}.txt').write_text('\n'.join(lines) + '\n')
        records = [{'settings': {}}, {'key': 'all', 'entries': self.entries}]
        if manifest:
            (self.root / 'manifest.jsonl').write_text(''.join(json.dumps(record) + '\n' for record in records))
        return [self.root / f'{split}.txt' for split in self.lines]


@pytest.fixture
def made(tmp_path):
    maker = SetMaker(tmp_path / 'set')
    for number in range(4):
        maker.add('train', number, area=0.25 * number)
    maker.add('test', 10, faces=5)
    maker.add('test', 11, area=0.5)
    return maker


def run(paths):
    return check.check_lists(paths, workers=2, max_pixels=10**6)[0]


def test_a_good_set_is_fit_and_counted(made):
    report = run(made.save())
    assert report.fit
    assert report.notes == {}
    train, test = (statistics.describe() for statistics in report.lists.values())
    assert (train['images'], train['real'], train['fake']) == (4, 1, 3)
    assert train['manipulated_area_deciles'][0] == 0.25
    assert train['manipulated_area_deciles'] == pytest.approx(np.percentile([0.25, 0.5, 0.75], range(0, 101, 10)))
    assert train['regions_of_fakes'] == {1: 3}
    assert test['faces'] == {2: 1, 5: 1}
    text = report.format({'train': 1000, 'test': 500})
    row = next(line for line in text.splitlines() if 'train.txt' in line)
    assert row.split()[1:] == ['1', '3', '4', '1000', '2.00', '1.00']
    assert text.endswith('\nfit to train on')


@pytest.mark.parametrize(('inverted', 'fit'), [(1, True), (2, False)])
def test_masks_that_may_be_inverted_are_noted_and_most_of_a_list_are_a_problem(made, inverted, fit):
    """Of the three fakes in train.txt, one or two have the upper part as the only one that is not marked."""
    paths = made.save()
    for line in made.lines['train'][1 : 1 + inverted]:
        mask = np.full((96, 96), 255, np.uint8)
        mask[20:40, 30:50] = 0
        cv2.imwrite(str(made.root / line.split('\t')[2]), mask)
    report = run(paths)
    assert report.fit == fit
    assert list(report.notes) == [WHOLE_BORDER]
    assert len(report.notes[WHOLE_BORDER]) == inverted
    assert report.problems == ({} if fit else {check.INVERTED: [f'{paths[0]}: 2 of 3']})


def test_leaks_between_splits(made):
    same = made.add('test', 0)
    other = made.add('test', 20, sources=['train1', 'test20'])
    report = run(made.save())
    assert not report.fit
    assert [kind for kind in report.problems] == [check.IMAGE_ACROSS, check.SOURCE_ACROSS]
    assert report.problems[check.IMAGE_ACROSS][0].endswith(same)
    assert report.problems[check.SOURCE_ACROSS] == [
        f'train1: {made.root}/images/train1_1.png and train1: {made.root}/{other}'
    ]


def test_lists_of_networks_are_one_split(tmp_path):
    maker = SetMaker(tmp_path / 'set')
    for network in ('untrans', 'tiktok'):
        maker.add(f'test_{network}', 0, sources=['video'])
        maker.add(f'test_{network}', 1, area=0.5, sources=['video'])
    report = run(maker.save())
    assert report.fit
    assert {kind: len(details) for kind, details in report.notes.items()} == {check.IMAGE_WITHIN: 2}
    assert 'test_tiktok' in report.format({'test': 19_794})


@pytest.mark.parametrize(
    ('split', 'group'),
    [
        ('train', 'train'),
        ('test_tiktok', 'test'),
        ('ofv2_train', 'train'),
        ('OFV2-Val', 'val'),
        ('ofv2_trainval', 'ofv2_trainval'),
        ('mine', 'mine'),
    ],
)
def test_groups(split, group):
    assert check.group_of(split) == group


def test_a_leak_between_lists_that_begin_with_the_name_of_a_set(tmp_path):
    maker = SetMaker(tmp_path / 'set')
    for split in ('ofv2_train', 'ofv2_val'):
        maker.add(split, 0, sources=['a'])
        maker.add(split, 1, area=0.5, sources=['b'])
    report = run(maker.save())
    assert {kind: len(details) for kind, details in report.problems.items()} == {
        check.IMAGE_ACROSS: 2,
        check.SOURCE_ACROSS: 2,
    }
    rows = report.format({'train': 1000, 'val': 500}).splitlines()[1:3]
    assert [row.split()[4] for row in rows] == ['1000', '500']


def test_both_labels_and_alike_pictures(made):
    made.add('train', 1)  # the file of a fake, called real
    path = made.root / made.add('val', 30)
    cv2.imwrite(str(made.root / made.add('test', 31)), cv2.imread(str(path)), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    report = run(made.save())
    assert set(report.problems) == {check.BOTH_LABELS}
    assert {kind: len(details) for kind, details in report.notes.items()} == {
        check.IMAGE_WITHIN: 1,
        check.ALIKE_ACROSS: 1,
        check.ONE_LABEL: 1,
    }


def test_broken_samples_and_lists(made):
    paths = made.save()
    with paths[0].open('a') as file:
        file.write('images/none.png\t0\n')
    cv2.imwrite(str(made.root / 'images/train1_1.png.mask.png'), np.zeros((96, 96), np.uint8))
    (made.root / 'val.txt').write_text('images/a.png\t7\n')
    report = run([*paths, made.root / 'val.txt'])
    assert {kind: len(details) for kind, details in report.problems.items()} == {
        check.BAD_LIST: 1,
        FAKE_WITHOUT_MASK: 1,
        BAD_IMAGE: 1,
    }
    assert 'val.txt:1' in report.problems[check.BAD_LIST][0]
    assert list(report.lists) == [str(path) for path in paths]
    assert 'NOT fit' in report.format()


def test_without_a_manifest_it_says_that_sources_are_unknown(made):
    made.add('val', 3, area=0.5, sources=['train0'])
    report = run(made.save(manifest=False))
    assert check.SOURCE_ACROSS not in report.problems
    assert len(report.notes[check.NO_MANIFEST]) == 3
    assert report.notes[check.ONE_LABEL] == [str(made.root / 'val.txt')]
    assert json.loads(json.dumps(report.describe()))['fit'] is False  # the file of train3 is in val

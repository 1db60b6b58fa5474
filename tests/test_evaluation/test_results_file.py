import dataclasses
import os
import pickle

import numpy as np
import pytest

from monfap_mm.evaluation.functional.localization import PixelCounts
from monfap_mm.evaluation.functional.score_histogram import auc as auc_of
from monfap_mm.evaluation.functional.score_histogram import average_precision as average_precision_of
from monfap_mm.evaluation.results_file import (
    PartialResults,
    ResultsFileError,
    read_results,
    remove_stale_parts,
    write_results,
)

from .records import make_record, write_version_1

RECORDS = [make_record(i) for i in range(6)]


def as_json(records):
    return [record.to_json() for record in records]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'results.jsonl')


def test_round_trip_in_the_order_of_the_dataset(path):
    write_results(path, RECORDS[::-1])
    records, warnings = read_results(path)
    assert as_json(records) == as_json(RECORDS)
    assert warnings == []


def test_a_path_that_is_no_unicode_is_kept(path):
    record = dataclasses.replace(RECORDS[0], img_path=os.fsdecode(b'caf\xe9.png'), mask_path='\u4e2d.png')
    write_results(path, [record])
    assert as_json(read_results(path)[0]) == as_json([record])


def test_image_twice(path):
    write_results(path, [*RECORDS, RECORDS[2]])
    assert as_json(read_results(path)[0]) == as_json(RECORDS)
    write_results(path, [*RECORDS, make_record(2, separation=3)])
    with pytest.raises(ResultsFileError, match=r'images/2\.png \(sample 2\) is there twice with different values'):
        read_results(path)


def test_file_listed_twice_is_two_images(path):
    write_results(path, [make_record(1), make_record(1, sample_idx=7)])
    assert len(read_results(path)[0]) == 2


@pytest.mark.parametrize('cut', [1, 40])
def test_torn_last_line(tmp_path, cut):
    path = str(tmp_path / 'results.jsonl')
    write_results(path, RECORDS)
    os.truncate(path, os.path.getsize(path) - cut)
    records, (warning,) = read_results(path)
    assert as_json(records) == as_json(RECORDS[:-1])
    assert warning == f'{path}, line 7 is cut off, as after a kill: left out'


def test_broken_line_is_named(tmp_path):
    path = tmp_path / 'results.jsonl'
    write_results(str(path), RECORDS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join([*lines[:3], 'what?\n', *lines[4:]]))
    with pytest.raises(ResultsFileError, match=r'results\.jsonl, line 4 is not JSON'):
        read_results(str(path))
    path.write_text(''.join([*lines[:3], lines[3].replace('"score":', '"score":NaN,"was":'), *lines[4:]]))
    with pytest.raises(ResultsFileError, match=r'line 4 \(images/2\.png\): expected an object with the keys'):
        read_results(str(path))
    score = f'"score":{RECORDS[2].score!r}'
    path.write_text(''.join([*lines[:3], lines[3].replace(score, '"score":NaN'), *lines[4:]]))
    with pytest.raises(ResultsFileError, match=r'line 4 \(images/2\.png\): its P\(fake\) is nan'):
        read_results(str(path))


def test_parts_put_together(tmp_path):
    """As ``cat results.jsonl.part*`` does, when one of two processes has no image."""
    for rank, records in enumerate((RECORDS[:2], [], RECORDS[2:])):
        part = PartialResults(str(tmp_path / 'results.jsonl'), rank)
        for record in records:
            part.append(record)
    parts = sorted(tmp_path.glob('*.part*'))
    assert [part.name for part in parts] == ['results.jsonl.part0', 'results.jsonl.part2']
    whole = tmp_path / 'whole.jsonl'
    whole.write_bytes(b''.join(part.read_bytes() for part in parts))
    assert as_json(read_results(str(whole))[0]) == as_json(RECORDS)


@pytest.mark.parametrize('left', [60, -40, -1])
def test_parts_put_together_after_one_was_cut_off(tmp_path, left):
    """Cut in the header, in the last line, and just before its line break."""
    for rank, records in enumerate((RECORDS[:2], RECORDS[2:])):
        write_results(str(tmp_path / f'{rank}.jsonl'), records)
    first, second = ((tmp_path / f'{rank}.jsonl').read_bytes() for rank in range(2))
    whole = tmp_path / 'whole.jsonl'
    whole.write_bytes(first[:left] + second)
    records, (warning,) = read_results(str(whole))
    number, kept = (1, 0) if left > 0 else (3, 1)
    assert as_json(records) == as_json([*RECORDS[:kept], *RECORDS[2:]])
    assert warning == f'{whole}, line {number} is cut off, as after a kill: left out'


def test_stale_parts(tmp_path):
    stay = [
        'r[1].jsonl',
        'r[1].jsonl.part0',
        'r[1].jsonl.part1',
        'r[1].jsonl.partial',
        'r1.jsonl.part2',
        'r.jsonl.part2',
    ]
    for name in (*stay, 'r[1].jsonl.part2', 'r[1].jsonl.part10'):
        (tmp_path / name).touch()
    remove_stale_parts(str(tmp_path / 'r[1].jsonl'), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


def test_part_of_an_earlier_run_is_not_mixed_in(tmp_path):
    for records in (RECORDS[:4], RECORDS[4:]):
        part = PartialResults(str(tmp_path / 'results.jsonl'), 0)
        for record in records:
            part.append(record)
    assert as_json(read_results(str(part.path))[0]) == as_json(RECORDS[4:])
    part.remove()
    assert not part.path.exists()


class Danger:
    def __reduce__(self):
        return os.mkdir, ('executed',)


@pytest.mark.parametrize('ending', ['jsonl', 'pkl'])
@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{}\n',
        b'{"format": "other"}\n',
        b'\xff\xd8\xff\xe0 a picture \n\n',
        pickle.dumps(Danger()),
        pickle.dumps([1]),
    ],
)
def test_other_files(ending, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f'results.{ending}'
    path.write_bytes(content)
    with pytest.raises(ResultsFileError, match=rf'results\.{ending}'):
        read_results(str(path))
    assert not (tmp_path / 'executed').exists()


def test_pickle_that_would_run_code_says_so(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps(Danger()))
    with pytest.raises(ResultsFileError, match=r'it holds an object of posix\.mkdir, not only numbers and text'):
        read_results(str(path))


def test_other_version(tmp_path):
    path = tmp_path / 'results.jsonl'
    write_results(str(path), RECORDS)
    path.write_text(path.read_text().replace('"bins":512', '"bins":256', 1))
    with pytest.raises(ResultsFileError, match='of another version of the package: bins 256, expected 512'):
        read_results(str(path))
    path.write_text(path.read_text().replace('"version":2', '"version":3', 1))
    with pytest.raises(ResultsFileError, match='of another version of the package: version 3, expected 2'):
        read_results(str(path))
    write_version_1(path, RECORDS)
    path.write_text(path.read_text().replace('"bins_per_unit_of_logit":8', '"bins_per_unit_of_logit":4', 1))
    with pytest.raises(ResultsFileError, match='version of the package: bins_per_unit_of_logit 4, expected 8'):
        read_results(str(path))


@pytest.mark.parametrize('ending', ['jsonl', 'pkl'])
def test_version_1_is_read_and_says_what_its_bins_cost(tmp_path, ending):
    path = tmp_path / f'results.{ending}'
    write_version_1(path, RECORDS)
    records, (warning,) = read_results(str(path))
    assert as_json(records) == [record.to_json() | dict(ranking=None) for record in RECORDS]
    fakes = np.array([record.histogram for record in RECORDS if record.label])
    auc, average_precision = (100 * figure(fakes)[1].mean() for figure in (auc_of, average_precision_of))
    assert 0.1 < auc < average_precision < 10
    assert warning == (
        f'{path} is of version 1, whose 256 bins of P(fake) end at logits of -15.875 and 15.875: per_image AUC is '
        f'within {auc:.2g} and AP within {average_precision:.2g} points, on the mean of {len(fakes)} fake images. '
        'A new test gives exact ones'
    )


def test_version_1_without_fake_pixels_has_nothing_to_say(tmp_path):
    path = tmp_path / 'results.jsonl'
    write_version_1(path, [make_record(1, label=0), make_record(2, label=1, histogram=None)])
    assert read_results(str(path))[1] == []


def test_version_1_whose_rankings_are_undefined_has_no_bound(tmp_path):
    path = tmp_path / 'results.jsonl'
    all_fake = np.zeros_like(RECORDS[1].histogram)
    all_fake[1, 200] = 50
    write_version_1(path, [make_record(1, label=1, histogram=all_fake, pixels=PixelCounts(0, 0, 50, 0))])
    (warning,) = read_results(str(path))[1]
    assert 'per_image AUC is within 0 and AP within 0 points, on the mean of 1 fake images' in warning


def test_parts_of_both_versions_put_together(tmp_path):
    write_version_1(tmp_path / 'old.jsonl', RECORDS[:2])
    write_results(str(tmp_path / 'new.jsonl'), RECORDS[2:])
    whole = tmp_path / 'whole.jsonl'
    whole.write_bytes((tmp_path / 'old.jsonl').read_bytes() + (tmp_path / 'new.jsonl').read_bytes())
    records, _ = read_results(str(whole))
    assert [record.ranking is None for record in records[2:]] == [record.label == 0 for record in RECORDS[2:]]
    assert [record.identity for record in records] == [record.identity for record in RECORDS]


def test_missing_file_and_full_disk(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        read_results(str(tmp_path / 'nothing.jsonl'))
    path = str(tmp_path / 'results.jsonl')
    write_results(path, RECORDS[:3])
    monkeypatch.setattr('os.replace', lambda *_: (_ for _ in ()).throw(OSError('no space left')))
    with pytest.raises(OSError, match='no space left'):
        write_results(path, RECORDS)
    assert len(read_results(path)[0]) == 3

from collections import Counter
from functools import partial

import cv2
import numpy as np
import pytest

from monfap_mm.curation import genuine
from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.job import run_job


def detect(image):
    """As many faces as the first pixel says."""
    return np.zeros((image[0, 0, 0], 4))


@pytest.fixture
def source(tmp_path):
    """Images with 0 to 4 faces."""
    for number in range(15):
        path = tmp_path / f'source/{number % 2}/{number:02}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((8, 8, 3), number, np.uint8)
        image[0, 0] = number % 5
        cv2.imwrite(str(path), image)
    return tmp_path / 'source'


def convert(source, dst, **options):
    work = partial(genuine.convert, src=source, detect=detect, seed=0, link='copy', max_pixels=10**6)
    return run_job(genuine.list_tasks(source), work, dst, settings={}, workers=2, **options)


def test_only_images_with_two_faces_or_more_are_kept(source, tmp_path):
    summary = convert(source, tmp_path / 'dst')
    assert sum(summary.samples.values()) == 9
    assert all(label == 0 for _, label in summary.samples)
    assert summary.counts == {'genuine images with fewer than 2 faces, left out': 6}
    kept = {path.stem for path in (tmp_path / 'dst/images').rglob('*.png')}
    assert kept == {f'{number:02}' for number in range(15) if number % 5 >= 2}


def test_shares_are_those_of_table_1():
    drawn = Counter(genuine.choose_split(b'%d' % number, seed=0) for number in range(20_000))
    # OFV2 has 128,550 images; 70,325 are OpenForensics'.
    shares = {'train': 35_340 / 58_225, 'val': 6_676 / 58_225, 'test': 16_209 / 58_225}
    assert {split: count / 20_000 for split, count in drawn.items()} == pytest.approx(shares, abs=0.01)


def test_the_split_depends_on_seed_and_content_alone():
    first = [genuine.choose_split(b'%d' % number, seed=1) for number in range(100)]
    assert first == [genuine.choose_split(b'%d' % number, seed=1) for number in range(100)]
    assert first != [genuine.choose_split(b'%d' % number, seed=2) for number in range(100)]


def test_exclusions_name_paths_files_or_stems(source, tmp_path):
    tasks = genuine.list_tasks(source)
    (tmp_path / 'noise.txt').write_text('# by hand\n1/03.png\n\n04.png\n07\n9/03.png\n')
    keys, unknown = genuine.read_exclusions(tmp_path / 'noise.txt', tasks)
    assert keys == {'genuine/1/03.png', 'genuine/0/04.png', 'genuine/1/07.png'}
    assert unknown == 1
    summary = convert(source, tmp_path / 'dst', unlisted=keys)
    assert sum(summary.samples.values()) == 6
    assert summary.counts['samples left out by hand'] == 3


def test_an_unreadable_exclusion_list(source, tmp_path):
    (tmp_path / 'noise.txt').write_bytes(b'\xff\xfe')
    with pytest.raises(JobError, match=r'noise\.txt'):
        genuine.read_exclusions(tmp_path / 'noise.txt', [])

import hashlib
import json

import cv2
import numpy as np
import pytest

from monfap_mm.forging.postprocess import PostProcess
from monfap_mm.jobs.errors import JobError
from monfap_mm.scenes import DemoSet, dataset, make_sample, make_set

SMALL = DemoSet(seed=3, train=6, val=2, test=4, size=96)


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('demo')
    assert make_set(folder, SMALL, workers=1)
    return folder


def test_workers_do_not_matter(made, tmp_path):
    make_set(tmp_path, SMALL, workers=2)
    assert digests(tmp_path) == digests(made)


def test_a_log_gets_few_lines(tmp_path, capfd):
    """Without a terminal a line in half a minute: this set takes less."""
    make_set(tmp_path, SMALL, workers=2)
    shown = capfd.readouterr()
    assert shown.out == ''
    assert len(shown.err.splitlines()) <= 1


def test_a_picture_that_cannot_be_made_ends_it_without_lists(monkeypatch, tmp_path):
    def make(seed, split, index, size):
        if (split, index) == ('val', 1):
            raise ValueError('no room')
        return make_sample(seed, split, index, size)

    monkeypatch.setattr(dataset, 'make_sample', make)
    with pytest.raises(JobError, match='picture 1 of val could not be made: ValueError: no room'):
        make_set(tmp_path, SMALL, workers=2)
    assert not list(tmp_path.glob('*.txt'))
    assert not (tmp_path / 'config.json').exists()
    monkeypatch.undo()
    assert make_set(tmp_path, SMALL, workers=2)  # the same command makes it whole


def test_list_format_and_files(made):
    for split, count in (('train', 6), ('val', 2), ('test', 4)):
        rows = [line.split('\t') for line in (made / f'{split}.txt').read_text().splitlines() if line[0] != '#']
        assert len(rows) == count
        assert [row[1] for row in rows] == ['0', '1'] * (count // 2)
        for row in rows:
            image = cv2.imread(str(made / row[0]))
            assert image.shape == (96, 96, 3)
            assert len(row) == (3 if row[1] == '1' else 2)
            if row[1] == '1':
                mask = cv2.imread(str(made / row[2]), cv2.IMREAD_UNCHANGED)
                assert mask.shape == (96, 96)
                assert set(np.unique(mask)) == {0, 255}
    assert len(list((made / 'images').iterdir())) == 12
    assert len(list((made / 'masks').iterdir())) == 6
    assert not list(made.rglob('*.tmp'))


def test_manifest_says_what_was_done(made):
    records = [json.loads(line) for line in (made / 'manifest.jsonl').read_text().splitlines()]
    assert [(record['split'], record['index']) for record in records] == list(SMALL.samples())
    for record in records:
        assert 2 <= len(record['boxes']) <= 6
        assert (len(record['forgeries']) > 0) == (record['label'] == 1) == (record['mask'] is not None)
        for forgery in record['forgeries']:
            assert forgery['box'] == record['boxes'][forgery['face']]


def test_no_picture_twice(made):
    found = digests(made / 'images')
    assert len(set(found.values())) == len(found) == 12
    pictures = [make_sample(0, split, 0, 96).jpeg for split in ('train', 'val', 'test')]
    pictures += [make_sample(1, 'train', 0, 96).jpeg, make_sample(0, 'train', 0, 96).jpeg]
    assert len(set(pictures)) == 4  # only the last one repeats the first


def test_a_made_set_is_kept(made, tmp_path):
    before = digests(made)
    assert make_set(made, SMALL) is False
    assert digests(made) == before
    with pytest.raises(FileExistsError, match="holds another set, made with .*'seed': 3"):
        make_set(made, DemoSet(seed=4, train=6, val=2, test=4, size=96))


@pytest.mark.parametrize(
    ('bad', 'message'),
    [({'size': 32}, 'size is 32'), ({'val': 1}, 'at least two pictures'), ({'seed': -1}, 'seed is -1')],
)
def test_unusable_parameters(bad, message):
    with pytest.raises(ValueError, match=message):
        DemoSet(**bad)


def test_postprocess_resizes_image_and_mask_alike():
    image, mask = np.zeros((120, 120, 3), np.uint8), np.zeros((120, 120), bool)
    image[30:60, 60:90] = 255
    mask[30:60, 60:90] = True
    jpeg, small = PostProcess(size=80, blur=0.0, quality=95).apply(image, mask)
    expected = np.zeros((80, 80), bool)
    expected[20:40, 40:60] = True
    np.testing.assert_array_equal(small, expected)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(decoded > 127, expected)

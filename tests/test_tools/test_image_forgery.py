import pytest

from tests.test_curation.test_image_forgery import write_image, write_mask
from tests.test_curation.trees import hash_tree
from tests.test_tools.converters import convert, convert_here


@pytest.fixture
def coverage(tmp_path):
    for number in range(1, 41):
        write_image(tmp_path / f'src/image/{number}.tif')
        write_image(tmp_path / f'src/image/{number}t.tif')
        write_mask(tmp_path / f'src/mask/{number}forged.tif')
    return tmp_path / 'src'


def test_command(coverage, tmp_path):
    before = hash_tree(coverage)
    done = convert('image_forgery', coverage, 'dst', '--dataset', 'coverage', '--workers', '2', cwd=tmp_path)
    assert 'test        40        40        80' in done.stdout
    assert (tmp_path / 'dst/test.txt').read_text().count('\n') == 81
    assert hash_tree(coverage) == before


def test_a_division_keeps_an_original_and_its_forgery_together(coverage, tmp_path, monkeypatch):
    dst = tmp_path / 'dst'
    options = ('--dataset', 'coverage', '--shares', '60,20,20', '--seed', '3')
    assert convert_here(monkeypatch, 'image_forgery', coverage, dst, *options) == 0
    numbers = {}
    for split in ('train', 'val', 'test'):
        rows = [line.split('\t')[0] for line in (dst / f'{split}.txt').read_text().splitlines()[1:]]
        numbers[split] = {row.removesuffix('.tif').removesuffix('t') for row in rows}
        assert len(rows) == 2 * len(numbers[split])
    assert len(set.union(*numbers.values())) == sum(map(len, numbers.values())) == 40


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('missing', 'dst', '--dataset', 'coverage'), 'there is no folder missing'),
        (('src', 'dst'), '--dataset'),
        (('src', 'dst', '--dataset', 'casia1'), 'holds no image in the layout of casia1'),
        (('src', 'src/dst', '--dataset', 'coverage'), 'must stay as it is'),
        (('src', 'dst', '--dataset', 'coverage', '--shares', '1,2'), 'three numbers such as'),
        (('src', 'dst', '--dataset', 'coverage', '--max-bad', '5'), 'a share from 0 to 1'),
        (('src', 'dst', '--dataset', 'coverage', '--workers', '0'), 'a whole number above 0'),
    ],
)
def test_wrong_use_ends_with_2_and_a_message(coverage, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert convert_here(monkeypatch, 'image_forgery', *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'dst').exists()

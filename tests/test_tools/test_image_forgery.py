import numpy as np
import pytest
from PIL import Image

from tests.test_curation.test_image_forgery import FORGED, write_image, write_mask
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


def test_masks_of_0_and_1_need_an_option_which_is_a_setting(coverage, tmp_path, monkeypatch, capsys):
    for path in (coverage / 'mask').iterdir():
        Image.fromarray(FORGED.astype(np.uint8)).save(path)
    options = (coverage, tmp_path / 'dst', '--dataset', 'coverage', '--max-bad', '0.6')
    assert convert_here(monkeypatch, 'image_forgery', *options) == 1
    assert 'its largest value is 1; see --mask-values' in capsys.readouterr().out
    assert convert_here(monkeypatch, 'image_forgery', *options, '--mask-values', 'nonzero') == 2
    assert 'mask_values' in capsys.readouterr().err
    again = (coverage, tmp_path / 'again', *options[2:], '--mask-values', 'nonzero')
    assert convert_here(monkeypatch, 'image_forgery', *again) == 0
    assert 'all         40        40        80' in capsys.readouterr().out


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
        (('src', 'dst', '--dataset', 'coverage', '--shares', 'inf,1,1'), 'three numbers such as'),
        (('src', 'dst', '--dataset', 'coverage', '--shares', '1,nan,1'), 'three numbers such as'),
        (('src', 'dst', '--dataset', 'coverage', '--shares', '1e308,1e308,0'), 'three numbers such as'),
        (('src', 'dst', '--dataset', 'coverage', '--max-bad', '5'), 'a share from 0 to 1'),
        (('src', 'dst', '--dataset', 'coverage', '--workers', '0'), 'a whole number above 0'),
    ],
)
def test_wrong_use_ends_with_2_and_a_message(coverage, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert convert_here(monkeypatch, 'image_forgery', *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'dst').exists()


def test_another_set_with_images_of_one_label_is_refused(tmp_path, monkeypatch, capsys):
    write_image(tmp_path / 'src/Au_ani_00001.jpg')
    write_image(tmp_path / 'src/Tp_D_CNN_M_N_ani00001_nat00001_10001.tif')
    write_mask(tmp_path / 'src/Tp_D_CNN_M_N_ani00001_nat00001_10001_gt.png')
    assert convert_here(monkeypatch, 'image_forgery', tmp_path / 'src', tmp_path / 'dst', '--dataset', 'casia1') == 2
    assert 'holds no forged image of casia1: is it another --dataset?' in capsys.readouterr().err
    assert convert_here(monkeypatch, 'image_forgery', tmp_path / 'src', tmp_path / 'dst', '--dataset', 'casia2') == 0


def test_a_set_whose_forged_images_are_all_bad_is_not_fit(coverage, tmp_path, monkeypatch, capsys):
    for mask in (coverage / 'mask').iterdir():
        mask.unlink()
    options = ('--dataset', 'coverage', '--max-bad', '1')
    assert convert_here(monkeypatch, 'image_forgery', coverage, tmp_path / 'dst', *options) == 1
    assert 'The set has no fake image.' in capsys.readouterr().err


def test_a_changed_reference_file_of_nist16_is_another_setting(tmp_path, monkeypatch, capsys):
    src, options = tmp_path / 'src', ('--dataset', 'nist16', '--workers', '1')
    for name in ('a', 'b'):
        write_image(src / f'probe/{name}.jpg')
    write_mask(src / 'mask.png', ~FORGED)
    table = src / 'reference/manipulation/NC2016-manipulation-ref.csv'
    table.parent.mkdir(parents=True)
    rows = 'ProbeFileName|ProbeMaskFileName|IsTarget\nprobe/a.jpg|mask.png|Y\nprobe/b.jpg||N\n'
    table.write_text(rows)
    assert convert_here(monkeypatch, 'image_forgery', src, tmp_path / 'dst', *options) == 0
    table.write_text(rows + 'probe/b.jpg||N\n')
    assert convert_here(monkeypatch, 'image_forgery', src, tmp_path / 'dst', *options) == 2
    assert 'made with other settings: NC2016-manipulation-ref.csv (' in capsys.readouterr().err

import json

import cv2
import numpy as np

from monfap_mm.jobs.folder_lock import only_writer
from tests.test_curation.rendered import take_picture
from tests.test_tools.converters import convert, convert_here


def make_list(folder, split, seeds):
    lines = []
    for seed in seeds:
        cv2.imwrite(str(folder / f'{split}{seed}.png'), take_picture(seed, 96)[0])
        cv2.imwrite(str(folder / f'{split}{seed}_mask.png'), np.eye(96, dtype=np.uint8) * 255)
        lines.append(f'{split}{seed}.png\t{seed % 2}' + f'\t{split}{seed}_mask.png' * (seed % 2))
    (folder / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    return folder / f'{split}.txt'


def test_exit_codes_and_files(tmp_path):
    lists = [make_list(tmp_path, 'train', range(4)), make_list(tmp_path, 'test', range(4, 6))]
    done = convert('check', *lists, '--dataset', 'ffiw', '--workers', '2', cwd=tmp_path)
    row = next(line for line in done.stdout.splitlines() if 'train.txt' in line)
    assert row.split()[1:] == ['2', '2', '4', '84612', '-', '1.00']
    out = tmp_path / 'work_dirs/check' / tmp_path.name
    report = json.loads((out / 'report.json').read_text())
    assert report['fit']
    assert report['table_1'] == {'train': 84612, 'val': 4308, 'test': 33252}
    assert cv2.imread(str(out / 'sheet.jpg')).shape[1] == 8 + 2 * 264


def test_masks_of_0_and_1(tmp_path, monkeypatch, capsys):
    path = make_list(tmp_path, 'train', range(4))
    for mask in tmp_path.glob('*_mask.png'):
        cv2.imwrite(str(mask), np.eye(96, dtype=np.uint8))
    options = (path, '--out', tmp_path / 'out', '--workers', '1')
    assert convert_here(monkeypatch, 'check', *options) == 1
    assert 'is 1: see --mask-values' in capsys.readouterr().out
    assert convert_here(monkeypatch, 'check', *options, '--mask-values', 'nonzero') == 0


def test_fakes_without_masks(tmp_path, monkeypatch, capsys):
    """A malformed list unless masks are optional; then they are counted, and the areas are those of the others."""
    path = make_list(tmp_path, 'train', range(6))
    path.write_text(path.read_text().replace('\ttrain3_mask.png', ''))
    options = (path, '--out', tmp_path / 'out', '--workers', '1')
    assert convert_here(monkeypatch, 'check', *options) == 1
    assert 'train.txt:4: fake image without mask: train3.png' in capsys.readouterr().out
    assert convert_here(monkeypatch, 'check', *options, '--masks', 'optional') == 0
    assert 'note: fake image without a mask, which trains the loss of the image alone: 1' in capsys.readouterr().out
    (found,) = json.loads((tmp_path / 'out/report.json').read_text())['lists'].values()
    assert (found['fake'], found['fake_without_mask'], found['regions_of_fakes']) == (3, 1, {'1': 2})
    assert found['manipulated_area_deciles'] == [round(1 / 96, 6)] * 11


def test_two_checks_do_not_write_to_one_folder(tmp_path, monkeypatch, capsys):
    path, out = make_list(tmp_path, 'train', range(4)), tmp_path / 'out'
    out.mkdir()
    with only_writer(out):
        assert convert_here(monkeypatch, 'check', path, '--out', out, '--workers', '1') == 2
    assert f'check: Another run is at work in {out}' in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_unfit_and_unusable(tmp_path, monkeypatch, capsys):
    lists = [make_list(tmp_path, 'train', range(4)), make_list(tmp_path, 'test', range(3, 6))]
    assert convert_here(monkeypatch, 'check', *lists, '--out', tmp_path / 'out', '--workers', '1') == 1
    output = capsys.readouterr().out
    assert 'problem: image file in two splits: 1' in output
    assert 'NOT fit to train on' in output
    assert not json.loads((tmp_path / 'out/report.json').read_text())['fit']
    assert convert_here(monkeypatch, 'check', tmp_path / 'none.txt') == 2
    (tmp_path / 'file').touch()
    assert convert_here(monkeypatch, 'check', *lists, '--out', tmp_path / 'file/out') == 2
    assert 'Cannot write to' in capsys.readouterr().err

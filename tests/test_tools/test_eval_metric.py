"""tools/analysis_tools/eval_metric.py, as a user calls it."""

import json
import math
import os
import runpy
import shutil
import sys

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from monfap_mm.evaluation.results_file import write_results

from ..older_file import OlderFile
from ..test_evaluation.records import make_record, write_version_1
from .conftest import COUNTS, ROOT, tool

COUNT = 60
PAPER = ['ACC', 'AUC', 'F1-f', 'IoU-f']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Results of two models on the same images, of another set, and the images."""
    folder = tmp_path_factory.mktemp('results')
    write_results(str(folder / 'ours.jsonl'), [make_record(i, separation=3) for i in range(COUNT)])
    write_version_1(folder / 'baseline.pkl', [make_record(i, separation=1) for i in range(COUNT)])
    write_results(str(folder / 'other.jsonl'), [make_record(i) for i in range(COUNT, COUNT + 20)])
    for kind in ('images', 'masks', 'predicted'):
        (folder / kind).mkdir()
        for i in range(COUNT):
            cv2.imwrite(str(folder / kind / f'{i}.png'), np.full((32, 40, 3), 4 * i, np.uint8))
    return folder


def evaluate(folder, *arguments, check=True):
    return tool('analysis_tools/eval_metric.py', *arguments, cwd=folder, check=check)


def test_figures_with_intervals_differences_and_curves(folder):
    options = ('--bootstrap', '100', '--json', 'new/figures.json', '--plots', 'curves')
    older = [OlderFile(folder / name) for name in ('new/figures.json', 'curves/roc.png')]
    log = evaluate(folder, 'ours.jsonl', 'baseline.pkl', *options)
    assert all(file.was_replaced_as_a_whole() for file in older)
    written = json.loads((folder / 'new' / 'figures.json').read_text())
    ours, baseline = (written['figures'][name] for name in ('ours', 'baseline'))
    records = [make_record(i, separation=3) for i in range(COUNT)]
    auc = 100 * roc_auc_score([record.label for record in records], [record.score for record in records])
    assert ours['AUC']['value'] == pytest.approx(auc)
    assert list(ours)[:4] == PAPER
    for figures in (ours, baseline):
        for key in ('ACC', 'AUC', 'F1-f', 'pixel/all/micro/AP', 'face/small/recall'):
            assert figures[key]['low'] <= figures[key]['value'] <= figures[key]['high']
    difference = written['differences_to_first']['baseline']
    assert difference['AUC']['value'] == pytest.approx(baseline['AUC']['value'] - auc)
    assert difference['pixel/manipulated/micro/AUC']['high'] < 0
    assert ours['face/large/recall'] == dict(value=None, low=None, high=None, undefined_draws=100)
    line = next(line for line in log.stdout.splitlines() if '| AUC ' in line)
    assert f'{auc:.2f} [{ours["AUC"]["low"]:.2f}, {ours["AUC"]["high"]:.2f}]' in line
    assert 'baseline - ours' in log.stdout
    assert 'warning: baseline.pkl is of version 1, whose 256 bins of P(fake) end at logits of -15.875' in log.stderr
    assert {path.name for path in (folder / 'curves').iterdir()} == {'roc.png', 'pr.png', 'calibration.png'}


def test_figures_are_those_of_the_test(trained, config, tmp_path):
    checkpoint = trained / 'epoch_1.pth'
    detail = ('--cfg-options', 'test_evaluator.detail=True')
    tool('test.py', config, checkpoint, '--out', 'results.jsonl', '--work-dir', 'test', *detail, cwd=tmp_path)
    evaluate(tmp_path, 'results.jsonl', '--bootstrap', '0', '--json', 'figures.json', '--worst', '2', 'worst')
    (log,) = tmp_path.glob('test/*/*.json')
    tested = json.loads(log.read_text())
    figures = json.loads((tmp_path / 'figures.json').read_text())['figures']['results']
    assert tested['forgery/image/real-count'] + tested['forgery/image/fake-count'] == COUNTS['test']
    for key, estimate in figures.items():
        value = math.nan if estimate['value'] is None else estimate['value']
        assert tested[f'forgery/{key}'] == pytest.approx(value, abs=1e-9, nan_ok=True)
    assert len(list((tmp_path / 'worst').iterdir())) == 2


def test_out_with_a_typing_error(config, tmp_path, monkeypatch, capsys):
    (tmp_path / 'any.pth').touch()
    for name in ('results.json', 'results.pkl'):
        message = error_of(monkeypatch, capsys, 'test.py', config, tmp_path / 'any.pth', '--out', name)
        assert f'--out takes a file that ends with .jsonl, or a folder, got {name}' in message


def test_worst_cases(folder):
    log = evaluate(
        *(folder, 'ours.jsonl', '--bootstrap', '0', '--figures', 'ACC'),
        *('--worst', '3', 'worst', '--worst-by', 'F1', '--masks', 'predicted'),
    )
    assert len(list((folder / 'worst').iterdir())) == 3
    assert '| ACC ' in log.stdout
    assert 'AUC' not in log.stdout
    assert '[' not in log.stdout  # no intervals


def test_worst_cases_show_masks_as_they_were_read(trained, config, data, tmp_path):
    """Masks of 0 and 1, which the dataset calls fake where they are not 0."""
    copy = shutil.copytree(data, tmp_path / 'data')
    for path in copy.glob('test*_mask.png'):
        cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) // 255)
    dataset = 'test_dataloader.dataset'
    options = ('--cfg-options', f'{dataset}.data_root={copy}', f'{dataset}.mask_values=nonzero')
    tool('test.py', config, trained / 'epoch_1.pth', '--out', 'results.jsonl', *options, cwd=tmp_path)
    evaluate(tmp_path, 'results.jsonl', '--bootstrap', '0', '--worst', str(COUNTS['test']), 'worst')
    for number in range(COUNTS['test']):
        (path,) = (tmp_path / 'worst').glob(f'???_test{number}.png')
        truth = np.hsplit(cv2.imread(str(path))[34:], 2)[1]  # with the verdict on it
        assert ((truth == 255).all(axis=2).mean() > 0.2) == (number % 2 == 1)


def test_missing_image_keeps_the_rest(folder, tmp_path):
    shutil.copytree(folder / 'images', tmp_path / 'images')
    for path in (tmp_path / 'images').glob('1*.png'):
        path.unlink()
    (tmp_path / 'ours.jsonl').symlink_to(folder / 'ours.jsonl')
    (tmp_path / 'masks').symlink_to(folder / 'masks')
    done = evaluate(
        tmp_path, 'ours.jsonl', '--bootstrap', '0', '--json', 'f.json', '--worst', str(COUNT), 'worst', check=False
    )
    assert done.returncode == 1
    assert 'could not read\n  images/1' in done.stderr
    assert len(list((tmp_path / 'worst').iterdir())) == COUNT
    assert not math.isnan(json.loads((tmp_path / 'f.json').read_text())['figures']['ours']['ACC']['value'])


def test_killed_run_and_other_images(folder, tmp_path):
    lines = (folder / 'other.jsonl').read_bytes()
    (tmp_path / 'other.jsonl.part0').write_bytes(lines)
    os.truncate(tmp_path / 'other.jsonl.part0', len(lines) - 9)
    done = evaluate(
        tmp_path, folder / 'ours.jsonl', 'other.jsonl.part0', '--bootstrap', '3', '--figures', 'image/*count'
    )
    assert 'other.jsonl.part0, line 21 is cut off' in done.stderr
    assert 'The files are of different images: no differences' in done.stderr
    assert ' - ours' not in done.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nothing.jsonl'], 'nothing.jsonl'),
        (['images/1.png'], 'images/1.png, line 1 is not JSON'),
        (['ours.jsonl', 'baseline.pkl', './ours.jsonl'], './ours.jsonl is given twice: name each file once'),
        (['ours.jsonl', '--figures', 'Auc'], 'no figure is called Auc. There are\n  ACC\n  AUC'),
        (['ours.jsonl', '--bootstrap', '-1'], '--bootstrap must be at least 0, got -1'),
        (['ours.jsonl', '--worst', 'many', 'x'], '--worst takes a number of images and a folder, got many x'),
        (['ours.jsonl', '--masks', 'nowhere'], 'there is no folder nowhere'),
    ],
)
def test_bad_arguments(folder, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(folder)
    assert message in error_of(monkeypatch, capsys, 'analysis_tools/eval_metric.py', *arguments)


def error_of(monkeypatch, capsys, name, *arguments) -> str:
    """What a tool says about arguments that it refuses."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    assert stop.value.code == 2
    return capsys.readouterr().err

import csv
import errno
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import cv2
import pytest
import torch

from monfap_mm.cli import main, predict
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.structures import ForgeryResult
from tests.scripts import run_script
from tests.test_configs import CONFIGS

from .answered import answers


@pytest.fixture
def photos(data, tmp_path):
    """Four pictures, one of them in a folder of its own, and a broken one."""
    folder = tmp_path / 'photos'
    (folder / 'deep').mkdir(parents=True)
    for name, target in (('a', 'a'), ('b', 'b'), ('c', 'c'), ('d', 'deep/a')):
        shutil.copy(data / f'{name}.png', folder / f'{target}.png')
    (folder / 'broken.jpg').write_bytes(b'\xff\xd8')
    return folder


def use_stdin(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr('sys.stdin', io.TextIOWrapper(io.BytesIO(content)))


def test_a_folder(photos, arguments, tmp_path, capsys):
    assert main(['predict', str(photos), *arguments]) == 0
    out, found = tmp_path / 'out', answers(tmp_path / 'out')
    assert [os.path.relpath(path, photos) for path in found] == ['a.png', 'b.png', 'broken.jpg', 'c.png', 'deep/a.png']
    broken = found.pop(str(photos / 'broken.jpg'))
    assert broken['error']
    assert (broken['score'], broken['files']) == (None, {})
    for path, values in found.items():
        result = ForgeryResult.from_json(values)
        mask = cv2.imread(str(out / values['files']['mask']), cv2.IMREAD_UNCHANGED)
        assert (mask == result.mask * 255).all(), path
        assert cv2.imread(str(out / values['files']['overlay'])) is not None
    with open(out / 'summary.csv', newline='') as file:
        assert [row['path'] for row in csv.DictReader(file)] == list(answers(out))
    shown = capsys.readouterr().out
    assert [cell.strip() for cell in shown.splitlines()[3].strip('|').split('|')][::3] == ['5', '1']


def test_files_of_other_kinds_are_counted_by_ending(photos, arguments, tmp_path, capsys):
    for name in ('e.jxl', 'deep/f.JXL', 'notes.txt', '.hidden.jxl'):
        (photos / name).touch()
    (photos / 'deep' / 'up').symlink_to('..')
    assert main(['predict', str(photos), *arguments]) == 0
    assert '3 files of other kinds left out: 2 .jxl, 1 .txt' in capsys.readouterr().out.splitlines()
    assert len(answers(tmp_path / 'out')) == 5


def test_evidence_and_report(photos, arguments, tmp_path):
    assert main(['predict', str(photos / 'a.png'), *arguments]) == 0
    assert not (tmp_path / 'out' / 'evidence').exists()
    assert main(['predict', str(photos), *arguments, '--evidence', 'all', '--resume']) == 0
    found = answers(tmp_path / 'out')
    drawn = {path for path, values in found.items() if 'evidence' in values['files']}
    assert {os.path.relpath(path, photos) for path in drawn} == {'b.png', 'c.png', 'deep/a.png'}  # the new ones
    assert all((tmp_path / 'out' / found[path]['files']['evidence']).exists() for path in drawn)
    report = (tmp_path / 'out' / 'report.html').read_text()
    assert report.count('<img ') == 4
    assert all(path in report for path in found)  # those of the first run too, and the broken one
    assert arguments[1] in report  # the model


def test_resume_does_what_is_left(photos, arguments, tmp_path):
    assert main(['predict', str(photos / 'a.png'), str(photos / 'broken.jpg'), *arguments]) == 0
    first = answers(tmp_path / 'out')
    shutil.copy(photos / 'b.png', photos / 'broken.jpg')  # mended
    written = (tmp_path / 'out' / first[str(photos / 'a.png')]['files']['mask']).stat().st_mtime_ns
    assert main(['predict', str(photos), str(photos / 'a.png'), *arguments, '--resume']) == 0
    found = answers(tmp_path / 'out')
    assert len(found) == 5
    assert all(values['error'] is None for values in found.values())
    assert found[str(photos / 'a.png')] == first[str(photos / 'a.png')]
    assert (tmp_path / 'out' / first[str(photos / 'a.png')]['files']['mask']).stat().st_mtime_ns == written


def test_a_job_that_was_killed_goes_on(photos, config, weights, tmp_path, monkeypatch):
    for number in range(60):
        shutil.copy(photos / 'a.png', photos / 'deep' / f'{number}.png')
    arguments = ['predict', 'photos', '--model', config, '--weights', weights, '--out', 'out', '--batch-size', '4']
    arguments += ['--device', 'cpu']
    command = [sys.executable, '-m', 'monfap_mm', *arguments]
    env = {**os.environ, 'PYTHONPATH': str(CONFIGS.parent), 'OMP_NUM_THREADS': '1'}
    path = tmp_path / 'out' / 'predictions.jsonl'
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (path.exists() and path.read_bytes().count(b'\n') >= 8):
            time.sleep(0.02)
        process.kill()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    before = path.read_bytes().count(b'\n')
    assert 8 <= before < 64
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, '--resume']) == 0
    assert len(answers(tmp_path / 'out')) == 65
    assert len(list((tmp_path / 'out' / 'masks').glob('*.png'))) == 64


def test_a_job_that_a_full_disk_stopped_goes_on(photos, arguments, tmp_path):
    """A limit on the size of files stands for it, which the lines of the answers reach after some pictures."""
    for number in range(40):
        shutil.copy(photos / 'a.png', photos / 'deep' / f'{number}.png')
    whole = tmp_path / 'whole'
    assert main(['predict', str(photos), *arguments[:-1], str(whole)]) == 0
    limit = max(path.stat().st_size for name in ('masks', 'overlays') for path in (whole / name).iterdir())
    assert limit < (whole / 'predictions.jsonl').stat().st_size * 0.9
    (tmp_path / 'limited.py').write_text(
        'import resource, sys\nfrom monfap_mm.cli import main\n'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\nsys.exit(main(sys.argv[2:]))'
    )
    command = [tmp_path / 'limited.py', limit, 'predict', photos, *arguments]
    done = run_script(*command, cwd=tmp_path, check=False)
    assert done.returncode == 3, done.stderr
    assert 'File too large' in done.stderr
    first = answers(tmp_path / 'out')
    assert 0 < len(first) < 45
    assert main(['predict', str(photos), *arguments, '--resume']) == 0
    assert len(answers(tmp_path / 'out')) == 45
    assert not list((tmp_path / 'out').rglob('.*'))
    assert answers(tmp_path / 'out').keys() == answers(whole).keys()


def test_one_file_under_two_names_is_answered_once(photos, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(photos)
    assert main(['predict', 'a.png', './a.png', *arguments]) == 0
    assert list(answers(tmp_path / 'out')) == ['a.png']
    assert main(['predict', str(photos / 'a.png'), 'b.png', *arguments, '--resume']) == 0
    assert list(answers(tmp_path / 'out')) == ['a.png', 'b.png']


def test_a_file_that_changed_is_answered_again(photos, arguments, tmp_path, capsys):
    names = [str(photos / name) for name in ('a.png', 'b.png')]
    assert main(['predict', *names, *arguments]) == 0
    first = answers(tmp_path / 'out')
    shutil.copy(photos / 'c.png', photos / 'a.png')
    assert main(['predict', *names, *arguments, '--resume']) == 0
    assert capsys.readouterr().out.endswith('answered again: 1 files that changed since\n')
    second = answers(tmp_path / 'out')
    assert list(second) == names[::-1]  # one line for each
    assert second[names[1]] == first[names[1]]
    assert main(['predict', str(photos / 'c.png'), *arguments[:-1], str(tmp_path / 'c')]) == 0
    (expected,) = answers(tmp_path / 'c').values()
    assert [second[names[0]][key] for key in ('score', 'mask')] == [expected[key] for key in ('score', 'mask')]
    assert first[names[0]]['score'] != expected['score']


def test_answers_are_not_answered(photos, arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(photos)
    arguments[-1] = 'answers'
    for resume in ([], ['--resume']):
        assert main(['predict', '**/*.png', *arguments, *resume]) == 0
    assert sorted(answers(photos / 'answers')) == ['a.png', 'b.png', 'c.png', 'deep/a.png']
    assert capsys.readouterr().out.endswith('left out: 4 files that were written as answers to answers\n')


def test_pictures_in_the_folder_of_the_answers_are_answered(photos, arguments, monkeypatch, capsys):
    monkeypatch.chdir(photos)
    arguments[-1] = '.'
    assert main(['predict', 'a.png', 'deep/a.png', *arguments]) == 0
    assert main(['predict', '**/*.png', *arguments, '--resume']) == 0
    assert sorted(answers(photos)) == ['a.png', 'b.png', 'c.png', 'deep/a.png']
    assert capsys.readouterr().out.endswith('left out: 2 files that were written as answers to .\n')


def test_a_link_to_itself_is_a_broken_picture(photos, arguments, tmp_path):
    (photos / 'circle.jpg').symlink_to('circle.jpg')
    assert main(['predict', str(photos / 'circle.jpg'), str(photos / 'a.png'), *arguments]) == 0
    assert [values['error'] is None for values in answers(tmp_path / 'out').values()] == [False, True]


def test_errors_stay_in_the_report_when_other_files_are_added(photos, arguments, tmp_path):
    assert main(['predict', str(photos / 'broken.jpg'), str(photos / 'a.png'), *arguments]) == 0
    assert main(['predict', str(photos / 'b.png'), *arguments, '--resume']) == 0
    assert [values['error'] is None for values in answers(tmp_path / 'out').values()] == [False, True, True]
    assert 'broken.jpg' in (tmp_path / 'out' / 'summary.csv').read_text()
    assert 'broken.jpg' in (tmp_path / 'out' / 'report.html').read_text()


def test_two_runs_do_not_write_to_one_folder(photos, arguments, tmp_path, capsys):
    out = tmp_path / 'out'
    out.mkdir()
    with only_writer(out):
        assert f'Another run is at work in {out}' in refusal(capsys, str(photos), *arguments)
    assert list(out.iterdir()) == []
    assert main(['predict', str(photos), *arguments]) == 0
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == [
        'predictions.jsonl',
        'report.html',
        'run.json',
        'summary.csv',
    ]


def test_a_folder_that_cannot_be_one_is_told_before_the_start(photos, arguments, tmp_path, capsys):
    (tmp_path / 'out').write_text('a file')
    assert 'cannot write to' in refusal(capsys, str(photos), *arguments)
    assert (tmp_path / 'out').read_text() == 'a file'


def test_left_overs_of_a_killed_run_are_removed(photos, arguments, tmp_path):
    for name in ('masks', 'evidence', 'videos', '.'):
        (tmp_path / 'out' / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / 'out' / name / '.writing-0123456789abcdef.png').write_bytes(b'half')
    assert main(['predict', str(photos / 'a.png'), *arguments]) == 0
    assert not list((tmp_path / 'out').rglob('.writing-*'))


def test_a_narrow_terminal_ends_no_job(photos, arguments, tmp_path, monkeypatch):
    (photos / 'broken.jpg').rename(photos / 'caf\xe9 \u2013.jpg')
    raw = io.BytesIO()
    monkeypatch.setattr('sys.stdout', io.TextIOWrapper(raw, encoding='ascii', errors='strict', write_through=True))
    assert main(['predict', str(photos), *arguments]) == 0
    assert b'caf\\xe9 \\u2013.jpg' in raw.getvalue()
    assert (tmp_path / 'out' / 'report.html').exists()


def test_pipes(photos, config, weights, tmp_path):
    command = [sys.executable, '-m', 'monfap_mm', 'predict', '-', '--model', config, '--weights', weights, '--out', '-']
    env = {**os.environ, 'PYTHONPATH': str(CONFIGS.parent), 'OMP_NUM_THREADS': '1'}
    names = b'photos/b.png\n\nphotos/a.png\ncaf\xe9.png\nphotos/b.png\n'
    done = subprocess.run([*command, '--device', 'cpu'], input=names, cwd=tmp_path, env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]  # and nothing but answers
    assert [os.fsencode(line['path']) for line in lines] == [b'photos/b.png', b'photos/a.png', b'caf\xe9.png']
    assert [line['error'] is None for line in lines] == [True, True, False]
    assert not (tmp_path / '-').exists()


def test_paths_of_standard_input_into_a_folder(photos, arguments, tmp_path, monkeypatch):
    use_stdin(monkeypatch, f'{photos}/a.png\r\n{photos}/deep\n'.encode())
    assert main(['predict', '-', f'{photos}/b.png', *arguments]) == 0
    assert [os.path.relpath(path, photos) for path in answers(tmp_path / 'out')] == ['a.png', 'deep/a.png', 'b.png']


@pytest.mark.parametrize(
    ('names', 'options', 'code'),
    [
        (['a.png', 'broken.jpg'], [], 0),
        (['a.png', 'broken.jpg'], ['--fail-on-error'], 1),
        (['a.png'], ['--fail-on-error'], 0),
        (['broken.jpg', 'gone.png'], [], 1),
    ],
)
def test_exit_codes(names, options, code, photos, arguments):
    assert main(['predict', *(str(photos / name) for name in names), *arguments, *options]) == code


def test_threshold_and_pixels(photos, arguments, tmp_path):
    names = [str(photos / 'a.png'), str(photos / 'b.png')]
    assert main(['predict', *names, *arguments, '--threshold', '1']) == 0
    assert {values['label'] for values in answers(tmp_path / 'out').values()} == {'real'}
    arguments[-1] += '2'
    assert main(['predict', *names, *arguments, '--max-pixels', '1000']) == 1
    (error, *_) = [values['error'] for values in answers(tmp_path / 'out2').values()]
    assert error.endswith('a.png has 64 x 64 pixels, more than 0.001 million (--max-pixels)')


def test_windows(photos, arguments, tmp_path):
    assert main(['predict', str(photos / 'a.png'), *arguments, '--mode', 'slide']) == 0
    assert answers(tmp_path / 'out')[str(photos / 'a.png')]['size'] == [64, 64]


def refusal(capsys, *arguments) -> str:
    assert main(['predict', *arguments]) == 2
    return capsys.readouterr().err


def test_what_cannot_start_says_why(photos, arguments, tmp_path, capsys):
    photo, out = str(photos / 'a.png'), tmp_path / 'out'
    (tmp_path / 'bomb.pth').write_bytes(pickle.dumps(os.getcwd))
    assert 'bomb.pth is refused' in refusal(capsys, photo, *arguments, '--weights', str(tmp_path / 'bomb.pth'))
    assert 'there is no checkpoint no.pth' in refusal(capsys, photo, *arguments, '--weights', 'no.pth')
    assert 'no model of that name' in refusal(capsys, photo, *arguments, '--model', 'no-such-model')
    assert 'cannot load the model' in refusal(capsys, photo, *arguments, '--device', 'abacus')
    assert 'must be at least 1' in refusal(capsys, photo, *arguments, '--batch-size', '0')
    assert 'needs a folder' in refusal(capsys, photo, *arguments, '--resume', '--out', '-')
    assert 'needs a folder' in refusal(capsys, photo, *arguments, '--evidence', 'all', '--out', '-')
    assert '--out is empty' in refusal(capsys, photo, *arguments, '--out', '')
    inside = str(photos / 'answers')
    assert 'would be taken for pictures' in refusal(capsys, str(photos), *arguments, '--out', inside)
    assert not out.exists()
    assert not os.path.exists(inside)


def test_answers_are_not_overwritten(photos, arguments, tmp_path, capsys, weights):
    photo = str(photos / 'a.png')
    assert main(['predict', photo, *arguments]) == 0
    before = (tmp_path / 'out' / 'predictions.jsonl').read_bytes()
    assert 'is there already: --resume' in refusal(capsys, photo, *arguments)
    other = torch.load(weights)
    next(iter(other['state_dict'].values())).add_(1)
    torch.save(other, tmp_path / 'other.pth')
    other_weights = ['--weights', str(tmp_path / 'other.pth')]
    assert 'other settings (weights' in refusal(capsys, photo, *arguments, '--resume', *other_weights)
    assert (tmp_path / 'out' / 'predictions.jsonl').read_bytes() == before


@pytest.mark.parametrize(
    ('stopped_by', 'code', 'message'),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            3,
            'cannot write the answers: [Errno 28] No space left on device',
        ),
        (KeyboardInterrupt(), 130, 'monfap: stopped; what is written stays, and predict --resume goes on'),
    ],
    ids=['full disk', 'Ctrl-C'],
)
def test_what_stops_a_job_leaves_what_is_written(
    stopped_by, code, message, photos, arguments, tmp_path, monkeypatch, capsys
):
    write, written = predict.write_answer_files, []

    def stop_after_two(folder, result, evidence):
        if len(written) == 2:
            raise stopped_by
        written.append(result.path)
        return write(folder, result, evidence)

    monkeypatch.setattr(predict, 'write_answer_files', stop_after_two)
    assert main(['predict', str(photos), *arguments]) == code
    assert message in capsys.readouterr().err
    assert list(answers(tmp_path / 'out')) == written
    monkeypatch.undo()
    assert main(['predict', str(photos), *arguments, '--resume']) == 0
    assert len(answers(tmp_path / 'out')) == 5

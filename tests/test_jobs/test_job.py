import json
import multiprocessing
import os
import resource
import signal
import time

import pytest

from monfap_mm.jobs.errors import JobError, JobStoppedError
from monfap_mm.jobs.job import Entry, Outcome, Task, run_job
from monfap_mm.jobs.output_files import write_file
from monfap_mm.media.errors import BadInput
from tests.test_curation.trees import hash_tree

COUNT = 40
TASKS = [Task(f'{number:02}', number) for number in range(COUNT)]
SETTINGS = {'converter': 'test', 'seed': 0}


def work(task, dst):
    """Every second item is fake; 7 and 17 are bad, and 5 has no samples."""
    if task.args % 10 == 7 and task.args < 20:
        raise BadInput(f'{task.args} is bad')
    if task.args == 5:
        return Outcome(counts={'left out': 1})
    image, mask = f'images/{task.key}.bin', f'masks/{task.key}.bin'
    write_file(dst, image, bytes([task.args]) * 1000)
    if task.args % 2:
        write_file(dst, mask, b'mask')
    split = 'train' if task.args < 30 else 'test'
    entry = Entry(image, task.args % 2, split, mask if task.args % 2 else None, {'sources': [task.key]})
    return Outcome([entry], {'things': 2})


def slow_work(task, dst):
    time.sleep(0.05)
    return work(task, dst)


def run(dst, work=work, tasks=TASKS, **options):
    return run_job(tasks, work, dst, **{'settings': SETTINGS, 'workers': 2, 'max_bad': 0.1, **options})


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    dst = tmp_path_factory.mktemp('job') / 'set'
    return dst, run(dst)


def test_lists_and_manifest(whole):
    dst, _ = whole
    lines = (dst / 'train.txt').read_text().split('\n')
    assert lines[:3] == ['# image\tlabel (0 real, 1 fake)\tmask', 'images/00.bin\t0', 'images/01.bin\t1\tmasks/01.bin']
    assert (dst / 'test.txt').read_text().count('\n') == 11
    records = [json.loads(line) for line in (dst / 'manifest.jsonl').read_text().splitlines()]
    assert records[0] == {'settings': SETTINGS}
    assert [record['key'] for record in records[1:]] == [task.key for task in TASKS]
    assert records[8] == {'key': '07', 'bad': '7 is bad'}
    assert records[6] == {'key': '05', 'entries': [], 'counts': {'left out': 1}}
    entry = dict(image='images/01.bin', label=1, split='train', mask='masks/01.bin', info={'sources': ['01']})
    assert records[2] == {'key': '01', 'entries': [entry], 'counts': {'things': 2}}
    assert sorted(path.name for path in dst.iterdir()) == ['images', 'manifest.jsonl', 'masks', 'test.txt', 'train.txt']


def test_summary(whole):
    _, summary = whole
    # 40 items less 2 bad and 1 without samples, all three odd.
    assert summary.samples == {('train', 0): 15, ('train', 1): 12, ('test', 0): 5, ('test', 1): 5}
    assert summary.counts == {'things': 74, 'left out': 1}
    assert (summary.total, summary.bad, summary.resumed, summary.too_many_bad) == (40, 2, 0, False)
    assert summary.reasons == [('07', '7 is bad'), ('17', '17 is bad')]
    assert summary.rate > 0
    text = summary.format()
    assert 'train        15        12        27' in text
    assert '40 images, 2 bad' in text
    assert 'bad: 17: 17 is bad' in text
    assert ' more: see' not in text  # all reasons are there


@pytest.mark.parametrize('workers', [1, 7])
def test_any_number_of_workers_writes_the_same(whole, tmp_path, workers):
    run(tmp_path / 'set', workers=workers)
    assert hash_tree(tmp_path / 'set') == hash_tree(whole[0])


@pytest.mark.parametrize('records', [1, 6, 23])
def test_killed_and_started_again_it_writes_the_same(whole, tmp_path, records):
    dst = tmp_path / 'set'
    process = multiprocessing.get_context('fork').Process(target=run, args=(dst, slow_work))
    process.start()
    manifest = dst / 'manifest.jsonl'
    while not manifest.exists() or manifest.read_bytes().count(b'\n') <= records:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (dst / 'train.txt').exists()
    with manifest.open('ab') as file:
        file.write(b'{"key": "39", "entr')
    summary = run(dst, workers=3)
    # The two bad ones are tried again.
    assert summary.resumed >= records - 2
    assert hash_tree(dst) == hash_tree(whole[0])


def test_a_finished_set_is_left_as_it_is(whole, tmp_path):
    before = hash_tree(whole[0])
    summary = run(whole[0], slow_work)
    assert (summary.resumed, summary.bad) == (38, 2)
    assert hash_tree(whole[0]) == before


def test_too_many_bad_items_end_it_and_what_was_done_is_kept(tmp_path, whole):
    dst = tmp_path / 'set'
    summary = run(dst, max_bad=0.01)
    assert summary.too_many_bad
    assert summary.samples['train', 0] == 4
    # A list of a part would pass for one of the whole.
    assert sorted(path.name for path in dst.iterdir()) == ['images', 'manifest.jsonl', 'masks']
    assert (dst / 'images/06.bin').exists()
    assert len((dst / 'manifest.jsonl').read_text().splitlines()) == 1 + 8
    assert not run(dst, max_bad=0.05).too_many_bad
    assert hash_tree(dst) == hash_tree(whole[0])


def test_lists_of_a_whole_set_outlive_a_run_that_gives_up(tmp_path):
    dst = tmp_path / 'set'
    run(dst, tasks=TASKS[20:])
    before = (dst / 'train.txt').read_bytes()
    assert run(dst, max_bad=0.01).too_many_bad
    assert (dst / 'train.txt').read_bytes() == before


def test_a_second_run_is_refused_and_told_of_the_first(tmp_path, whole):
    dst = tmp_path / 'set'
    process = multiprocessing.get_context('fork').Process(target=run, args=(dst, slow_work))
    process.start()
    while not (dst / 'manifest.jsonl').exists():
        time.sleep(0.01)
    with pytest.raises(JobError, match=f'Another run is at work in .*set .process {process.pid} on .*: wait for it'):
        run(dst)
    process.join()
    assert hash_tree(dst) == hash_tree(whole[0])


def test_bad_items_are_tried_again(tmp_path, whole):
    dst = tmp_path / 'set'

    def all_bad(task, dst):
        raise BadInput('not mounted')

    assert run(dst, all_bad, max_bad=1).bad == 40
    run(dst)
    assert hash_tree(dst) == hash_tree(whole[0])


def test_items_added_later_take_their_place(tmp_path, whole):
    run(tmp_path / 'set', tasks=TASKS[::2])
    run(tmp_path / 'set')
    assert hash_tree(tmp_path / 'set') == hash_tree(whole[0])


def test_items_may_be_left_out_of_the_lists_and_come_back(tmp_path, whole):
    dst = tmp_path / 'set'
    run(dst)
    summary = run(dst, unlisted={'00', '05'})
    assert (dst / 'train.txt').read_text().split('\n')[1] == 'images/01.bin\t1\tmasks/01.bin'
    assert summary.samples['train', 0] == 14
    assert summary.counts['samples left out by hand'] == 1
    run(dst, unlisted={task.key for task in TASKS[30:]})
    assert (dst / 'test.txt').read_text().count('\n') == 1
    run(dst)
    assert hash_tree(dst) == hash_tree(whole[0])


def test_what_cannot_go_on_is_explained(tmp_path):
    run(tmp_path / 'set', tasks=TASKS[:3])
    with pytest.raises(JobError, match='other settings: seed'):
        run(tmp_path / 'set', settings={**SETTINGS, 'seed': 1})
    with pytest.raises(JobError, match='1 items that the source has not'):
        run(tmp_path / 'set', tasks=TASKS[:2])
    with pytest.raises(JobError, match="two items called '01'"):
        run(tmp_path / 'other', tasks=[TASKS[1], TASKS[1]])
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full/thesis.tex').write_text('')
    with pytest.raises(JobError, match='holds other files'):
        run(tmp_path / 'full')
    (tmp_path / 'file').write_text('')
    with pytest.raises(JobError, match='Cannot write to'):
        run(tmp_path / 'file')


def test_a_full_disk_ends_it_and_it_goes_on_later(tmp_path, whole):
    def full(task, dst):
        if task.args == 9:
            raise OSError(28, 'No space left on device')
        return work(task, dst)

    with pytest.raises(JobStoppedError, match='No space left'):
        run(tmp_path / 'set', full)
    run(tmp_path / 'set')
    assert hash_tree(tmp_path / 'set') == hash_tree(whole[0])


def test_a_disk_that_is_full_in_earnest(tmp_path, whole):
    """A limit on the size of files stands for it: it stops the workers, whose images have 1,000 bytes."""
    dst = tmp_path / 'set'

    def run_limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999))
        with pytest.raises(JobStoppedError, match='File too large'):
            run(dst)

    process = multiprocessing.get_context('fork').Process(target=run_limited)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert not list(dst.glob('*.txt'))
    run(dst)
    assert hash_tree(dst) == hash_tree(whole[0])


def test_nothing_is_touched_after_the_manifest_is_in_place(tmp_path, whole, monkeypatch):
    """From then on another run can be at work in the folder."""
    dst, replace = tmp_path / 'set', os.replace

    def start_another(source, target):
        replace(source, target)
        if os.path.basename(target) == 'manifest.jsonl':
            (dst / '.partial').mkdir()
            (dst / '.partial/file of another run').write_bytes(b'')

    monkeypatch.setattr(os, 'replace', start_another)
    run(dst)
    assert (dst / '.partial/file of another run').exists()
    monkeypatch.undo()
    run(dst)
    assert hash_tree(dst) == hash_tree(whole[0])

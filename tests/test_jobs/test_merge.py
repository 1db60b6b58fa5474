import json
import multiprocessing
import os
import random
import signal
import time

import pytest

from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.folder_lock import only_writer
from monfap_mm.jobs.merge import merge_shards
from monfap_mm.jobs.shards import Shard
from tests.test_curation.trees import hash_tree
from tests.test_jobs.test_job import COUNT, TASKS, run

UNLISTED = {'01', '20'}


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    dst = tmp_path_factory.mktemp('merge') / 'set'
    return dst, run(dst, unlisted=UNLISTED)


def make_shards(dst, total, **options):
    numbers = list(range(1, total + 1))
    random.Random(total).shuffle(numbers)  # machines end in any order
    return {number: run(dst, shard=Shard(number, total), unlisted=UNLISTED, **options) for number in numbers}


@pytest.mark.parametrize('total', [1, 2, 17])
def test_any_number_of_shards_gives_the_set_of_one_run(whole, tmp_path, total):
    dst = tmp_path / 'set'
    parts = make_shards(dst, total, workers=1)
    assert sum(part.total for part in parts.values()) == COUNT
    assert not (dst / 'manifest.jsonl').exists()
    summary = merge_shards(dst, max_bad=0.1)
    assert hash_tree(dst) == hash_tree(whole[0])
    assert (summary.samples, summary.counts, summary.bad) == (whole[1].samples, whole[1].counts, 2)
    assert summary.reasons == whole[1].reasons
    assert '40 images, 2 bad\n' in summary.format()


def test_the_merged_set_can_be_gone_on_with(whole, tmp_path):
    make_shards(tmp_path / 'set', 3)
    merge_shards(tmp_path / 'set', max_bad=0.1)
    summary = run(tmp_path / 'set', unlisted=UNLISTED)
    assert summary.resumed == COUNT - 2
    assert hash_tree(tmp_path / 'set') == hash_tree(whole[0])


def test_a_shard_alone_is_a_set(tmp_path):
    summary = run(tmp_path, shard=Shard(2, 3))
    mine = [task.key for task in TASKS if Shard(2, 3).has(task.key)]
    folder = tmp_path / 'shards' / '0002-of-0003'
    records = [json.loads(line) for line in (folder / 'manifest.jsonl').read_text().splitlines()[1:]]
    assert [record['key'] for record in records] == mine
    assert 0 < summary.total == len(mine) < COUNT
    assert (folder / 'train.txt').exists()


def test_a_bad_item_does_not_stop_a_shard_of_one(tmp_path):
    # 2 of 40 are within 10 %, though one is all of a shard.
    shard = next(shard for shard in (Shard(number, 500) for number in range(1, 501)) if shard.has('07'))
    summary = run(tmp_path, shard=shard)
    assert (summary.total, summary.bad, summary.too_many_bad) == (1, 1, False)


def test_the_share_of_bad_items_is_that_of_the_whole(tmp_path):
    make_shards(tmp_path, 2)
    assert merge_shards(tmp_path, max_bad=0.049).too_many_bad
    assert not (tmp_path / 'train.txt').exists()
    assert (tmp_path / 'manifest.jsonl').exists()


def killed_merge(dst, steps):
    replace, left = os.replace, [steps]

    def dies(*arguments):
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        replace(*arguments)

    os.replace = dies
    merge_shards(dst, max_bad=0.1)


@pytest.mark.parametrize('steps', [0, 20, 54, 55, 57, 58])
def test_killed_and_started_again_it_gives_the_same(whole, tmp_path, steps):
    """37 images and 17 masks are moved; then come the manifest, two lists, the manifest again, and the shards."""
    dst = tmp_path / 'set'
    make_shards(dst, 3)
    process = multiprocessing.get_context('fork').Process(target=killed_merge, args=(dst, steps))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    merge_shards(dst, max_bad=0.1)
    assert hash_tree(dst) == hash_tree(whole[0])


def test_a_missing_shard(tmp_path):
    for number in (1, 3):
        run(tmp_path, shard=Shard(number, 3))
    with pytest.raises(JobError, match='lacks 1 of 3 shards: 2'):
        merge_shards(tmp_path)


def slow(task, dst):
    from tests.test_jobs.test_job import work

    time.sleep(0.1)
    return work(task, dst)


def test_an_unfinished_shard_names_what_it_lacks(tmp_path):
    run(tmp_path, shard=Shard(1, 2))
    folder = Shard(2, 2).folder(tmp_path)
    process = multiprocessing.get_context('fork').Process(
        target=run, args=(tmp_path, slow), kwargs=dict(shard=Shard(2, 2), workers=1)
    )
    process.start()
    while not (folder / 'manifest.jsonl').exists() or (folder / 'manifest.jsonl').read_bytes().count(b'\n') < 4:
        time.sleep(0.01)
    with pytest.raises(JobError, match='Another run is at work'):
        merge_shards(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    mine = [task.key for task in TASKS if Shard(2, 2).has(task.key)]
    with pytest.raises(JobError, match=rf"Shard 2/2 lacks \d+ of {len(mine)} images: '\d\d', .*\.\.\."):
        merge_shards(tmp_path)
    run(tmp_path, shard=Shard(2, 2))
    assert not merge_shards(tmp_path, max_bad=0.1).too_many_bad


def test_shards_of_other_settings_or_another_source(tmp_path):
    run(tmp_path / 'a', shard=Shard(1, 2))
    run(tmp_path / 'a', shard=Shard(2, 2), settings={'converter': 'test', 'seed': 1})
    with pytest.raises(JobError, match=r'other settings: seed \(1 there, 0 asked\)'):
        merge_shards(tmp_path / 'a')
    run(tmp_path / 'b', shard=Shard(1, 2))
    run(tmp_path / 'b', shard=Shard(2, 2), tasks=TASKS[1:])
    with pytest.raises(JobError, match='different sources'):
        merge_shards(tmp_path / 'b')


def test_whole_and_shards_keep_out_of_each_others_folder(whole, tmp_path):
    with pytest.raises(JobError, match='holds a whole set'):
        run(whole[0], shard=Shard(1, 2))
    run(tmp_path, shard=Shard(1, 2))
    with pytest.raises(JobError, match='holds other files'):
        run(tmp_path)


def test_damaged(tmp_path):
    make_shards(tmp_path, 2)
    folder = Shard(1, 2).folder(tmp_path)
    (folder / 'shard.jsonl').write_text('{"shard": "1/2"}\n')
    with pytest.raises(JobError, match='shard.jsonl is missing or damaged: start shard 1/2 again'):
        merge_shards(tmp_path)
    run(tmp_path, shard=Shard(1, 2), unlisted=UNLISTED)
    first = next(path for path in sorted((folder / 'images').iterdir()))
    first.unlink()
    with pytest.raises(JobError, match=rf'{first.name} is missing'):
        merge_shards(tmp_path)


def test_two_merges_at_once(tmp_path):
    make_shards(tmp_path, 2)
    with only_writer(tmp_path), pytest.raises(JobError, match='Another run is at work'):
        merge_shards(tmp_path)

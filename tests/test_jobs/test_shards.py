import hashlib

import pytest

from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.shards import Shard, find_shards, parse_shard


def test_every_key_is_in_one_shard_and_as_the_hash_says():
    shards = [Shard(number, 7) for number in range(1, 8)]
    keys = [f'folder/{number}.jpg' for number in range(500)] + ['', 'ü', '\udcff']
    for key in keys:
        digest = hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()
        expected = int(digest[:16], 16) % 7 + 1
        assert [shard.number for shard in shards if shard.has(key)] == [expected]
    assert [sum(map(shard.has, keys)) for shard in shards] == pytest.approx([500 / 7] * 7, abs=30)


def test_one_shard_has_everything():
    assert all(Shard(1, 1).has(str(number)) for number in range(20))


def test_folder_and_text(tmp_path):
    assert Shard(3, 64).folder(tmp_path) == tmp_path / 'shards' / '0003-of-0064'
    assert str(Shard(3, 64)) == '3/64'
    assert parse_shard('3/64') == Shard(3, 64)


@pytest.mark.parametrize('text', ['0/4', '5/4', '1/0', '-1/4', '1', '1/', '/4', 'a/b', '1/4/2', '1.0/4', ' 1/4', ''])
def test_no_shard(text):
    with pytest.raises(ValueError, match='shard'):
        parse_shard(text, {})


@pytest.mark.parametrize(
    ('environment', 'shard'),
    [
        ('SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=1', '4/8'),
        ('SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=8', '3/8'),
        ('SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=4', '3/8'),
        # A step of an array's job has both: the array counts.
        ('SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=3 SLURM_PROCID=0 SLURM_NTASKS=1', '2/3'),
        ('SLURM_PROCID=0 SLURM_NTASKS=4', '1/4'),
        ('RANK=3 WORLD_SIZE=4 LOCAL_RANK=1', '4/4'),
        ('OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2', '2/2'),
        ('PMI_RANK=0 PMI_SIZE=2', '1/2'),
    ],
)
def test_environment(environment, shard):
    assert str(parse_shard('auto', dict(pair.split('=') for pair in environment.split()))) == shard


@pytest.mark.parametrize(
    'environment',
    [
        '',
        'RANK=0',
        # --array=1,5,6 has gaps: 5 would be taken for the fifth of three.
        'SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=1',
        'SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_STEP=2',
    ],
)
def test_environment_that_tells_no_shard(environment):
    with pytest.raises(ValueError, match='auto'):
        parse_shard('auto', dict(pair.split('=') for pair in environment.split()))


def make(folder, *names):
    for name in names:
        (folder / 'shards' / name).mkdir(parents=True)


def test_find(tmp_path):
    make(tmp_path, '0002-of-0002', '0001-of-0002', 'notes')
    assert list(find_shards(tmp_path)) == [Shard(1, 2), Shard(2, 2)]


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        ([], 'has no shards'),
        (['0001-of-0004', '0003-of-0004'], 'lacks 2 of 4 shards: 2, 4'),
        (['0001-of-0002', '0002-of-0002', '0001-of-0003'], 'shards of 2 and of 3'),
    ],
)
def test_find_names_what_is_missing(tmp_path, names, message):
    make(tmp_path, *names)
    with pytest.raises(JobError, match=message):
        find_shards(tmp_path)

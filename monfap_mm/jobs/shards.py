"""Parts of a job for many machines: which part an item belongs to, and where each part keeps what it makes."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import JobError

FOLDER = 'shards'
_NAME = re.compile(r'(\d+)-of-(\d+)')
# Rank and number of the tasks, by who starts them; ranks count from 0.
_RANKS = (
    ('SLURM_PROCID', 'SLURM_NTASKS'),
    ('RANK', 'WORLD_SIZE'),  # torchrun
    ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'),
    ('PMI_RANK', 'PMI_SIZE'),  # MPICH, Intel MPI
)


@dataclass(frozen=True, order=True)
class Shard:
    """One of several parts of a job, which together hold every item once.

    Attributes:
        number: From 1 to ``total``.
        total: Number of parts.

    Raises:
        ValueError: If there is no such part.
    """

    number: int
    total: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.total:
            raise ValueError(f'shards are counted from 1/{self.total} to {self.total}/{self.total}, got {self}')

    def __str__(self) -> str:
        return f'{self.number}/{self.total}'

    def has(self, key: str) -> bool:
        """Whether an item belongs to this part, by the SHA-256 of its key: the same on every machine, in any order."""
        digest = hashlib.sha256(key.encode('utf-8', 'surrogateescape')).digest()
        return int.from_bytes(digest[:8], 'big') % self.total == self.number - 1

    def folder(self, parent: Path) -> Path:
        """Where the part keeps what it makes: ``shards/0003-of-0064`` below the folder of the whole."""
        return parent / FOLDER / f'{self.number:04}-of-{self.total:04}'


def parse_shard(text: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """``3/64``, or ``auto`` for the part that the environment gives.

    Args:
        text: What was asked for.
        environment: Variables of a Slurm array or step, of torchrun, or of MPI.

    Raises:
        ValueError: If it is neither, or the environment has none.
    """
    if text == 'auto':
        return _of_environment(environment)
    number, _, total = text.partition('/')
    if not (number.isdecimal() and total.isdecimal()):
        raise ValueError(f'a shard is written 3/64, or auto under Slurm, torchrun or MPI; got {text}')
    return Shard(int(number), int(total))


def _of_environment(environment: Mapping[str, str]) -> Shard:
    if 'SLURM_ARRAY_TASK_ID' in environment:
        names = ('SLURM_ARRAY_TASK_ID', 'SLURM_ARRAY_TASK_MIN', 'SLURM_ARRAY_TASK_COUNT', 'SLURM_ARRAY_TASK_STEP')
        task, first, count, step = (int(environment.get(name, 1)) for name in names)
        number, off = divmod(task - first, step)
        if off or number >= count:  # --array=1,5,6
            raise ValueError(f'auto needs an array without gaps, or write --shard $SLURM_ARRAY_TASK_ID/N; got {task}')
        return Shard(number + 1, count)
    for rank, size in _RANKS:
        if rank in environment and size in environment:
            return Shard(int(environment[rank]) + 1, int(environment[size]))
    raise ValueError('auto finds no Slurm array, torchrun or MPI in the environment: write 3/64')


def find_shards(parent: Path) -> dict[Shard, Path]:
    """The parts that a folder has, by number.

    Raises:
        JobError: If one is missing, or they are parts of different numbers of parts.
    """
    names = [_NAME.fullmatch(path.name) for path in (parent / FOLDER).glob('*') if path.is_dir()]
    shards = sorted(Shard(int(name[1]), int(name[2])) for name in names if name)
    if not shards:
        raise JobError(f'{parent} has no shards: there is no {FOLDER}/0001-of-... in it.')
    totals = sorted({shard.total for shard in shards})
    if len(totals) > 1:
        raise JobError(
            f'{parent / FOLDER} has shards of {" and of ".join(map(str, totals))}: delete those of one kind.'
        )
    missing = sorted({*range(1, totals[0] + 1)} - {shard.number for shard in shards})
    if missing:
        raise JobError(f'{parent} lacks {len(missing)} of {totals[0]} shards: {", ".join(map(str, missing))}.')
    return {shard: shard.folder(parent) for shard in shards}

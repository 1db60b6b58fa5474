"""What a shard of a set has to do, written down beside what it has done."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..utils.atomic_write import written_aside
from .errors import JobError
from .shards import Shard

NAME = 'shard.jsonl'


@dataclass(frozen=True)
class Plan:
    """The items of a shard.

    Attributes:
        shard: Which one.
        total: Number of items of the whole.
        unit: What an item is, in the plural.
        items: Triples: place in the whole, from 0; key; whether its samples are listed.
    """

    shard: Shard
    total: int
    unit: str
    items: Sequence[tuple[int, str, bool]]

    @classmethod
    def of(cls, shard: Shard, keys: Sequence[str], unlisted: Collection[str], unit: str) -> 'Plan':
        """The plan for a shard of the items with these keys."""
        items = [(place, key, key not in unlisted) for place, key in enumerate(keys) if shard.has(key)]
        return cls(shard, len(keys), unit, items)

    def write(self, folder: Path) -> None:
        """Write the plan into the folder of the shard."""
        with written_aside(folder / NAME) as temporary, temporary.open('w', encoding='utf-8', newline='\n') as file:
            file.writelines(json.dumps(line) + '\n' for line in self._lines())

    def _lines(self) -> Iterator[object]:
        yield {'shard': str(self.shard), 'total': self.total, 'unit': self.unit}
        yield from self.items


def read_plan(folder: Path, shard: Shard) -> Plan:
    """The plan in the folder of a shard.

    Raises:
        JobError: If there is none, or it is damaged.
    """
    try:
        with (folder / NAME).open(encoding='utf-8') as file:
            head = json.loads(next(file))
            items = [(int(place), str(key), bool(listed)) for place, key, listed in map(json.loads, file)]
        return Plan(shard, head['total'], head['unit'], items)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise JobError(f'{folder / NAME} is missing or damaged: start shard {shard} again.') from error

"""How a shard of ``monfap predict`` says that it is finished, for ``monfap merge``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..jobs.errors import JobError
from ..jobs.shards import Shard
from ..utils.atomic_write import atomic_write
from .inputs import Inputs
from .predictions_file import NAME, SETTINGS_NAME

FINISHED = 'shard.json'
MERGED = 'shards'


@dataclass(frozen=True)
class Finished:
    """What a finished shard says.

    Attributes:
        shard: Which one, such as ``3/64``.
        files: Number of files that it has answered.
        listed: Number of files that it saw, with those of other shards.
        about: What the report says of the model.
    """

    shard: str
    files: int
    listed: int
    about: Mapping[str, object]


def refuse_whole_run(out: Path) -> None:
    """Refuse a folder that holds the answers of a run without shards.

    Raises:
        JobError: If it does.
    """
    try:
        settings = json.loads((out / SETTINGS_NAME).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        settings = {}
    if (out / NAME).exists() and MERGED not in settings:
        raise JobError(f'{out / NAME} is of a run without shards: take another folder')


def forget_finished(folder: Path) -> None:
    """From now on, the shard in this folder is at work."""
    (folder / FINISHED).unlink(missing_ok=True)


def write_finished(folder: Path, shard: Shard, inputs: Inputs, about: Mapping[str, object]) -> None:
    """Say that a shard is finished: the last file that it writes."""
    finished = Finished(str(shard), inputs.total, inputs.total + inputs.elsewhere, about)
    atomic_write(folder / FINISHED, json.dumps(asdict(finished)) + '\n')


def read_finished(folder: Path) -> Finished | None:
    """What a finished shard says; None for one that is not.

    Raises:
        JobError: If it cannot be understood.
    """
    try:
        return Finished(**json.loads((folder / FINISHED).read_text(encoding='utf-8')))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise JobError(f'{folder / FINISHED} is damaged: run this shard again with --resume ({error})') from error

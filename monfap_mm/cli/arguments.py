"""Types of arguments: what is wrong is said before anything starts."""

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path

from ..jobs.shards import Shard, parse_shard


def existing_folder(text: str) -> Path:
    """A folder that exists."""
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f'there is no folder {text}')
    return Path(text)


def existing_file(text: str) -> Path:
    """A file that exists."""
    if not os.path.isfile(text):
        raise argparse.ArgumentTypeError(f'there is no file {text}')
    return Path(text)


def positive_number(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f'must be a whole number above 0, got {text}')
    return int(text)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A whole number from ``low``, at least 0, to ``high``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f'must be a whole number from {low} to {high}, got {text}')
        return int(text)

    return parse


def share(text: str) -> float:
    """A share from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f'must be a share from 0 to 1, got {text}')
    return number


def shard(text: str) -> Shard:
    """A part of a job, such as 3/64."""
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def split_shares(text: str) -> tuple[float, float, float]:
    """Shares of train, val and test, such as ``80,10,10``; only their proportions matter."""
    try:
        train, val, test = map(float, text.split(','))
    except ValueError:
        train = -1.0
    if train < 0 or val < 0 or test < 0 or not 0 < train + val + test < math.inf:
        raise argparse.ArgumentTypeError(f'must be three numbers such as 80,10,10, got {text}')
    return train, val, test

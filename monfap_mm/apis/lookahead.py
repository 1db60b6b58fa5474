"""Work ahead, in order, in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from typing import TypeVar, cast

Item = TypeVar('Item')
Made = TypeVar('Made')


def map_ahead(
    function: Callable[[Item], Made], items: Iterable[Item], workers: int, ahead: int
) -> Generator[Made, None, None]:
    """``map`` with threads that work ahead of the consumer.

    Args:
        function: Called once per item; threads serve, since decoders of images release Python's lock.
        items: May be endless; read by the calling thread, at most ``ahead`` items before they are asked for.
        workers: Number of threads; 0 calls the function when a result is asked for.
        ahead: How many items are in work or wait for the consumer.

    Yields:
        The results, in the order of the items.
    """
    if workers == 0:
        yield from map(function, items)
        return
    items = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque(pool.submit(function, item) for item in islice(items, ahead))
        try:
            while waiting:
                made = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(items, 1))
                yield made
        finally:
            for future in waiting:
                future.cancel()


def read_ahead(items: Iterable[Item], ahead: int) -> Generator[Item, None, None]:
    """Read items in a thread of their own, at most ``ahead`` of them before they are asked for.

    Yields:
        The items, in their order.
    """
    # One worker: the calls come one after the other.
    items, end = iter(items), cast(Item, object())
    for item in map_ahead(lambda _: next(items, end), count(), workers=1, ahead=ahead):
        if item is end:
            return
        yield item


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items; the last one may be shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch

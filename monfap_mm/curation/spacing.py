"""Items at regular intervals."""

from collections.abc import Sequence


def middles(length: int, parts: int) -> list[int]:
    """The middle items of ``parts`` equal parts of ``length`` items; all items if there are no more than parts."""
    parts = min(parts, length)
    return [(2 * part + 1) * length // (2 * parts) for part in range(parts)]


def spread(items: Sequence, count: int) -> list:
    """At most ``count`` items at regular intervals, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    if count == 1:
        return [items[len(items) // 2]]
    return [items[round(step * (len(items) - 1) / (count - 1))] for step in range(count)]

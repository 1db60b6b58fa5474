"""What stands in a set twice: within a group (a split, a label), or in two of them."""

from collections.abc import Hashable


class Duplicates:
    """Remembers where each key was first seen, in each group.

    Attributes:
        within: Pairs of names that share key and group: the first one, and every later one.
        across: Pairs of names that share a key but not the group; one pair for each key and further group.
    """

    def __init__(self) -> None:
        self._first: dict[Hashable, list[tuple[str, str]]] = {}
        self.within: list[tuple[str, str]] = []
        self.across: list[tuple[str, str]] = []

    def add(self, key: Hashable, group: str, name: str) -> None:
        """Add a thing.

        Args:
            key: What duplicates share: a hash, a source.
            group: Where it stands.
            name: What to call it.
        """
        seen = self._first.setdefault(key, [])
        same = next((first for where, first in seen if where == group), None)
        if same is not None:
            self.within.append((same, name))
            return
        if seen:
            self.across.append((seen[0][1], name))
        seen.append((group, name))

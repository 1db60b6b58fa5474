"""What can go wrong while a set is curated."""


class BadInput(Exception):  # noqa: N818  (a verdict on the input, not an error of the program)
    """A broken source item: it is skipped, listed in the manifest with this reason, and counted."""

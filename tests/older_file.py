"""What is there before a command writes its output."""

from pathlib import Path


class OlderFile:
    """An older output that somebody has open: what is written over it in place shows there, a new file does not.

    Args:
        path: Where the output will be written; its folder is made if needed.
    """

    CONTENT = b'older'

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.CONTENT)
        self.path, self._file = path, path.open('rb')

    def was_replaced_as_a_whole(self) -> bool:
        """Whether another file is in its place, which was never there half written, and nothing is left beside."""
        with self._file as file:
            whole = file.read() == self.CONTENT != self.path.read_bytes()
        return whole and not list(self.path.parent.glob('.writing-*'))

"""An inferencer that the test leads."""

import threading

import numpy as np

from monfap_mm.structures import ForgeryResult

# A test that would wait for ever fails then.
SECONDS = 15


class Gate:
    """Lets a picture pass when it is told to."""

    name, threshold, max_pixels = 'gate', 0.5, 100

    def __init__(self) -> None:
        self.entered, self.open = threading.Semaphore(0), threading.Semaphore(0)
        self.names, self.inside, self.most_inside = [], 0, 0

    def wait(self) -> None:
        """Wait until a picture has come in."""
        assert self.entered.acquire(timeout=SECONDS)

    def stream(self, contents, **_):
        self.names.append(contents.name)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.entered.release()
        assert self.open.acquire(timeout=SECONDS)
        self.inside -= 1
        zeros = np.zeros((4, 4))
        yield ForgeryResult(contents.name, (4, 4), 0.1, 'real', zeros > 0, zeros, image=np.zeros((4, 4, 3), np.uint8))

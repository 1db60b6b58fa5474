"""Read what the package logs: mmengine's logger does not propagate, so pytest's ``caplog`` stays empty."""

import logging
from contextlib import contextmanager

from mmengine.logging import MMLogger


class _Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    def text(self, level=logging.INFO):
        """Messages of a level or above."""
        return '\n'.join(record.getMessage() for record in self.records if record.levelno >= level)


@contextmanager
def captured_logs():
    """Collect the records of mmengine's current logger."""
    handler, logger = _Records(), MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)

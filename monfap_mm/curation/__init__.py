"""From raw downloads to training lists: the core that all converters in ``tools/dataset_converters`` share."""

from .errors import BadInput, CurationError
from .job import Entry, Outcome, Summary, Task, run_job

__all__ = ['BadInput', 'CurationError', 'Entry', 'Outcome', 'Summary', 'Task', 'run_job']

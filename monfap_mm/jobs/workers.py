"""Working through tasks with several processes, with results in the order of the tasks."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

import cv2

from ..media.errors import BadInput
from ..utils.known import known
from .errors import JobError, JobStoppedError

# Tasks handed out ahead of the oldest unfinished one, per worker: enough to keep the others busy past a slow one.
_AHEAD = 16
# A forked worker starts at once; a spawned one imports everything again, but forking is not safe elsewhere.
_START_METHOD = 'fork' if sys.platform == 'linux' else 'spawn'


@dataclass(frozen=True)
class Failure:
    """A task that came to nothing.

    Attributes:
        reason: Why, for people.
    """

    reason: str


def map_in_order(work: Callable[[Any], Any], tasks: Iterable, workers: int) -> Generator[tuple[Any, Any], None, None]:
    """Apply a function to every task in worker processes.

    Tasks are taken from their iterator as they are needed, so memory does not grow with their number. A worker that
    dies (killed for want of memory, a crash in a decoder) takes down its fellows: the tasks under way are then done
    again, each alone, and only one that dies alone fails.

    Args:
        work: Function of a task; it and its results must pickle.
        tasks: The tasks.
        workers: Number of processes.

    Yields:
        Pairs of task and result, in the order of the tasks. The result is a :class:`Failure` if the function raised
        :class:`BadInput` or anything unforeseen.

    Raises:
        JobError: If the function raised it.
        JobStoppedError: If it raised an ``OSError``, which means that this machine fails rather than a source file.
    """
    rest, pending = iter(tasks), deque()
    while True:
        try:
            with _pool(work, workers) as pool:
                for task in rest:
                    pending.append([task, None])
                    pending[-1][1] = pool.submit(_attempt, task)
                    if len(pending) == _AHEAD * workers:
                        yield _oldest(pending)
                while pending:
                    yield _oldest(pending)
                return
        except BrokenProcessPool:
            lost, pending = pending, deque()
        for task, _ in lost:
            yield task, _attempt_alone(work, task)


def _oldest(pending: deque) -> tuple[Any, Any]:
    task, future = pending[0]
    result = future.result()
    pending.popleft()
    return task, result


def _attempt_alone(work: Callable, task: Any) -> Any:
    with _pool(work, 1) as pool:
        try:
            return pool.submit(_attempt, task).result()
        except BrokenProcessPool:
            return Failure('the worker process died on it: out of memory, or a crash in a decoder')


@contextmanager
def _pool(work: Callable, workers: int) -> Iterator[ProcessPoolExecutor]:
    # OpenCV's threads must end before a fork: a child that inherits their memory without them waits for ever.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    # Nor may a child collect what this process has left: a decoder's destructor waits for threads that it has not.
    gc.freeze()
    context = multiprocessing.get_context(_START_METHOD)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_initialize, initargs=(work,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        gc.unfreeze()
        cv2.setNumThreads(threads)


def _work(task: Any) -> Any:
    """Each worker has its own, see :func:`_initialize`."""
    raise NotImplementedError


def _initialize(work: Callable) -> None:
    global _work
    _work = work
    # Ctrl-C reaches all processes of a terminal: the parent decides, workers finish what they are at.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    cv2.setNumThreads(1)


def _exit_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever, and hold the lock of the manifest."""
    wait([known(multiprocessing.parent_process()).sentinel])
    os._exit(1)


def _attempt(task: Any) -> Any:
    try:
        return _work(task)
    except BadInput as error:
        return Failure(str(error))
    except OSError as error:
        raise JobStoppedError(str(error)) from error
    except JobError:
        raise
    # Decoders signal damage by many types of exceptions; one odd file must not end a run of hours.
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(f'{type(error).__name__}: {error} ({os.path.basename(frame.filename)}, line {frame.lineno})')

import gc
import os
import signal
import time
from itertools import count, islice

import cv2
import numpy as np
import pytest

from monfap_mm.jobs.errors import JobError
from monfap_mm.jobs.workers import Failure, map_in_order
from monfap_mm.media.errors import BadInput


def square(task):
    time.sleep(0.02 * (task % 3 == 0))
    return task * task


def stumble(task):
    if task == 3:
        raise BadInput('three is bad')
    if task == 4:
        raise KeyError('four')
    if task in (5, 20):
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def fail_to_write(task):
    if task == 2:
        raise OSError(28, 'No space left on device')
    return task


@pytest.mark.parametrize('workers', [1, 2, 5])
def test_results_come_in_order(workers):
    assert list(map_in_order(square, range(40), workers)) == [(n, n * n) for n in range(40)]


def test_tasks_are_taken_as_needed():
    taken = count()
    tasks = (next(taken) for _ in range(10**9))
    assert list(islice(map_in_order(square, tasks, 2), 3)) == [(0, 0), (1, 1), (2, 4)]
    assert next(taken) <= 2 * 16 + 3


def test_failures_are_results_and_only_the_deadly_task_dies():
    results = dict(map_in_order(stumble, range(30), 3))
    assert list(results) == list(range(30))
    failures = {task: result.reason for task, result in results.items() if isinstance(result, Failure)}
    assert failures.keys() == {3, 4, 5, 20}
    assert failures[3] == 'three is bad'
    assert failures[4].startswith("KeyError: 'four' (test_workers.py, line ")
    assert 'worker process died' in failures[5]
    assert failures[5] == failures[20]
    assert [results[task] for task in (0, 6, 29)] == [0, 6, 29]


def test_trouble_of_this_machine_ends_the_run():
    with pytest.raises(JobError, match='No space left'):
        list(map_in_order(fail_to_write, range(10), 2))


def enlarge(task):
    return int(cv2.resize(np.full((66, 88, 3), task, np.uint8), (1400, 1000), interpolation=cv2.INTER_CUBIC)[0, 0, 0])


def test_opencv_may_have_been_used_with_threads_before():
    threads = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        for workers in (1, 2):
            enlarge(0)
            time.sleep(0.1)  # now OpenCV's threads sleep: a forked worker would try to wake what it has not
            assert [result for _, result in map_in_order(enlarge, range(4), workers)] == [0, 1, 2, 3]
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(threads)


def test_no_tasks_no_results():
    assert list(map_in_order(square, [], 2)) == []


class Circle:
    """Garbage that only a collection finds; tells which process destroyed it."""

    def __init__(self, log):
        self.itself, self.log = self, log

    def __del__(self):
        self.log.write_text(str(os.getpid()))


def collect(task):
    gc.collect()
    return task


def test_workers_do_not_destroy_what_the_parent_has_left(tmp_path):
    """A destructor that waits for a thread, as a video decoder's, would wait for ever in a child."""
    log = tmp_path / 'destroyed'
    gc.disable()
    try:
        Circle(log)
        assert [result for _, result in map_in_order(collect, range(4), workers=2)] == [0, 1, 2, 3]
        assert not log.exists()
    finally:
        gc.enable()
    gc.collect()
    assert log.read_text() == str(os.getpid())

import time
from itertools import count, islice

import pytest

from monfap_mm.apis.lookahead import batched, map_ahead, read_ahead


@pytest.mark.parametrize('workers', [0, 1, 3])
def test_order_is_kept(workers):
    def slow_first(number):
        time.sleep(0.02 if number == 0 else 0)
        return number**2

    assert list(map_ahead(slow_first, range(10), workers, ahead=4)) == [number**2 for number in range(10)]


@pytest.mark.parametrize(('workers', 'ahead'), [(0, 1), (1, 2), (2, 5)])
def test_looks_no_further_ahead_than_it_may(workers, ahead):
    read = []

    def items():
        for number in count():  # endless
            read.append(number)
            yield number

    made = map_ahead(lambda number: number, items(), workers, ahead)
    assert list(islice(made, 3)) == [0, 1, 2]
    assert len(read) <= 3 + ahead
    made.close()


def test_an_error_reaches_the_consumer():
    with pytest.raises(ZeroDivisionError):
        list(map_ahead(lambda number: 1 // number, [1, 0, 1], workers=2, ahead=2))


def test_batched():
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []


def test_items_are_read_ahead_in_order_and_no_further_than_they_may():
    read = []

    def items():
        for number in count():
            read.append(number)
            yield number

    made = read_ahead(items(), ahead=3)
    assert list(islice(made, 4)) == [0, 1, 2, 3]
    made.close()  # waits for the thread
    assert len(read) <= 4 + 3
    assert list(read_ahead(range(10), ahead=3)) == list(range(10))
    assert list(read_ahead([], ahead=3)) == []


def test_an_error_of_the_items_comes_after_those_before_it():
    made = read_ahead((1 // number for number in (1, 1, 0, 1)), ahead=2)
    assert [next(made), next(made)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(made)

"""Reading ahead changes when items are made and nothing else."""

import threading

import pytest

from loyaltysite.kit.ahead import read_ahead
from tests.fixtures.waiting import until


def test_items_come_in_their_order():
    assert list(read_ahead(range(100), most=3)) == list(range(100))


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("torn")

    ahead = read_ahead(items())

    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(ValueError, match="torn"):
        next(ahead)


def test_only_so_many_are_made_in_advance():
    made = []
    third = threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    ahead = read_ahead(items(), most=2)
    next(ahead)

    # One is in use, two wait, and one more is in the maker's hand.
    until(third.is_set, what="the maker has made the third")
    assert made == [0, 1, 2, 3]
    ahead.close()


def test_nobody_goes_on_making_items_that_nobody_wants():
    before = set(threading.enumerate())
    ahead = read_ahead(iter(int, 1))
    next(ahead)

    ahead.close()

    assert set(threading.enumerate()) <= before

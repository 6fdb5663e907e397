"""Points that are held in their lots, on one wallet in memory. Numbers in comments are lines of SEMANTICS."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from rewards.books import Book

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def book():
    """100 points that end in ten days and 50 that never end."""
    numbers = itertools.count(1)
    book = Book(1, 1, 1, 1, lambda: next(numbers), is_new=True)
    for amount, ends in ((50, None), (100, START + 10 * DAY)):
        book.credit("earn", amount, at=START, moment=START, active_at=START, expires_at=ends)
    return book


def balances(book):
    return book.active, book.reserved, book.arrears


def changes(book, count):
    """The last entries as (kind, change of active, of reserved, of arrears)."""
    return [(row[3], row[7], row[8], row[9]) for row in book.entries[-count:]]


def owe(book, amount):
    book.reverse(
        amount, at=START, moment=START, fact_id=9, order_id=9, own=(), ended=0, limit=None, mode="arrears"
    )


def test_held_points_are_taken_in_order_of_use_and_stay_in_their_lots(book):
    parts = book.reserve(120, moment=START, fact_id=1)

    assert [(lot.expires_at, part) for lot, part in parts] == [(START + 10 * DAY, 100), (None, 20)]  # 5
    assert balances(book) == (30, 120, 0)
    assert sum(lot.remaining for lot in book.lots.values()) == 150  # 6


def test_held_points_do_not_end(book):
    book.reserve(60, moment=START, fact_id=1)

    book.settle(START + 30 * DAY)

    assert changes(book, 1) == [("expire", -40, 0, 0)]  # 13: what is not held of the lot
    assert balances(book) == (50, 60, 0)


def test_held_points_are_spent(book):
    parts = book.reserve(120, moment=START, fact_id=1)

    book.confirm(parts, moment=START + DAY, fact_id=2)

    assert changes(book, 1) == [("spend", 0, -120, 0)]
    assert sum(lot.remaining for lot in book.lots.values()) == 30


def test_released_points_are_as_before(book):
    parts = book.reserve(120, moment=START, fact_id=1)

    book.release(parts, moment=START + DAY, fact_id=2)
    book.settle(START + 30 * DAY)

    assert changes(book, 2) == [("release", 120, -120, 0), ("expire", -100, 0, 0)]
    assert balances(book) == (50, 0, 0)


def test_released_past_its_date_a_lot_ends_at_once(book):
    parts = book.reserve(100, moment=START, fact_id=1)

    book.release(parts, moment=START + 30 * DAY, fact_id=2)

    assert changes(book, 2) == [("release", 100, -100, 0), ("expire", -100, 0, 0)]  # 13
    assert balances(book) == (50, 0, 0)


def test_a_failure_of_ours_gives_a_lot_of_grace(book):
    parts = book.reserve(120, moment=START, fact_id=1)
    late = START + 30 * DAY

    book.release(parts, moment=late, fact_id=2, grace_until=late + DAY)

    assert changes(book, 3) == [
        ("release", 120, -120, 0), ("expire", -100, 0, 0), ("reinstate", 100, 0, 0)
    ]  # 13 # fmt: skip
    new = max(book.lots.values(), key=lambda lot: lot.id)
    assert (new.granted, new.expires_at, new.origin_id) == (100, late + DAY, parts[0][0].id)


def test_released_points_repay_arrears_first(book):
    parts = book.reserve(150, moment=START, fact_id=1)
    owe(book, 130)

    book.release(parts, moment=START + DAY, fact_id=2)

    assert balances(book) == (20, 0, 0)  # 26
    assert changes(book, 3) == [
        ("reverse", 0, -100, -100), ("reverse", 0, -30, -30), ("release", 20, -20, 0)
    ]  # fmt: skip
    # Never are points usable while something is owed.
    assert all(not (row[11] and row[13]) for row in book.entries)

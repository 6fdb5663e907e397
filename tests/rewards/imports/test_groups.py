"""Rows of one order come together, in little memory, and never as less than the whole."""

import pytest

from rewards.imports import groups
from rewards.imports.groups import Grouping

BAD = "unreadable"


def group(*rows: str) -> list[tuple[str, list[int], str]]:
    """What becomes of rows named by their order's key; "!" is a damaged row, "?" names no order."""
    read = [
        (number, ["" if row in "!?" else row], BAD if row == "!" else "")
        for number, row in enumerate(rows, 2)
    ]
    found = Grouping(lambda cells: cells[0]).groups(read)
    return [(each.key, each.numbers, each.fault[1] if each.fault else "") for each in found]


def test_adjacent_rows_are_one_order():
    assert group("a", "a", "b") == [("a", [2, 3], ""), ("b", [4], "")]


def test_orders_that_are_mixed_a_little_come_together():
    assert group("a", "b", "a") == [("a", [2, 4], ""), ("b", [3], "")]


def test_an_order_that_appears_again_much_later_is_a_group_of_its_own(monkeypatch):
    monkeypatch.setattr(groups, "OPEN", 2)

    assert [key for key, _numbers, _fault in group("a", "b", "c", "a")] == ["a", "b", "c", "a"]


def test_an_unreadable_row_takes_its_neighbours_along():
    found = group("a", "b", "!", "c", "d")

    assert ("a", [2], "") in found
    assert ("", [4], "row_unreadable") in found
    assert ("b", [3], "row_beside") in found
    assert ("c", [5], "row_beside") in found
    assert ("d", [6], "") in found


def test_a_row_without_an_order_is_refused_with_its_neighbours():
    found = group("a", "?", "b")

    assert sorted(fault for _key, _numbers, fault in found) == ["order_missing", "row_beside", "row_beside"]


def test_a_later_part_of_a_refused_order_is_refused_too(monkeypatch):
    monkeypatch.setattr(groups, "OPEN", 1)

    found = group("a", "!", "b", "c", "a")

    assert found[-1] == ("a", [6], "order_refused")


def test_an_order_without_end_is_refused_in_pieces(monkeypatch):
    monkeypatch.setattr(groups, "MOST_ROWS", 3)

    found = group(*"aaaaaaaaa", "b")

    assert [(len(numbers), fault) for _key, numbers, fault in found] == [
        (4, "too_many_rows"),
        (4, "order_refused"),
        (1, "order_refused"),
        (1, ""),
    ]


@pytest.mark.parametrize("count", [1, 100])
def test_no_more_than_the_window_is_kept(count):
    grouping = Grouping(lambda cells: cells[0])
    most = 0

    for _group in grouping.groups((number, [str(number)], "") for number in range(count)):
        most = max(most, len(grouping.open))

    assert most <= groups.OPEN


def test_an_order_of_too_much_text_is_refused_before_it_fills_memory(monkeypatch):
    monkeypatch.setattr(groups, "MOST_TEXT", 100)
    rows = [(number, ["a", "x" * 40], "") for number in range(2, 6)]

    found = list(Grouping(lambda cells: cells[0]).groups([*rows, (6, ["b", "y"], "")]))

    # The rest of it is refused too: no part passes for the whole.
    assert [(each.numbers, each.fault[1] if each.fault else "") for each in found] == [
        ([2, 3, 4], "too_many_rows"),
        ([5], "order_refused"),
        ([6], ""),
    ]

"""CSV as shops write it: rows with their line numbers, and what is wrong with those that are damaged."""

import io

import pytest

from rewards.imports import tables
from rewards.imports.sources import LONGEST_LINE, Lines, SourceUnreadable
from rewards.imports.tables import LONGEST_CELL, Table


def table(text: str, **options) -> Table:
    return Table(Lines(io.StringIO(text, newline=""), "utf-8"), **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(delimiter):
    found = table(delimiter.join(["a", "b b", "c"]) + "\n" + delimiter.join("123") + "\n")

    assert found.header == ["a", "b b", "c"]
    assert list(found.rows()) == [(2, ["1", "2", "3"], "")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_row_numbers_are_lines_also_after_quoted_line_breaks(ending):
    text = ending.join(["a,b", '1,"x', 'y"', "", "2,z", ""])

    rows = list(table(text).rows())

    assert [(number, cells[0]) for number, cells, _fault in rows] == [(2, "1"), (5, "2")]


DAMAGED = {
    "too few": ("1\n2,3\n", "1 cells and the header 2"),
    "too many": ("1,2,3\n2,3\n", "3 cells and the header 2"),
    "quotes": ('"1"x,2\n2,3\n', "quotes do not fit"),
    "huge": (f"{'1' * (LONGEST_CELL + 1)},2\n2,3\n", "a cell is longer than"),
    "zero": ("1\0,2\n2,3\n", "zero byte"),
}


@pytest.mark.parametrize(("text", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_row_says_why_and_the_next_is_read(text, reason):
    (first, second) = table("a,b\n" + text).rows()

    assert first[0] == 2
    assert reason in first[2]
    assert len(first[1]) == 2
    assert second == (3, ["2", "3"], "")


def test_an_open_quote_at_the_end_is_noticed():
    (row,) = table('a,b\n1,"2\n').rows()

    assert "ends inside a quoted cell" in row[2]


HEADERS = {"no names": (",,\n1,2,3\n", "must name"), "twice": ("a,b,a\n", "column a is there twice")}


@pytest.mark.parametrize(("text", "sentence"), HEADERS.values(), ids=HEADERS)
def test_refuses_a_header_that_does_not_name_the_columns(text, sentence):
    with pytest.raises(SourceUnreadable, match=sentence):
        table(text)


def test_a_header_of_thousands_of_columns_is_refused_at_once():
    with pytest.raises(SourceUnreadable, match="more than 500"):
        Table(Lines(io.StringIO(",".join(f"c{n}" for n in range(100_000))), "utf-8"))


def test_a_row_that_goes_on_over_many_lines_is_rejected_with_its_number():
    endless = '"\n",' * (LONGEST_LINE // 3)

    rows = table("a,b\n1,2\n" + endless + "3\n4,5\n").rows()

    assert next(rows) == (2, ["1", "2"], "")
    number, cells, fault = next(rows)
    assert (number, cells) == (3, ["", ""])
    assert "longer than a million characters" in fault


def test_many_rows_are_no_long_row():
    text = "a,b\n" + '"1\n",2\n' * 200_000

    assert {fault for _number, _cells, fault in table(text).rows()} == {""}


def test_endless_empty_lines_end_the_reading_with_their_number(monkeypatch):
    monkeypatch.setattr(tables, "MOST_EMPTY", 100)
    rows = table("a,b\n1,2\n" + "\n" * 100 + "3,4\n" + "\n" * 101 + "5,6\n").rows()

    assert [next(rows)[0], next(rows)[0]] == [2, 103]
    with pytest.raises(SourceUnreadable, match="Row 204: Nothing but empty lines"):
        next(rows)


def test_a_source_that_breaks_off_names_the_row():
    def lines():
        yield "a,b\n"
        yield "1,2\n"
        raise SourceUnreadable("It breaks off.")

    source = type("Broken", (Lines,), {"__iter__": lambda _self: lines()})(io.StringIO(""), "utf-8")

    with pytest.raises(SourceUnreadable, match="Row 3: It breaks off"):
        list(Table(source).rows())

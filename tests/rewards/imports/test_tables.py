"""CSV as shops write it: rows with their line numbers, and what is wrong with those that are damaged."""

import io

import pytest

from rewards.imports.sources import Lines, SourceUnreadable
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

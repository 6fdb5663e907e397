"""CSV with a header: text lines become rows with the number of the line on which each begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.utils.translation import gettext as _

from rewards.imports.sources import Lines, SourceUnreadable

# No cell of an order is longer; a quote that is never closed is noticed here and not at the end of the file.
LONGEST_CELL = 20_000
MOST_COLUMNS = 500
# So many lines with nothing in them, one after the other, and nobody waits for the next row: a spreadsheet has as many.
MOST_EMPTY = 1 << 20
DELIMITERS = (",", ";", "\t", "|")

# Line number, cells (always as many as the header has), and what is wrong with the row: "" for a good one.
Row = tuple[int, list[str], str]


class Table:
    """`header` is read at once; rows() reads on from there."""

    def __init__(self, lines: Lines, *, delimiter: str | None = None) -> None:
        self.lines = lines
        self._iterator = iter(lines)
        first = next(self._iterator, "").strip("\r\n")
        lines.row = 0
        self.delimiter = delimiter or max(DELIMITERS, key=first.count)
        try:
            self.header = [cell.strip() for cell in next(csv.reader([first], delimiter=self.delimiter), [])]
        except csv.Error:
            self.header = []
        if lines.fault or not any(self.header):
            raise SourceUnreadable(_("The first line must name the columns."))
        if len(self.header) > MOST_COLUMNS:
            raise SourceUnreadable(_("The file has more than %(most)s columns."), most=MOST_COLUMNS)
        repeated = sorted({name for name in self.header if name and self.header.count(name) > 1})
        if repeated:
            raise SourceUnreadable(_("The column %(name)s is there twice."), name=repeated[0])

    def rows(self) -> Iterator[Row]:
        """Every row but empty ones. A damaged row comes with its reason and whatever cells could be read."""
        before = csv.field_size_limit(LONGEST_CELL)
        try:
            yield from self._rows()
        finally:
            csv.field_size_limit(before)

    def _rows(self) -> Iterator[Row]:
        width, lines, begin, empty = len(self.header), self.lines, 2, 0
        reader = csv.reader(self._iterator, delimiter=self.delimiter, strict=True)
        while True:
            fault = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = [], _explain(error)
            except SourceUnreadable as error:
                error.message = _at(begin, str(error))
                raise
            number, begin, lines.row = begin, reader.line_num + 2, 0
            if lines.fault:
                cells, fault, lines.fault = _printable(cells), lines.fault, ""
            if not fault and len(cells) != width:
                if not cells:
                    empty += 1
                    if empty > MOST_EMPTY:
                        raise SourceUnreadable(_at(number, _("Nothing but empty lines follows.")))
                    continue
                fault = _("it has %(found)d cells and the header %(expected)d") % {
                    "found": len(cells),
                    "expected": width,
                }
            empty = 0
            yield number, (cells + [""] * width)[:width] if fault else cells, fault


def _at(row: int, reason: str) -> str:
    return _("Row %(row)d: %(reason)s") % {"row": row, "reason": reason}


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return _("a cell is longer than %(limit)s characters; is a quote not closed?") % {
            "limit": f"{LONGEST_CELL:,}"
        }
    if "unexpected end" in text:
        return _("the file ends inside a quoted cell")
    return _("its quotes do not fit together")


def _printable(cells: list[str]) -> list[str]:
    return [cell.encode("utf-8", "replace").decode().replace("\0", "?") for cell in cells]

"""What a file of codes says: one code a row, the first column where there are more. Read in pieces of whole rows.

Letters, digits and signs of ASCII, which nearly all files have only, are read all at once; any others one by one. Both
find the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rewards.pools import signs

PIECE = 1 << 20
# A row is no longer than this; beyond it something else than codes is in the file.
LONGEST_ROW = 4096
HEADERS = frozenset(
    {b"CODE", b"CODES", b"COUPON", b"COUPONCODE", b"VOUCHER", b"VOUCHERCODE", b"SERIAL", b"NUMBER"}
)
BETWEEN = ",;\t|"
MARK = b"\xef\xbb\xbf"
PLAIN = bytes(range(32, 127)) + b"\t\n"
MORE_COLUMNS = re.compile(rb"[,;\t|][^\n]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows in their order, empty ones too: in `codes` the code of each in its one form, b"" where there is none."""

    cells: list[bytes]
    codes: list[bytes]

    def text(self, place: int) -> str:
        """What stood in a row; "" where it was empty."""
        return self.cells[place].decode(errors="replace").strip().strip('"').strip()


def piece(path: Path, position: int) -> bytes:
    """Whole rows from this byte on, "" at the end. What never ends is given as it is and refused row by row."""
    with path.open("rb") as file:
        file.seek(position)
        found = file.read(PIECE)
        if len(found) < PIECE or found.endswith(b"\n"):
            return found
        rest = file.readline(LONGEST_ROW)
        return found + rest


def read(content: bytes, *, is_first: bool) -> Piece:
    """The rows of a piece; a heading at the beginning of the file is none."""
    content = content.removeprefix(MARK) if is_first else content
    found = _plain(content.replace(b"\r\n", b"\n")) or _any(content)
    if is_first:
        first = next((place for place in range(len(found.cells)) if found.text(place)), 0)
        if found.codes[first].replace(b"_", b"") in HEADERS:
            found.cells[first] = found.codes[first] = b""
    return found


def _plain(content: bytes) -> Piece | None:
    """The rows of a piece in a few passes over all of it; None where it has other signs or rows that are too long."""
    if content.translate(None, PLAIN):
        return None
    if any(sign.encode() in content for sign in BETWEEN):
        content = MORE_COLUMNS.sub(b"", content)
    cells = content.split(b"\n")
    if b'"' in content:
        cells = [cell.strip().strip(b'"').strip() for cell in cells]
        content = b"\n".join(cells)
    if max(map(len, cells)) > signs.LONGEST_TYPED:
        return None
    return Piece(cells, signs.cleaned(content))


def _any(content: bytes) -> Piece:
    """The same row by row. A row is cut where a column ends; what is no UTF-8 stands as a sign that no code has."""
    cells = [_cell(line) for line in content.decode("utf-8", "replace").split("\n")]
    return Piece([cell.encode() for cell in cells], [signs.clean(cell).encode() for cell in cells])


def _cell(line: str) -> str:
    """The first column, without quotation marks around it."""
    for sign in BETWEEN:
        if sign in line:
            line = line.partition(sign)[0]
    return line.strip().strip('"').strip()

"""Where the rows come from: a file or standard input, plain, gzip or xz (told by its first bytes), as text lines."""

from __future__ import annotations

import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from rewards.imports.packing import SourceTooLong, SourceUnreadable, unpacked

__all__ = ["STANDARD_INPUT", "Lines", "Source", "SourceTooLong", "SourceUnreadable", "opened"]

STANDARD_INPUT = "-"
# Characters of a row, be it in one line or, with quotes, in many. A line of more than the second is no table's.
LONGEST_LINE = 1 << 20
LONGEST_SKIPPED = 16 << 20
# Bytes that a command reads of one file, unpacked.
MOST = 100 << 30
ZIP = b"PK\x03\x04"
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# What a byte outside the encoding was turned into, and the zero byte that no text column can hold.
BAD = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Source:
    """`size` in bytes where it is known; `position()` says how many of them have been read."""

    name: str
    size: int | None
    position: Callable[[], int]
    lines: Lines


class Lines:
    """The lines of a text, endings kept. `fault` is set when one of them was damaged and stays until it is cleared.

    `row` counts the characters of a row that goes over several lines; whoever knows where rows end sets it to zero."""

    def __init__(self, text: io.TextIOBase, encoding: str) -> None:
        self.text = text
        self.encoding = encoding
        self.fault = ""
        self.row = 0

    def __iter__(self) -> Iterator[str]:
        read = self.text.readline
        while line := self._read(read):
            self.row += len(line)
            if self.row >= LONGEST_LINE and not (self.row == len(line) and line.endswith(("\n", "\r"))):
                line = self._cut(line, read)
            elif (not line.isascii() or "\0" in line) and (found := BAD.search(line)):
                self.fault = self._complain(found[0])
            yield line

    def _read(self, read: Callable[[int], str]) -> str:
        try:
            return read(LONGEST_LINE)
        except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            raise SourceUnreadable(
                _("The file breaks off: it is damaged or not complete (%(reason)s)."), reason=str(error)
            ) from error
        except UnicodeError as error:
            raise SourceUnreadable(
                _("The file is not %(encoding)s text; name its encoding with --encoding."),
                encoding=self.encoding,
            ) from error

    def _cut(self, line: str, read: Callable[[int], str]) -> str:
        """What stands in place of a line that is too long, or that a row grows too long with."""
        self.fault = _("this row is longer than a million characters")
        is_first, skipped, self.row = self.row == len(line), 0, 0
        while line and not line.endswith(("\n", "\r")):
            line = self._read(read)
            skipped += len(line)
            if skipped > LONGEST_SKIPPED:
                raise SourceUnreadable(_("One line of the file has no end; it cannot be a table."))
        # Within quotes, where alone a row goes on, this is no way to go on: the reader ends the row there.
        return "\n" if is_first else '"x\n'

    def _complain(self, character: str) -> str:
        if character == "\0":
            return _("it holds a zero byte")
        return _("it is not %(encoding)s text; name the file's encoding with --encoding") % {
            "encoding": self.encoding
        }


@contextmanager
def opened(path: str, *, encoding: str | None = None, most: int = MOST) -> Iterator[Source]:
    """Open a file, or standard input for "-", to read at most `most` bytes of what is in it when unpacked.

    Raises SourceUnreadable with one sentence, SourceTooLong when these are read and there are more."""
    _check_encoding(encoding)
    with _raw(path) as (raw, size):
        binary = _unpacked(raw, most)
        head = _peek(binary)
        if not head:
            raise SourceUnreadable(_("The file is empty."))
        name = encoding or MARKS.get(head[:2], "utf-8")
        text = io.TextIOWrapper(
            cast("BinaryIO", binary),
            encoding="utf-8-sig" if name.lower() in ("utf-8", "utf8") else name,
            errors="surrogateescape",
            newline="",
        )
        yield Source(path, size, _position(raw), Lines(text, name))


def _check_encoding(encoding: str | None) -> None:
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        raise SourceUnreadable(_("There is no encoding %(name)s."), name=encoding) from None


@contextmanager
def _raw(path: str) -> Iterator[tuple[io.BufferedReader, int | None]]:
    if path == STANDARD_INPUT:
        yield cast("io.BufferedReader", sys.stdin.buffer), None
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except IsADirectoryError:
        raise SourceUnreadable(_("%(path)s is a folder; name a file in it."), path=path) from None
    except OSError as error:
        raise SourceUnreadable(
            _("%(path)s cannot be opened: %(reason)s."), path=path, reason=error.strerror
        ) from None
    with file:
        yield file, Path(path).stat().st_size or None


def _position(raw: io.BufferedReader) -> Callable[[], int]:
    try:
        raw.tell()
    except OSError:
        return lambda: 0
    return raw.tell


def _peek(binary: io.BufferedReader) -> bytes:
    try:
        return binary.peek(6)[:6]
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        raise SourceUnreadable(_("The file cannot be unpacked: %(reason)s."), reason=str(error)) from error


def _unpacked(raw: io.BufferedReader, most: int) -> io.BufferedReader:
    head = _peek(raw)
    if head.startswith(ZIP):
        raise SourceUnreadable(_("This is a spreadsheet or a ZIP archive; save the sheet as CSV first."))
    return unpacked(raw, head, most=most)

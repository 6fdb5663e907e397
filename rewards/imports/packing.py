"""Packed bytes become plain ones, never more than were allowed: a small file may hold endless rows."""

from __future__ import annotations

import gzip
import io
import lzma
from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
# What unpacking may take of the memory; xz -9 asks for 65 MB.
MEMORY = 128 << 20
CHUNK = 1 << 16


class SourceUnreadable(DomainError):
    """The file as a whole cannot be read, or not to its end."""

    code = "source_unreadable"


class SourceTooLong(SourceUnreadable):
    """There is more in the file than may be read of it."""

    code = "source_too_long"
    message = _("There is more in this file than the %(most)s MB that may be read of one.")


class Bounded(io.RawIOBase):
    """The bytes of another stream, at most so many. Raises SourceTooLong where there are more."""

    def __init__(self, inner: Any, most: int) -> None:
        self.inner, self.most, self.left = inner, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        data = self.inner.read1(len(memoryview(buffer)))
        self.left -= len(data)
        if self.left < 0:
            raise SourceTooLong(most=self.most >> 20)
        memoryview(buffer)[: len(data)] = data
        return len(data)


class Unxz:
    """An xz file, several one after the other too. The library's own reader takes as much memory as the file asks for,
    which may be 4 GB."""

    def __init__(self, raw: io.BufferedReader) -> None:
        self.raw, self.waiting = raw, b""
        self.machine = self._machine()

    def read1(self, size: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end. Raises EOFError in the middle of it, lzma.LZMAError."""
        while True:
            if self.machine.eof and not self._next():
                return b""
            given = b""
            if self.machine.needs_input:
                given, self.waiting = self.waiting or self.raw.read1(CHUNK), b""
                if not given:
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            if data := self.machine.decompress(given, size):
                return data

    def _next(self) -> bool:
        """Whether another stream follows this one."""
        rest = self.machine.unused_data.lstrip(b"\0")
        while not rest and (more := self.raw.read1(CHUNK)):
            rest = more.lstrip(b"\0")
        if rest:
            self.machine, self.waiting = self._machine(), rest
        return bool(rest)

    @staticmethod
    def _machine() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY)


def unpacked(raw: io.BufferedReader, head: bytes, *, most: int) -> io.BufferedReader:
    """The plain bytes of a file that begins with `head`, at most `most` of them."""
    inner: Any = raw
    if head.startswith(GZIP):
        inner = gzip.GzipFile(fileobj=raw)
    elif head.startswith(XZ):
        inner = Unxz(raw)
    return cast("io.BufferedReader", io.BufferedReader(Bounded(inner, most), CHUNK))

"""What can be read, and the one sentence for each thing that cannot."""

import gzip
import io
import lzma
import sys

import pytest

from rewards.imports import packing
from rewards.imports.sources import (
    LONGEST_LINE,
    LONGEST_SKIPPED,
    SourceTooLong,
    SourceUnreadable,
    opened,
)
from tests.rewards.imports.files import write

TEXT = "a,b\n1,é\n"
WHOLE = ["a,b\n", "1,é\n"]


def lines_of(path, **options):
    with opened(str(path), **options) as source:
        return list(source.lines)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT.encode(), id="plain"),
        pytest.param(gzip.compress(TEXT.encode()), id="gzip"),
        pytest.param(lzma.compress(TEXT.encode()), id="xz"),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), id="byte order mark"),
        pytest.param(TEXT.encode("utf-16"), id="utf-16"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf" + TEXT.encode()), id="byte order mark in gzip"),
    ],
)
def test_reads_what_the_first_bytes_say_whatever_the_name(tmp_path, data):
    path = write(tmp_path / "orders.txt", data)

    assert lines_of(path) == WHOLE


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_reads_standard_input(monkeypatch, pack):
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(TEXT.encode()))))
    monkeypatch.setattr(sys, "stdin", stdin)

    with opened("-") as source:
        assert list(source.lines) == WHOLE
        assert source.size is None


def test_position_moves_through_a_packed_file(tmp_path):
    path = write(tmp_path / "orders.gz", gzip.compress(TEXT.encode() * 1000))

    with opened(str(path)) as source:
        list(source.lines)

        assert source.position() == source.size == path.stat().st_size


def test_another_encoding_is_named(tmp_path):
    path = write(tmp_path / "orders.csv", TEXT.encode("cp1252"))

    assert lines_of(path, encoding="cp1252") == WHOLE


REFUSALS = {
    "empty": (b"", "The file is empty."),
    "packed empty": (gzip.compress(b""), "The file is empty."),
    "spreadsheet": (b"PK\x03\x04rest", "spreadsheet or a ZIP archive"),
    "broken gzip": (b"\x1f\x8b\x08broken", "cannot be unpacked"),
    "broken xz": (b"\xfd7zXZ\x00broken", "cannot be unpacked"),
}


@pytest.mark.parametrize(("data", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_refuses_in_one_sentence(tmp_path, data, sentence):
    path = write(tmp_path / "orders.csv", data)

    with pytest.raises(SourceUnreadable, match=sentence):
        lines_of(path)


def test_refuses_a_folder(tmp_path):
    with pytest.raises(SourceUnreadable, match="is a folder"):
        lines_of(tmp_path)


def test_refuses_what_is_not_there(tmp_path):
    with pytest.raises(SourceUnreadable, match=r"cannot be opened: No such file"):
        lines_of(tmp_path / "orders.csv")


def test_refuses_an_unknown_encoding(tmp_path):
    with pytest.raises(SourceUnreadable, match="no encoding klingon"):
        lines_of(write(tmp_path / "orders.csv", TEXT), encoding="klingon")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_file_that_breaks_off_gives_what_came_before(tmp_path, pack):
    # Arrange: noise does not shrink, so that half of the packed file is about half of the rows.
    text = "".join(f"{number * 2654435761 % 2**64},{number}\n" for number in range(20_000))
    packed = pack(text.encode())
    path = write(tmp_path / "orders", packed[: len(packed) // 2])
    found = []

    with pytest.raises(SourceUnreadable, match="breaks off"), opened(str(path)) as source:
        found.extend(source.lines)

    assert 0 < len(found) < 20_000


FAULTS = {
    "zero byte": (b"1,\x002\n", "a zero byte"),
    "not text": (b"1,\xe9\n", "not utf-8 text"),
    "endless": (b"x" * (LONGEST_LINE + 5) + b"\n", "longer than a million"),
}


@pytest.mark.parametrize(("line", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_damaged_line_is_marked_and_reading_goes_on(tmp_path, line, reason):
    path = write(tmp_path / "orders.csv", b"a,b\n" + line + b"3,4\n")

    with opened(str(path)) as source:
        reader = iter(source.lines)
        next(reader)
        next(reader)

        assert reason in source.lines.fault
        assert next(reader) == "3,4\n"


MANY = "".join(f"{number},{number}\n" for number in range(50_000))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_no_more_is_read_than_is_allowed(tmp_path, pack):
    path = write(tmp_path / "orders", pack(MANY.encode()))
    found = []

    with (
        pytest.raises(SourceTooLong, match="more in this file than the 0 MB"),
        opened(str(path), most=200_000) as source,
    ):
        found.extend(source.lines)

    assert 100_000 < sum(map(len, found)) <= 200_000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_what_is_just_allowed_is_read_whole(tmp_path, pack):
    path = write(tmp_path / "orders", pack(MANY.encode()))

    assert "".join(lines_of(path, most=len(MANY))) == MANY


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_several_packed_files_in_one_are_read_one_after_the_other(tmp_path, pack):
    path = write(tmp_path / "orders", pack(b"a,b\n") + pack(b"1,2\n"))

    assert lines_of(path) == ["a,b\n", "1,2\n"]


def test_xz_may_end_with_padding(tmp_path):
    assert lines_of(write(tmp_path / "orders.xz", lzma.compress(TEXT.encode()) + bytes(8))) == WHOLE


def test_an_xz_file_cannot_ask_for_all_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "MEMORY", 1 << 20)
    path = write(tmp_path / "orders.xz", lzma.compress(TEXT.encode(), preset=6))

    with pytest.raises(SourceUnreadable, match="Memory usage limit"):
        lines_of(path)


def test_a_line_without_end_ends_the_reading(tmp_path):
    bomb = gzip.compress(b"a,b\n" + b"x" * (LONGEST_LINE + LONGEST_SKIPPED + 2))

    with pytest.raises(SourceUnreadable, match="One line of the file has no end"):
        lines_of(write(tmp_path / "orders.gz", bomb))

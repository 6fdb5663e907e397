"""Files of codes: read all at once where they are plain, and row by row with the same result (41)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rewards.pools import files, signs

# What codes, columns and quotation marks are made of, and what they are not.
SIGNS = st.sampled_from([*list('aZ09-._#<,;\t|" \r\n'), "\r\n", "code\n", "x" * 70, "-" * 300])


def said(piece):
    return [(piece.text(place), code) for place, code in enumerate(piece.codes)]


@given(st.lists(SIGNS, max_size=60).map("".join))
@example('"a" "b"\n" " cde')
@example("a-b-c\n" + "-" * 260 + "abc")
def test_a_plain_file_says_the_same_all_at_once_and_row_by_row(text):
    at_once = files._plain(text.replace("\r\n", "\n").encode())

    assert at_once is None or said(at_once) == said(files._any(text.encode()))


@pytest.mark.parametrize("text", ["ABC-1\nABC-2;5\r\n", '"abc1","x"\n\n', "a,b\nc|d"])
def test_plain_files_are_read_all_at_once(text):
    assert files._plain(text.replace("\r\n", "\n").encode()) is not None


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"Code\nAB-1\n", [b"", b"AB1", b""]),
        (b"\n\nvoucher_code;x\nAB-1", [b"", b"", b"", b"AB1"]),
        (b"\xef\xbb\xbfserial\nAB-1", [b"", b"AB1"]),
        ("Code\n٢٠٢٦ABC\n".encode(), [b"", b"2026ABC", b""]),
        (b"\xff\xfeabc\nABC", [b"", b"ABC"]),
        (b"", [b""]),
    ],
)
def test_headings_marks_and_other_scripts(content, codes):
    assert files.read(content, is_first=True).codes == codes


def test_a_heading_stands_at_the_beginning_only():
    assert files.read(b"CODE\nABC", is_first=False).codes == [b"CODE", b"ABC"]


@given(st.lists(st.text(alphabet=[chr(n) for n in range(32, 127)], max_size=70)))
def test_codes_cleaned_together_are_those_cleaned_one_by_one(rows):
    together = signs.cleaned("\n".join(rows).encode())

    assert together == [signs.clean(row).encode() for row in rows or [""]]


def test_digests_made_together_are_those_made_one_by_one():
    keeper = signs.Keeper(7)

    assert keeper.digests([b"SUMMER", b""]) == [keeper.digest("SUMMER"), b""]

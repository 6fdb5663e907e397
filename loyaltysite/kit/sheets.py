"""Files for spreadsheets: cells that are never run, written line by line, in an answer that nobody guesses about or keeps."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse

# A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TYPE = "text/csv; charset=utf-8"


class Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def safe(value: Any) -> str:
    """The text of a cell; one that a spreadsheet would take for a formula begins with an apostrophe."""
    text = "" if value is None else str(value)
    is_figure = isinstance(value, (int, float, Decimal))
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) and not is_figure else text


def attach(body: str | Iterable[str], name: str) -> HttpResponse:
    """A download of this name (ASCII, with its ending); it is streamed unless it is there as a whole."""
    kind = HttpResponse if isinstance(body, str) else StreamingHttpResponse
    # To the types alone a streamed answer is none; views may give either.
    answer = cast("HttpResponse", kind(body, content_type=TYPE))
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer

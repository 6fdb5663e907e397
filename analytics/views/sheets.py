"""Tables for spreadsheets: CSV with a name, safe to open."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponse

from loyaltysite.kit import formats
from loyaltysite.kit.sheets import attach, safe
from members.models import Program


def as_csv(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download called `name`.csv. It begins with a mark so that spreadsheets read UTF-8."""
    response: HttpResponse = attach("\ufeff", f"{name}.csv")
    writer = csv.writer(response)
    writer.writerow([safe(head) for head in heads])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return response


def major(minor: int, program: Program) -> Decimal:
    """Minor units as money is written in a file: 12.50."""
    return Decimal(minor).scaleb(-formats.minor_digits(program.currency))

"""Tables that stand on a page and go out as CSV: the same rows, once in the reader's writing and once for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _

from analytics.liability.triangles import NEVER
from analytics.views import sheets
from loyaltysite.kit import formats
from members.models import Program
from rewards.models import Unit

type Kind = Literal["text", "month", "day", "units", "money", "share", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """`css` says from which width on it is shown."""

    name: str
    kind: Kind = "text"
    css: str = ""

    @property
    def is_figure(self) -> bool:
        return self.kind not in ("text", "month", "day")

    @property
    def classes(self) -> str:
        return " ".join(filter(None, ("end num" if self.is_figure else "", self.css)))


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` hold months and days as dates, units in ledger units, money in minor units, shares from 0 to 1; None is
    unknown. `about` is its definition."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    about: str = ""
    query: str = ""

    def shown(self, program: Program, unit: Unit | None) -> list[list[tuple[str, str]]]:
        """Cells with their classes, as the reader writes them."""
        write = _writers(program, unit)
        return [
            [
                ("–" if value is None else write[column.kind](value), column.classes)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]


def _writers(program: Program, unit: Unit | None) -> dict[Kind, Callable[[Any], str]]:
    precision = unit.precision if unit else 0
    return {
        "text": str,
        "month": lambda day: _("without end") if day == NEVER else formats.format_date(day, form="mon"),
        "day": formats.format_date,
        "units": lambda amount: formats.format_number(Decimal(amount).scaleb(-precision)),
        "money": lambda minor: formats.format_money(minor, program.currency),
        "share": formats.format_percent,
        "count": formats.format_number,
    }


def as_csv(sheet: Sheet, *, name: str, program: Program, unit: Unit | None) -> HttpResponse:
    """Points as decimal separator, money in major units, months as 2026-05, shares as 0.1234; nothing that a spreadsheet
    would run."""
    plain: dict[Kind, Callable[[Any], Any]] = {
        "text": str,
        "month": lambda day: "" if day == NEVER else f"{day:%Y-%m}",
        "day": date.isoformat,
        "units": lambda amount: Decimal(amount).scaleb(-(unit.precision if unit else 0)),
        "money": lambda minor: sheets.major(minor, program),
        "share": lambda share: Decimal(f"{share:.4f}"),
        "count": lambda count: count,
    }
    rows = [
        [
            None if value is None else plain[column.kind](value)
            for column, value in zip(sheet.columns, row, strict=True)
        ]
        for row in sheet.rows
    ]
    return sheets.as_csv(name, [column.name for column in sheet.columns], rows)

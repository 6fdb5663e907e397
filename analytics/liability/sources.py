"""Where points came from, by month: what was given for orders, for joining, by journeys and so on, and what was taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from analytics import rollups, tables
from members.models import Program

# Paid for with other points, bought, or given away: no cost of the program.
PAID = ("exchange", "card", "cause")


@dataclass(frozen=True, slots=True)
class Flow:
    """In ledger units."""

    given: int = 0
    taken: int = 0

    @property
    def net(self) -> int:
        return self.given - self.taken


type Flows = Mapping[tuple[int, date, str], Flow]


def by_month(*, program: Program, until: date, since: date = date(1900, 1, 1)) -> Flows:
    """By unit, first day of the month and source."""
    is_live = rollups.waiting(program=program) <= rollups.MOST_LIVE
    rows = tables.SOURCE_DAY.with_live() if is_live else tables.SOURCE_DAY.stored()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unit_id, date_trunc('month', day)::date, source, sum(given)::bigint, sum(taken)::bigint"  # noqa: S608
            f" FROM ({rows}) AS r WHERE day BETWEEN %(since)s AND %(until)s GROUP BY 1, 2, 3",
            {"program": program.pk, "since": since, "until": until},
        )
        return {
            (unit, month, source): Flow(given, taken)
            for unit, month, source, given, taken in cursor.fetchall()
        }


def sold_shares(flows: Flows) -> dict[tuple[int, date], tuple[int, int]]:
    """Of what a month gave in a unit, how much came with sales: (with sales, in all)."""
    found: dict[tuple[int, date], tuple[int, int]] = {}
    for (unit, month, source), flow in flows.items():
        if source not in PAID:
            sold, given = found.get((unit, month), (0, 0))
            found[unit, month] = sold + (flow.given if source == "order" else 0), given + flow.given
    return found

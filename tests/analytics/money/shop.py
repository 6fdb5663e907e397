"""A shop with half a year behind it: points of two months, of which some are used, some end and some come back."""

from __future__ import annotations

from datetime import date

from django_scopes import scope

from analytics import rollups
from analytics.liability import holdings, sales
from members.models import Program
from rewards import settling
from tests.rewards.builders import bring_back, join, moment, open_program, order, record, spend

UNITS = {
    "points": {"expiry": {"kind": "months", "count": 2}, "names": {"en": {"one": "Star", "other": "Stars"}}}
}
TODAY = "2026-07-15T09:00"


def fold_all() -> None:
    while rollups.fold():
        pass


def measure(program: Program, now: str = TODAY) -> None:
    with scope(program=program):
        sales.measure(program=program, now=moment(now))
        holdings.measure(program=program, now=moment(now))


def open_shop(**settings: object) -> Program:
    """From January to July 2026: each month Anna and Berta buy for 100.00 and Anna uses 60 of last month's points; in May
    Berta brings back half. A Star is worth a cent."""
    program = open_program(units=UNITS, prices_include_tax=False, **settings)
    for name in ("anna", "berta"):
        join(program, name)
    for month in range(1, 8):
        for name in ("anna", "berta"):
            item = order(f"{name}-{month}", f"2026-{month:02}-03", 6_000, 4_000, member=name)
            record(program, item, at_own_time=True)
        if month > 1:
            spend(program, 60, f"2026-{month:02}-10", member="anna")
        if month == 5:
            record(program, bring_back("r", "2026-05-20", "sku-4000", order="berta-5"), now="2026-05-20")
    settling.settle_due(program=program, now=moment(TODAY))
    fold_all()
    return program


def month(number: int) -> date:
    return date(2026, number, 1)

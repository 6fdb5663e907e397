"""The figures of a result as CSV: every table of the page, and all members who gain, lose or change tier."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_scopes import scope

from analytics.backtests import results
from analytics.backtests.results import Result
from analytics.models import Backtest, BacktestMember
from analytics.views.backtests import tables
from analytics.views.sheets import major
from loyaltysite.kit.sheets import Echo, attach, safe
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role

type Line = Sequence[Any]
CHUNK = 2_000
BREAKDOWN = (_("Name"), _("Orders"), _("Sales"), _("As it was"), _("Under the draft"), _("Difference"))
HEADS = {
    "members": (
        _("Member"),
        _("Orders"),
        _("As it was"),
        _("Under the draft"),
        _("Difference"),
        _("Tier as it was"),
        _("Tier under the draft"),
    ),
    "days": (_("Day"), _("Orders"), _("Sales"), _("As it was"), _("Under the draft")),
    "rules": (
        _("Rule"),
        _("Times as it was"),
        _("As it was"),
        _("Times under the draft"),
        _("Under the draft"),
    ),
    "stores": BREAKDOWN,
    "categories": BREAKDOWN,
    "tiers": BREAKDOWN,
}


@require_safe
@program_view(role=Role.ANALYST)
def table(request: StaffRequest, program: Program, backtest_id: int, part: str) -> HttpResponse:
    """One table, in major units of the currency with a point."""
    backtest = Backtest.objects.filter(program=program, pk=backtest_id, state=Backtest.State.DONE).first()
    if backtest is None or part not in HEADS:
        raise Http404
    # In the reader's language, and so before the view is over: the rows are written after it.
    heads = [str(head) for head in HEADS[part]]
    lines = _written(heads, _rows(backtest, results.of(backtest), program, part))
    return attach(lines, f"backtest-{backtest.pk}-{part}.csv")


def _written(heads: Line, rows: Iterable[Line]) -> Iterator[str]:
    """It begins with a mark so that spreadsheets read UTF-8."""
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow([safe(head) for head in heads])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def _rows(backtest: Backtest, result: Result, program: Program, part: str) -> Iterable[Line]:
    if part == "members":
        return _members(backtest, result, program)
    if part == "days":
        return _days(result, program)
    if part == "rules":
        return _rules(result, program)
    names = {"stores": tables.stores(program), "categories": {}, "tiers": tables.tiers(program)}
    return _breakdown(tables.rows(getattr(result.sums, part), names[part], result), program)


def _breakdown(rows: list[dict[str, Any]], program: Program) -> list[Line]:
    sums = ("sales", "before", "after", "change")
    return [(row["name"], row["orders"], *(major(row[name], program) for name in sums)) for row in rows]


def _days(result: Result, program: Program) -> list[Line]:
    return [
        (day, row[0], major(row[1], program), *(major(result.minor(value), program) for value in row[-2:]))
        for day, row in sorted(result.sums.days.items())
    ]


def _rules(result: Result, program: Program) -> list[Line]:
    return [
        (
            row["name"],
            row["times"],
            major(row["before"], program),
            row["times_after"],
            major(row["after"], program),
        )
        for row in tables.rules(result)
    ]


def _members(backtest: Backtest, result: Result, program: Program) -> Iterator[Line]:
    """Read in chunks: there may be a million of them."""
    last = 0
    while True:
        # The answer is written when the view and its scope are over.
        with scope(program=program):
            found = BacktestMember.objects.filter(backtest=backtest, member_id__gt=last).order_by("member_id")
            rows = list(found[:CHUNK])
            ids = [row.member_id for row in rows]
            numbers = dict(Member.objects.filter(program=program, pk__in=ids).values_list("pk", "number"))
        if not rows:
            return
        last = ids[-1]
        for row in rows:
            values = (result.minor(row.before), result.minor(row.after), result.minor(row.after - row.before))
            yield (numbers.get(row.member_id, ""), row.orders, *(major(value, program) for value in values), row.tier_before, row.tier_after)  # fmt: skip

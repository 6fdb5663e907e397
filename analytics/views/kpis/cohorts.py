"""Who comes back: cohorts as a table and as curves, the way from joining to using, and how long a second order takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import cohorts as noun
from analytics import rollups
from analytics.cohorts import Cohort, Funnel, Grid, Waits
from analytics.cohorts.funnels import STEPS
from analytics.cohorts.grids import By
from analytics.periods import Period
from analytics.views import choosing, sheets
from loyaltysite.kit import charts, clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.policies import add_months

# So many cohorts are shown, and so many months of each.
MONTHS = 12
SHADES = 7


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def cohorts(request: StaffRequest, program: Program) -> HttpResponse:
    """The cohorts of a year by joining or first order; the way of those who joined in the chosen days."""
    today = timezone.localdate(clock.now())
    form, period = choosing.chosen(request, today, "year")
    by = by_of(request.GET)
    grid = grid_of(program, period, by, today)
    if request.GET.get("format") == "csv":
        return _csv(grid)
    context = {
        "period": period,
        "form": form,
        "periods": choosing.links(period, f"&by={by}"),
        "by": by,
        "tabs": _tabs(request, by),
        "query": _with(request, "format", "csv"),
        "columns": range(min(MONTHS, max((len(one.active) for one in grid.cohorts), default=1) - 1) + 1),
        "rows": _rows(grid),
        "curves": _curves(grid),
        "worth": _worth(grid, program),
        "stages": stages(noun.funnel_of(program=program, period=period)),
        "waits": _waits(noun.waits_of(program=program, period=period)),
        "is_due": rollups.is_due(program=program),
        **frame.around(request.team, current="cohorts"),
    }
    template = "analytics/kpis/cohorts.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def by_of(query: QueryDict) -> By:
    return "joined" if query.get("by") == "joined" else "first"


def grid_of(program: Program, period: Period, by: By, today: date) -> Grid:
    """The cohorts of the period's months, those of the last year at most."""
    last = period.last.replace(day=1)
    first = max(period.first.replace(day=1), add_months(last, 1 - MONTHS))
    return noun.grid_of(program=program, by=by, first=first, last=last, until=today)


def percent(share: float) -> str:
    """As it stands in a cell."""
    return formats.format_number(round(share * 100))


def _tabs(request: StaffRequest, by: By) -> list[dict[str, Any]]:
    names = {"first": _("First order"), "joined": _("Joining")}
    return [
        {"url": f"?{_with(request, 'by', key)}", "text": text, "current": key == by} for key, text in names.items()
    ]  # fmt: skip


def _with(request: StaffRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query[name] = value
    return query.urlencode()


def _rows(grid: Grid) -> list[dict[str, Any]]:
    """A cell for each month that has begun, shaded by its share of the most that came back in any."""
    most = max((share for one in grid.cohorts for share in one.shares[1:]), default=0.0)
    width = min(MONTHS, max((len(one.active) for one in grid.cohorts), default=1) - 1) + 1
    return [
        {
            "month": formats.format_date(one.month, form="month"),
            "size": one.size,
            "cells": [_cell(share, most) for share in one.shares[:width]],
            "rest": range(width - len(one.shares[:width])),
        }
        for one in grid.cohorts
    ]


def _cell(share: float, most: float) -> dict[str, Any]:
    shade = SHADES + 1 if share > most else max(1, math.ceil(share / most * SHADES)) if most else 1
    return {"text": percent(share), "css": f"h{shade}" if share else "none"}


def _curves(grid: Grid) -> charts.Chart | None:
    """How many come back on average, and of the two latest cohorts that are older than a quarter of a year."""
    average = grid.average[: MONTHS + 1]
    if len(average) < 3:
        return None
    old = [one for one in grid.cohorts if len(one.active) > 3][-2:]
    series = [charts.Series(_("All months"), average[1:])]
    for one, role in zip(reversed(old), ("compare", "before"), strict=False):
        shares: list[float | None] = [*one.shares[1 : len(average)]]
        if len(one.shares) <= len(average):
            shares = [*shares[:-1], None]
        shares += [None] * (len(average) - 1 - len(shares))
        series.append(charts.Series(formats.format_date(one.month, form="month"), shares, role))  # type: ignore[arg-type]
    names = {"first": formats.format_percent(average[1]), "last": formats.format_percent(average[-1])}
    return charts.line(
        title=_("Who comes back"),
        sentence=_("In the first month after, %(first)s come back; at the end it is %(last)s.") % names,
        labels=[formats.format_number(month) for month in range(1, len(average))],
        series=series,
        write=formats.format_percent,
        head=_("Months since"),
    )


def _worth(grid: Grid, program: Program) -> charts.Chart | None:
    """What a member of the oldest cohorts has spent up to each month."""
    old = [one for one in grid.cohorts if len(one.active) > 3]
    if not old:
        return None
    chosen: Sequence[Cohort] = [old[0]] if len(old) == 1 else [old[0], old[-1]]
    longest = min(MONTHS, len(old[0].active) - 1)
    roles = ("now", "compare")
    series = []
    for one, role in zip(chosen, roles, strict=False):
        worth: list[float | None] = [*one.worth[:longest]]
        worth += [None] * (longest - len(worth))
        series.append(charts.Series(formats.format_date(one.month, form="month"), worth, role))  # type: ignore[arg-type]
    last = formats.format_money(round(old[0].worth[longest - 1]), program.currency)
    return charts.line(
        title=_("Spent by a member so far"),
        sentence=_("A member of the first month shown has spent %(money)s so far.") % {"money": last},
        labels=[formats.format_number(month) for month in range(longest)],
        series=series,
        write=lambda value: formats.format_money(round(value), program.currency, short=True),
        head=_("Months since"),
    )


def stages(funnel: Funnel) -> list[dict[str, Any]]:
    """Each with its share of those who joined, and the line of the drawing from the stage before to this one."""
    stages = [
        (_("Joined"), funnel.joined),
        (_("Ordered"), funnel.first),
        (_("Ordered again"), funnel.second),
        (_("Used points"), funnel.used),
    ]
    shares = [count / funnel.joined if funnel.joined else 0.0 for _name, count in stages]
    found = []
    for place, (name, count) in enumerate(stages):
        here = round(100 - 100 * shares[place])
        there = round(100 - 100 * shares[min(place + 1, len(stages) - 1)])
        found.append(
            {
                "name": name,
                "count": count,
                "share": formats.format_percent(shares[place]) if place else "",
                "area": f"M0 {here}L100 {there}V100H0z",
                "edge": f"M0 {here}L100 {there}v3L0 {here + 3}z",
            }
        )
    return found


def _waits(waits: Waits) -> dict[str, Any]:
    """Bars of the days between the first and the second order."""
    bounds = zip((0, *(step + 1 for step in STEPS)), (*STEPS, None), strict=True)
    bars = []
    for (low, high), count in zip(bounds, waits.counts, strict=True):
        share = count / waits.total if waits.total else 0.0
        name = (
            _("%(first)s to %(last)s days")
            % {"first": formats.format_number(low), "last": formats.format_number(high)}
            if high is not None
            else _("More than %(days)s days") % {"days": formats.format_number(low - 1)}
        )
        bars.append(
            {
                "name": name,
                "share": share,
                "text": formats.format_percent(share),
                "of": formats.format_number(count),
            }
        )
    median = ""
    if waits.median is not None:
        text = ngettext("Half of them come again within %(count)s day.", "Half of them come again within %(count)s days.", waits.median)  # fmt: skip
        median = text % {"count": formats.format_number(waits.median)}
    return {"bars": bars, "median": median, "total": waits.total}


def _csv(grid: Grid) -> HttpResponse:
    """A row for each cohort and month since: members active, orders, and money in minor units."""
    heads = [_("Month"), _("Members"), _("Months since"), _("Active"), _("Orders"), _("Sales")]
    rows = [
        (one.month.isoformat(), one.size, month, one.active[month], one.orders[month], one.amounts[month])
        for one in grid.cohorts
        for month in range(len(one.active))
    ]
    return sheets.as_csv(f"cohorts-{grid.by}", heads, rows)

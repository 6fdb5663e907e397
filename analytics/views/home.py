"""The dashboard's home: where the program stands, how it came there, and what has just happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import queries
from analytics.queries import Course, Level, Orders, Period, Points
from analytics.views import happenings
from loyaltysite.kit import charts, clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.models import Unit
from rewards.queries import bars_of, name_of, tiers_of, units_of

# More than tenfold says only that the program was new before.
MOST_CHANGE = 9
PERIODS = {"30": gettext_lazy("30 days"), "90": gettext_lazy("90 days"), "year": gettext_lazy("A year")}


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def home(request: StaffRequest, program: Program) -> HttpResponse:
    """Figures of the chosen period with their course, tiers, and the latest events."""
    today = timezone.localdate(clock.now())
    key = request.GET.get("period", "")
    period = queries.period_of(key if key in PERIODS else "30", today=today)
    context = {
        "today": today,
        "period": period,
        "last_day": period.end - timedelta(days=1),
        "periods": [
            {"key": name, "text": text, "current": name == period.key} for name, text in PERIODS.items()
        ],
        **_figures(program, period),
        **frame.around(request.team, current="home"),
    }
    template = "analytics/dashboard/home.html"
    return render(request, f"{template}#figures" if request.htmx else template, context)


def _figures(program: Program, period: Period) -> dict[str, Any]:
    members = queries.members_over(program=program, period=period)
    if not members.last and not members.before:
        return {"is_new": True}
    tiers, units = tiers_of(program), units_of(program)
    unit = units[0] if units else None
    orders = queries.orders_over(program=program, period=period)
    active = queries.active_over(program=program, period=period)
    points = queries.points_over(program=program, unit=unit, period=period) if unit else None
    levels = queries.members_by_tier(program=program, tiers=tiers, members=members.last)
    labels = _labels(period)
    return {
        "stats": _stats(program, members, active, orders, points, unit),
        "charts": _charts(labels, members, active, orders, points, unit, program),
        "levels": [
            _level(level, members.last, len(tiers) and bars_of(level.tier, tiers)) for level in levels
        ],
        "happenings": happenings.tell(
            queries.latest(program=program),
            program=program,
            tiers=tiers,
            units=units,
            today=timezone.localdate(),
        ),
    }


# Figures


@dataclass(frozen=True, slots=True)
class Stat:
    """What components/stat.html shows. What is counted by the step leaves out the last one, which is not over."""

    name: str
    value: str
    change: str
    mood: str
    of: str
    course: Sequence[float]


def _stats(
    program: Program,
    members: Course,
    active: Course,
    orders: Orders,
    points: Points | None,
    unit: Unit | None,
) -> list[Stat]:
    joined = formats.format_number(members.last - members.before)
    share = formats.format_percent(active.last / members.last if members.last else 0)
    found = [
        Stat(
            _("Members"),
            formats.format_number(members.last),
            *_change(members.last, members.before, sense=1),
            of=_("%(count)s joined in this time") % {"count": joined},
            course=members.values,
        ),
        Stat(
            _("Active members"),
            formats.format_number(active.last),
            *_change(active.last, active.before, sense=1),
            of=_("%(share)s ordered in the last 90 days") % {"share": share},
            course=active.values,
        ),
        *_order_stats(program, orders),
    ]
    return found + (_point_stats(program, points, unit) if points and unit else [])


def _order_stats(program: Program, orders: Orders) -> list[Stat]:
    count, worth = orders.count, orders.total_minor
    share = formats.format_percent(orders.of_members / count.total if count.total else 0)
    mean = formats.format_money(worth.total // max(1, count.total), program.currency)
    return [
        Stat(
            _("Orders"),
            formats.format_number(count.total),
            *_change(count.total, count.before, sense=1),
            of=_("%(share)s of them by members") % {"share": share},
            course=count.values[:-1],
        ),
        Stat(
            _("Sales"),
            formats.format_money(worth.total, program.currency),
            *_change(worth.total, worth.before, sense=1),
            of=_("%(money)s an order") % {"money": mean},
            course=worth.values[:-1],
        ),
    ]


def _point_stats(program: Program, points: Points, unit: Unit) -> list[Stat]:
    held = points.outstanding
    name = formats.unit_name(0, unit)
    return [
        Stat(
            _("%(unit)s given") % {"unit": name},
            formats.format_number(_whole(points.issued.total, unit)),
            *_change(points.issued.total, points.issued.before, sense=0),
            of=_("%(count)s used in this time")
            % {"count": formats.format_number(_whole(points.spent.total, unit))},
            course=points.issued.values[:-1],
        ),
        Stat(
            _("%(unit)s outstanding") % {"unit": name},
            formats.format_number(_whole(held.last, unit)),
            *_change(held.last, held.before, sense=0),
            of=_("worth %(money)s")
            % {"money": formats.format_money(_worth(held.last, unit), program.currency)},
            course=held.values,
        ),
    ]


def _change(now: int, before: int, *, sense: int) -> tuple[str, str]:
    """The change in percent with its colour: `sense` 0 says that more is neither good nor bad."""
    if not before:
        return "", ""
    share = (now - before) / before
    if share >= MOST_CHANGE:
        return "", ""
    mood = "" if not sense or abs(share) < 0.0005 else "up" if share > 0 else "down"
    return formats.format_percent(share, sign=True), mood


def _whole(amount: int, unit: Unit) -> Decimal:
    return Decimal(amount).scaleb(-unit.precision)


def _worth(amount: int, unit: Unit) -> int:
    return int(amount * unit.worth_numerator // (unit.worth_denominator * 10**unit.precision))


# Charts


def _labels(period: Period) -> list[str]:
    """The first day of each step; a year is told by its months."""
    return [_label(day, period) for day in period.steps]


def _label(day: date, period: Period) -> str:
    return formats.format_date(day, form="mon" if period.key == "year" else "short")


def _charts(
    labels: list[str],
    members: Course,
    active: Course,
    orders: Orders,
    points: Points | None,
    unit: Unit | None,
    program: Program,
) -> dict[str, charts.Chart]:
    head = _("From")
    found = {
        "people": charts.line(
            title=_("Members"),
            sentence=_course_of(_("Members"), members) + " " + _course_of(_("Active members"), active),
            labels=labels,
            series=[
                charts.Series(_("All"), members.values),
                charts.Series(_("Active"), active.values, "compare"),
            ],
            write=formats.format_compact,
            head=head,
        ),
        "orders": charts.bar(
            title=_("Orders"),
            sentence=_("%(count)s orders; the most in one step are %(most)s.")
            % {
                "count": formats.format_number(orders.count.total),
                "most": formats.format_number(max(orders.count.values)),
            },
            labels=labels,
            series=[charts.Series(_("Orders"), orders.count.values)],
            write=formats.format_compact,
            head=head,
        ),
    }
    if points and unit:
        found |= _point_charts(labels, points, unit, program, head)
    return found


def _point_charts(
    labels: list[str], points: Points, unit: Unit, program: Program, head: str
) -> dict[str, charts.Chart]:
    name = formats.unit_name(0, unit)
    figures = {
        "issued": formats.format_number(_whole(points.issued.total, unit)),
        "spent": formats.format_number(_whole(points.spent.total, unit)),
        "unit": name,
    }
    held = [float(_whole(value, unit)) for value in points.outstanding.values]
    return {
        "points": charts.line(
            title=_("%(unit)s given and used") % {"unit": name},
            sentence=_("%(issued)s %(unit)s were given and %(spent)s used.") % figures,
            labels=labels,
            series=[
                charts.Series(_("Given"), [float(_whole(value, unit)) for value in points.issued.values]),
                charts.Series(
                    _("Used"), [float(_whole(value, unit)) for value in points.spent.values], "compare"
                ),
            ],
            write=formats.format_compact,
            head=head,
        ),
        "held": charts.line(
            title=_("%(unit)s outstanding") % {"unit": name},
            sentence=_course_of(_("%(unit)s outstanding") % {"unit": name}, points.outstanding, unit),
            labels=labels,
            series=[charts.Series(name, held)],
            write=formats.format_compact,
            head=head,
        ),
    }


def _course_of(name: str, course: Course, unit: Unit | None = None) -> str:
    """The finding in a sentence: from where to where."""
    first, last = course.values[0], course.values[-1]
    figures = [formats.format_number(_whole(value, unit) if unit else value) for value in (first, last)]
    names = {"name": name, "first": figures[0], "last": figures[1]}
    if first == last:
        return _("%(name)s stayed at %(last)s.") % names
    return (
        _("%(name)s rose from %(first)s to %(last)s.")
        if last > first
        else _("%(name)s fell from %(first)s to %(last)s.")
    ) % names


def _level(level: Level, members: int, bars: int) -> dict[str, Any]:
    share = level.count / members if members else 0
    return {
        "name": name_of(level.tier),
        "key": level.tier.key,
        "bars": bars,
        "share": share,
        "text": formats.format_number(level.count),
        "of": formats.format_percent(share),
    }

"""The dashboard's home: where the program stands, how it came there, what needs somebody, and what has just happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import attention, queries, rollups
from analytics.models import ACTIVE, OFTEN
from analytics.periods import Period
from analytics.queries import Course, Level, Reading
from analytics.tables import ACTIVE_DAYS
from analytics.views import choosing, drawings, figures, happenings, needs
from loyaltysite.kit import clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.models import Tier, Unit
from rewards.queries import bars_of, name_of, tiers_of, units_of


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def home(request: StaffRequest, program: Program) -> HttpResponse:
    """Figures of the chosen period with their course and what they were before, tiers, and the latest events."""
    today = timezone.localdate(clock.now())
    form, period = choosing.chosen(request, today)
    units = units_of(program)
    unit = next((one for one in units if one.key == request.GET.get("unit")), units[0] if units else None)
    context = {
        "today": today,
        "period": period,
        "form": form,
        "periods": choosing.links(period, f"&unit={unit.key}" if unit and unit != units[0] else ""),
        "units": _units(units, unit, request) if len(units) > 1 else [],
        **_content(program, period, today, unit, units),
        **frame.around(request.team, current="home"),
    }
    template = "analytics/dashboard/home.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def _units(units: Sequence[Unit], unit: Unit | None, request: StaffRequest) -> list[dict[str, Any]]:
    """The units to choose from, each with the days that are shown."""
    found = []
    for one in units:
        query = request.GET.copy()
        query["unit"] = one.key
        found.append(
            {
                "key": one.key,
                "text": formats.unit_name(0, one),
                "query": f"?{query.urlencode()}",
                "current": one == unit,
            }
        )
    return found


def _content(
    program: Program, period: Period, today: date, unit: Unit | None, units: Sequence[Unit]
) -> dict[str, Any]:
    reading = queries.read(program=program, period=period)
    trade = queries.trade_over(reading)
    # What happened last may not be counted yet.
    if reading.live and not trade.members.last and not trade.members.before and not trade.orders.total:
        return {"is_new": True}
    tiers = tiers_of(program)
    presence = queries.presence_over(reading)
    levels = queries.levels_of(tiers=tiers, presence=presence, members=trade.members)
    points = queries.points_over(reading).get(unit.pk) if unit else None
    shown: Any = {
        "period": period,
        "trade": trade,
        "active": presence[ACTIVE],
        "points": points,
        "unit": unit,
    }
    found = attention.needed(program=program, reading=reading, blocked=trade.blocked, now=clock.now())
    return {
        "stats": figures.all_of(program=program, over=period.is_over(today), **shown),
        "charts": drawings.all_of(over=period.is_over(today), **shown),
        "levels": [_level(level, trade.members.last, tiers) for level in levels],
        "tier_course": drawings.tiers(period=period, levels=levels),
        "visits": [
            _frequency(times, presence[of_id], trade.members)
            for times, of_id in ((1, ACTIVE), *OFTEN.items())
        ],
        "visit_days": ACTIVE_DAYS,
        "needs": needs.tell(found, program=program, period=period, today=today),
        "needs_count": found.count,
        "happenings": happenings.tell(
            queries.latest(program=program), program=program, tiers=tiers, units=units, today=today
        ),
        **_freshness(reading, program),
        "days_before": (period.before, period.first - timedelta(days=1)),
    }


def _freshness(reading: Reading, program: Program) -> dict[str, bool]:
    """Whether something that has happened is not in the figures yet."""
    return {"is_late": not reading.live, "is_due": rollups.is_due(program=program)}


def _frequency(times: int, course: Course, members: Course) -> dict[str, Any]:
    """The share of all members who came so often, and how many more that are than when the period began."""
    share = course.last / members.last if members.last else 0
    more = course.last - course.before
    text = ngettext("%(count)s visit or more", "%(count)s visits or more", times)
    return {
        "name": text % {"count": formats.format_number(times)},
        "share": share,
        "text": formats.format_percent(share),
        "of": formats.format_number(course.last)
        + (f" ({formats.format_number(more, sign=True)})" if more else ""),
    }


def _level(level: Level, members: int, tiers: Sequence[Tier]) -> dict[str, Any]:
    share = level.count / members if members else 0
    more = level.count - level.before
    return {
        "name": name_of(level.tier),
        "key": level.tier.key,
        "bars": bars_of(level.tier, tiers),
        "share": share,
        "text": formats.format_number(level.count),
        "of": formats.format_percent(share)
        + (f" ({formats.format_number(more, sign=True)})" if more else ""),
    }

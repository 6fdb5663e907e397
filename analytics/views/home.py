"""The dashboard's home: where the program stands, how it came there, what needs somebody, and what has just happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import attention, periods, queries, rollups
from analytics.models import ACTIVE
from analytics.periods import Period
from analytics.queries import Level, Reading
from analytics.views import drawings, figures, happenings, needs
from loyaltysite.kit import clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.models import Tier, Unit
from rewards.queries import bars_of, name_of, tiers_of, units_of

PERIODS = {
    "7": gettext_lazy("7 days"),
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "year": gettext_lazy("A year"),
}
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DaysForm(forms.Form):
    """Days of one's own choice."""

    first = forms.DateField(label=gettext_lazy("From"), widget=DAY)
    last = forms.DateField(label=gettext_lazy("To"), widget=DAY)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and last < first:
            self.add_error("last", _("This is before the first day."))
        elif first and last and (last - first).days >= periods.LONGEST:
            self.add_error("first", _("Ten years at most."))
        elif first and first.year < 1990:
            self.add_error("first", _("The year cannot be right."))
        return found


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def home(request: StaffRequest, program: Program) -> HttpResponse:
    """Figures of the chosen period with their course and what they were before, tiers, and the latest events."""
    today = timezone.localdate(clock.now())
    form, period = _chosen(request, today)
    units = units_of(program)
    unit = next((one for one in units if one.key == request.GET.get("unit")), units[0] if units else None)
    context = {
        "today": today,
        "period": period,
        "form": form,
        "periods": _links(period, unit if units and unit != units[0] else None),
        "units": _units(units, unit, request) if len(units) > 1 else [],
        **_content(program, period, today, unit, units),
        **frame.around(request.team, current="home"),
    }
    template = "analytics/dashboard/home.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def _chosen(request: StaffRequest, today: date) -> tuple[DaysForm, Period]:
    """The form, filled with the days that are shown, and the period. Days that cannot be leave the usual ones."""
    if "first" in request.GET or "last" in request.GET:
        form = DaysForm(request.GET)
        if form.is_valid():
            return form, periods.between(form.cleaned_data["first"], form.cleaned_data["last"])
        return form, periods.period_of("30", today=today)
    key = request.GET.get("period", "")
    period = periods.period_of(key if key in PERIODS else "30", today=today)
    return DaysForm(initial={"first": period.first, "last": period.last}), period


def _links(period: Period, unit: Unit | None) -> list[dict[str, Any]]:
    rest = f"&unit={unit.key}" if unit else ""
    return [
        {"key": key, "text": text, "query": f"?period={key}{rest}", "current": key == period.key}
        for key, text in PERIODS.items()
    ]


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
    if not trade.members.last and not trade.members.before and not trade.orders.total:
        return {"is_new": True}
    tiers = tiers_of(program)
    presence = queries.presence_over(reading)
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
        "levels": [
            _level(level, trade.members.last, tiers)
            for level in queries.levels_of(tiers=tiers, presence=presence, members=trade.members)
        ],
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

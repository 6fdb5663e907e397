"""The liability page: what points will cost, as of any day, and what of them will never be used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import rollups
from analytics.liability import books, forecasts, position
from analytics.liability.forecasts import Outlook
from analytics.liability.position import Position
from analytics.liability.triangles import number_of
from analytics.views.choosing import DAY
from analytics.views.money import tables
from analytics.views.money.sheets import Sheet, as_csv
from loyaltysite.kit import charts, clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.models import Unit
from rewards.queries import tiers_of, units_of

TABLES = ("course", "coming", "ends", "ages", "tiers", "cohorts")


class DayForm(forms.Form):
    """The day whose end is shown."""

    day = forms.DateField(label=gettext_lazy("At the end of"), widget=DAY)

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > self.today:
            raise forms.ValidationError(_("This day has not come yet."))
        if day.year < 1990:
            raise forms.ValidationError(_("The year cannot be right."))
        return day


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def liability(request: StaffRequest, program: Program) -> HttpResponse:
    form, day = _day(request)
    units = units_of(program)
    unit = _unit(request, units)
    context = {
        "form": form,
        "day": day,
        "today": form.today,
        "units": _links(units, unit, day) if len(units) > 1 else [],
        "unit": unit,
        **(_content(program, unit, units, day) if unit else {"is_new": True}),
        **frame.around(request.team, current="liability"),
    }
    template = "analytics/money/liability.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


@require_safe
@program_view(role=Role.ANALYST)
def table(request: StaffRequest, program: Program) -> HttpResponse:
    """One of the tables (`?table=`) as CSV, of the same day and unit."""
    name = request.GET.get("table", TABLES[0])
    _form, day = _day(request)
    unit = _unit(request, units_of(program))
    if name not in TABLES or unit is None:
        raise Http404
    found = position.read(program=program, unit=unit, until=day)
    outlook = forecasts.outlook(found.triangle) if name in ("course", "coming") else None
    sheet = next(sheet for sheet in _sheets(found, outlook) if sheet.key == name)
    return as_csv(sheet, name=f"{program.slug}-{unit.key}-{name}-{day}", program=program, unit=unit)


def _day(request: StaffRequest) -> tuple[DayForm, date]:
    today = timezone.localdate(clock.now())
    if "day" in request.GET:
        form = DayForm(request.GET, today=today)
        if form.is_valid():
            return form, form.cleaned_data["day"]
        return form, today
    return DayForm(initial={"day": today}, today=today), today


def _unit(request: StaffRequest, units: Sequence[Unit]) -> Unit | None:
    return next((one for one in units if one.key == request.GET.get("unit")), units[0] if units else None)


def _links(units: Sequence[Unit], unit: Unit | None, day: date) -> list[dict[str, Any]]:
    return [
        {"key": one.key, "text": formats.unit_name(0, one), "query": _query(one, day), "current": one == unit}
        for one in units
    ]


def _query(unit: Unit, day: date) -> str:
    return f"?unit={unit.key}&day={day:%Y-%m-%d}"


def _content(program: Program, unit: Unit, units: Sequence[Unit], day: date) -> dict[str, Any]:
    found = position.read(program=program, unit=unit, until=day)
    if found.triangle.is_empty:
        return {"is_new": True}
    outlook = forecasts.outlook(found.triangle)
    sheets = {sheet.key: sheet for sheet in _sheets(found, outlook)}
    shares = books.kept_shares(program)
    deferred = books.read(program=program, units=units, until=day, shares=shares).total(unit.pk)
    return {
        "query": _query(unit, day),
        "stats": _stats(found, deferred.deferred, deferred.provided),
        "course": _course(found, outlook),
        "coming": _coming(found, outlook) if outlook else None,
        "definitions": [(sheet.key, sheet.title, sheet.about) for sheet in sheets.values()],
        "sheets": [
            {"sheet": sheets[key], "rows": sheets[key].shown(program, unit)}
            for key in ("ends", "ages", "tiers")
        ],
        "cohorts": {"sheet": sheets["cohorts"], "rows": sheets["cohorts"].shown(program, unit)},
        "is_known": found.forecast.is_known,
        "is_due": rollups.is_due(program=program),
    }


def _sheets(found: Position, outlook: Outlook | None) -> list[Sheet]:
    return [
        tables.course(found, outlook),
        tables.coming(found, outlook),
        tables.ends(found),
        tables.ages(found),
        tables.tiers(found, tiers_of(found.program)),
        tables.cohorts(found),
    ]


def _stats(found: Position, deferred: int, provided: int) -> list[dict[str, Any]]:
    program, unit, broken = found.program, found.unit, found.breakage

    def money(minor: int) -> str:
        return formats.format_money(minor, program.currency)

    soon = sum(amount for ends, amount in found.by_end().items() if ends <= number_of(found.until) + 2)
    unused = found.held - found.to_use
    complete = _("too few months are complete")
    if broken.complete is not None:
        complete = _("%(share)s in %(count)s complete months") % {
            "share": formats.format_percent(broken.complete),
            "count": formats.format_number(broken.complete_count),
        }
    return [
        {
            "name": _("Liability"),
            "value": money(found.money(found.held)),
            "of": formats.format_units(found.held, unit),
            "course": [float(found.money(held)) for held in found.course(tables.BACK)],
        },
        {
            "name": _("Will be used"),
            "value": money(found.money(found.to_use)),
            "of": _("%(money)s of it never") % {"money": money(found.money(unused))},
        },
        {
            "name": _("Breakage"),
            "value": None if broken.expected is None else formats.format_percent(broken.expected),
            "of": complete,
        },
        {
            "name": _("Ends within three months"),
            "value": money(found.money(soon)),
            "of": formats.format_units(soon, unit),
        },
        {
            "name": _("Deferred revenue"),
            "value": money(deferred),
            "of": _("IFRS 15, of points that came with sales"),
        },
        {
            "name": _("Provision"),
            "value": money(provided),
            "of": _("for points given without a sale"),
        },
    ]


def _course(found: Position, outlook: Outlook | None) -> charts.Chart:
    sheet = tables.course(found, outlook)
    labels = [formats.format_date(row[0], form="mon") for row in sheet.rows]
    past, count = [float(row[2]) for row in sheet.rows[: tables.BACK]], len(sheet.rows) - tables.BACK
    series = [charts.Series(_("So far"), [*past, *[None] * count])]
    names = {"first": _short(found, past[0]), "last": _short(found, past[-1])}
    sentence = _("The liability went from %(first)s to %(last)s in twelve months.") % names
    if outlook:
        ahead = [float(row[2]) for row in sheet.rows[tables.BACK :]]
        within = [(float(row[3]), float(row[4])) for row in sheet.rows[tables.BACK :]]
        lead = [None] * (tables.BACK - 1)
        band = [*lead, (past[-1], past[-1]), *within]
        series.append(charts.Series(_("Forecast"), [*lead, past[-1], *ahead], "forecast", within=band))
        names = {
            "end": _short(found, ahead[-1]),
            "low": _short(found, within[-1][0]),
            "high": _short(found, within[-1][1]),
        }
        sentence += " " + _("In a year it will be %(end)s, between %(low)s and %(high)s.") % names
    return charts.line(
        title=sheet.title, sentence=sentence, labels=labels, series=series, head=_("End of"),
        write=lambda minor: _short(found, minor),
    )  # fmt: skip


def _coming(found: Position, outlook: Outlook) -> charts.Chart:
    sheet = tables.coming(found, outlook)
    used, ended = ([row[column] for row in sheet.rows] for column in (2, 5))
    sentence = _("In the next twelve months %(used)s will be used and %(ended)s will end.") % {
        "used": _short(found, sum(used)),
        "ended": _short(found, sum(ended)),
    }
    return charts.bar(
        title=sheet.title, sentence=sentence, labels=[formats.format_date(row[0], form="mon") for row in sheet.rows],
        series=[charts.Series(_("Will be used"), used), charts.Series(_("Will end"), ended)], head=_("Month"),
        write=lambda minor: _short(found, minor), stacked=True,
    )  # fmt: skip


def _short(found: Position, minor: float) -> str:
    return formats.format_money(round(minor), found.program.currency)

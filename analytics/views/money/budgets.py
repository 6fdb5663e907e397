"""Budgets: what was planned and spent on winning and keeping members, by month or quarter of a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from analytics.budgets import planning, spending, warnings
from analytics.budgets.planning import Standing
from analytics.budgets.spending import Line
from analytics.models import Budget
from analytics.views.money.sheets import Column, Sheet, as_csv
from analytics.views.sheets import major
from loyaltysite.kit import charts, clock, formats
from loyaltysite.kit.conditions import controls
from members.access import StaffRequest, may, program_view
from members.models import Program, Role
from members.views import frame
from rewards.policies import add_months
from rewards.views.rules.fields import MoneyField

BADGES = {
    "none": ("bare", gettext_lazy("No plan")),
    "fine": ("good", gettext_lazy("Within")),
    "near": ("warn", gettext_lazy("Four fifths used")),
    "over": ("bad", gettext_lazy("Used up")),
}
BY = {"month": gettext_lazy("Months"), "quarter": gettext_lazy("Quarters")}


class PlanForm(forms.Form):
    """A field for each line and period; an empty one has no plan."""

    def __init__(
        self, *args: Any, program: Program, periods: Sequence[Sequence[date]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.periods = periods
        for line in Budget.Line:
            for months in periods:
                label = f"{line.label}, {period_name(months)}"
                # The table's heads name the fields for the eye.
                attrs = {"class": "in num", "inputmode": "decimal", "size": "8", "aria-label": label}
                field = MoneyField(label=label, widget=forms.TextInput(attrs=attrs))
                field.terms = controls.Terms(currency=program.currency)
                self.fields[_key(line, months)] = field

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"name": period_name(months), "fields": [self[_key(line, months)] for line in Budget.Line]}
            for months in self.periods
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name, amount in list(found.items()):
            if amount is not None and not 0 <= amount <= planning.MOST_MINOR:
                self.add_error(name, str(planning.PlanInvalid.message))
        return found

    def wanted(self) -> dict[Line, int | None]:
        found: dict[Line, int | None] = {}
        for line in Budget.Line:
            for months in self.periods:
                amount = self.cleaned_data[_key(line, months)]
                parts: Mapping[date, int | None] = (
                    dict.fromkeys(months) if amount is None else planning.spread(amount, months)
                )
                # What is entered by quarter and stays so keeps its months.
                if _key(line, months) in self.changed_data:
                    found |= {(line.value, month): parts[month] for month in months}
        return found


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def budgets(request: StaffRequest, program: Program) -> HttpResponse:
    today = timezone.localdate(clock.now())
    year, by = _chosen(request, today)
    read = _read(program, year, today)
    periods = _periods(year, by)
    sheet = _sheet(program, periods, today, *read)
    context = {
        "year": year,
        "by": by,
        "years": [{"key": str(one), "text": formats.map_digits(str(one)), "query": f"?year={one}&by={by}", "current": one == year} for one in range(today.year - 1, today.year + 2)],
        "ways": [{"key": key, "text": text, "query": f"?year={year}&by={key}", "current": key == by} for key, text in BY.items()],
        "groups": _groups(program, periods, today, *read),
        "chart": _course(program, year, today, *read),
        "sheet": sheet,
        "rows": sheet.shown(program, None),
        "query": f"?year={year}&by={by}",
        "is_manager": may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="budgets"),
    }  # fmt: skip
    template = "analytics/money/budgets.html"
    return render(request, f"{template}#figures" if request.htmx else template, context)


@require_safe
@program_view(role=Role.ANALYST)
def table(request: StaffRequest, program: Program) -> HttpResponse:
    today = timezone.localdate(clock.now())
    year, by = _chosen(request, today)
    sheet = _sheet(program, _periods(year, by), today, *_read(program, year, today))
    return as_csv(sheet, name=f"{program.slug}-budgets-{year}", program=program, unit=None)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def plan(request: StaffRequest, program: Program) -> HttpResponse:
    today = timezone.localdate(clock.now())
    year, by = _chosen(request, today)
    periods = _periods(year, by)
    planned = planning.plans(program=program, months=[month for months in periods for month in months])
    initial = {
        _key(line, months): formats.format_number(major(sum(there), program), decimals=None)
        for line in Budget.Line
        for months in periods
        if (there := [planned[line.value, month] for month in months if (line.value, month) in planned])
    }
    form = PlanForm(request.POST or None, program=program, periods=periods, initial=initial)
    if request.method == "POST" and form.is_valid():
        planning.plan(program=program, wanted=form.wanted(), by=request.user, now=clock.now())
        warnings.measure(program=program, today=today, now=clock.now())
        messages.success(request, _("Saved."))
        return redirect(f"{reverse('analytics:budgets', args=[program.slug])}?year={year}&by={by}")
    context = {
        "form": form,
        "year_key": str(year),
        "year_text": formats.map_digits(str(year)),
        "by": by,
        "lines": [line.label for line in Budget.Line],
        **frame.around(request.team, current="budgets", crumbs=[("", _("Plan"))]),
    }
    return render(request, "analytics/money/plan.html", context, status=422 if form.is_bound else 200)


def _chosen(request: StaffRequest, today: date) -> tuple[int, str]:
    text, by = request.GET.get("year", ""), request.GET.get("by", "")
    year = int(text) if text.isascii() and text.isdigit() and 2000 <= int(text) <= 2100 else today.year
    return year, by if by in BY else "quarter"


def _periods(year: int, by: str) -> list[list[date]]:
    size = 1 if by == "month" else 3
    return [[date(year, month + step, 1) for step in range(size)] for month in range(1, 13, size)]


def period_name(months: Sequence[date]) -> str:
    first, last = (formats.format_date(month, form="mon") for month in (months[0], months[-1]))
    return first if len(months) == 1 else f"{first} – {last}"


def _key(line: str, months: Sequence[date]) -> str:
    return f"{line}-{months[0]:%Y-%m}"


def _read(program: Program, year: int, today: date) -> tuple[dict[Line, int], dict[Line, int]]:
    """What was planned and what was spent, by line and month."""
    months = [date(year, month, 1) for month in range(1, 13)]
    spent = spending.by_line(program=program, since=months[0], until=min(today, date(year, 12, 31)))
    return planning.plans(program=program, months=months), spent


def _groups(
    program: Program,
    periods: Sequence[Sequence[date]],
    today: date,
    planned: Mapping[Line, int],
    spent: Mapping[Line, int],
) -> list[dict[str, Any]]:
    """The period that runs, or the last of a year that is over, by line: keeping and winning members apart."""
    months = next(
        (months for months in periods if months[0] <= today < add_months(months[-1], 1)), periods[-1]
    )
    found = []
    for title, lines in (
        (_("To win members"), spending.ACQUISITION),
        (_("To keep members"), spending.RETENTION),
    ):
        rows = []
        for line in lines:
            stands = planning.standing(lines=[line], months=months, planned=planned, spent=spent, today=today)
            kind, text = BADGES[stands.state]
            rows.append(
                {
                    "name": line.label,
                    "stands": stands,
                    "kind": kind,
                    "state": text,
                    "bar": _bar(program, stands),
                }
            )
        found.append({"title": title, "period": period_name(months), "rows": rows})
    return found


def _bar(program: Program, stands: Standing) -> list[dict[str, Any]]:
    spent = formats.format_money(stands.spent, program.currency)
    if stands.planned is None or stands.share is None:
        return []
    planned = formats.format_money(stands.planned, program.currency)
    name = _("%(spent)s of %(planned)s") % {"spent": spent, "planned": planned}
    return [
        {
            "name": name,
            "share": min(1.0, max(0.0, stands.share)),
            "text": formats.format_percent(stands.share),
        }
    ]


def _sheet(
    program: Program,
    periods: Sequence[Sequence[date]],
    today: date,
    planned: Mapping[Line, int],
    spent: Mapping[Line, int],
) -> Sheet:
    rows = []
    for months in periods:
        for line in Budget.Line:
            stands = planning.standing(lines=[line], months=months, planned=planned, spent=spent, today=today)
            if stands.planned is not None or stands.spent:
                kind = _("Acquisition") if line in spending.ACQUISITION else _("Retention")
                rows.append(
                    [
                        period_name(months),
                        kind,
                        line.label,
                        stands.planned,
                        stands.spent,
                        stands.share,
                        stands.expected,
                    ]
                )
    return Sheet(
        "budgets",
        _("Spent against plan"),
        [
            Column(_("Period")),
            Column(_("For"), css="p3"),
            Column(_("Line")),
            Column(_("Planned"), "money"),
            Column(_("Spent"), "money"),
            Column(_("Share"), "share", "p2"),
            Column(_("Expected in the end"), "money", "p2"),
        ],
        rows,
    )


def _course(
    program: Program, year: int, today: date, planned: Mapping[Line, int], spent: Mapping[Line, int]
) -> charts.Chart:
    """Added up over the year: the plan, what was spent, and where it leads in a straight line."""
    months = [date(year, month, 1) for month in range(1, 13)]
    plan, done = _added(months, planned), _added(months, spent)
    over = [month for month in months if month <= today]
    so_far: list[float | None] = [*done[: len(over)], *[None] * (12 - len(over))]
    series = [
        charts.Series(_("Spent"), so_far),
        charts.Series(_("Planned"), [float(one) for one in plan], "compare"),
    ]
    ahead = planning.standing(
        lines=list(Budget.Line), months=months, planned=planned, spent=spent, today=today
    ).expected
    if ahead is not None and len(over) < 12:
        last, steps = done[len(over) - 1], 12 - len(over)
        path = [last + (ahead - last) * step / steps for step in range(steps + 1)]
        series.append(charts.Series(_("In a straight line"), [*[None] * (len(over) - 1), *path], "forecast"))
    money = {
        "spent": formats.format_money(done[len(over) - 1] if over else 0, program.currency),
        "planned": formats.format_money(plan[-1], program.currency),
    }
    return charts.line(
        title=_("The year so far"),
        sentence=_("%(spent)s of %(planned)s planned for the year were spent.") % money,
        labels=[formats.format_date(month, form="mon") for month in months],
        series=series,
        write=lambda minor: formats.format_money(round(minor), program.currency),
        head=_("End of"),
    )


def _added(months: Sequence[date], amounts: Mapping[Line, int]) -> list[int]:
    total, found = 0, []
    for month in months:
        total += sum(amounts.get((line.value, month), 0) for line in Budget.Line)
        found.append(total)
    return found

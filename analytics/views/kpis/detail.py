"""One KPI: its course beside that of the period before, its parts, how it differs by store or member, and its statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import margins, rollups
from analytics.kpis import Figure, Kpi, narrowing, quantities
from analytics.kpis.measuring import Compared
from analytics.kpis.narrowing import FORETOLD, Narrowed
from analytics.kpis.registry import REGISTRY
from analytics.periods import Period
from analytics.views import choosing, drawings, parts, sheets
from analytics.views.kpis import breakdowns, fits, words
from loyaltysite.kit import charts, clock
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.models import Unit
from rewards.queries import units_of


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def detail(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """The KPI `key`; with ?format=csv its course as a table."""
    kpi = REGISTRY.get(key)
    if kpi is None:
        raise Http404
    today = timezone.localdate(clock.now())
    form, period = choosing.chosen(request, today, "90")
    units = units_of(program)
    unit = units[0] if units else None
    asked = parts.asked(program, request.GET)
    narrowed = asked.compare([key], period)
    found = narrowed.found[key]
    if request.GET.get("format") == "csv":
        return _csv(kpi, period, found.course, narrowed)
    breakdown = breakdowns.chosen(request.GET.get("by", ""), kpi)
    rest = f"&by={breakdown.key}" if breakdown and request.GET.get("by") else ""
    rest += f"&{asked.part.query}" if asked.part.query else ""
    context = {
        "kpi": kpi,
        "period": period,
        "form": form,
        "periods": choosing.links(period, rest),
        "query": _query(request),
        "days_before": (period.before, period.first - timedelta(days=1)),
        "words": words.tell(kpi, found, program=program, unit=unit, why=narrowed.why.get(key, "")),
        "chart": draw(kpi, program, period, found, over=period.is_over(today))
        if narrowed.is_exact(key)
        else None,
        "parts": parts_of(kpi, found, program, unit),
        "statements": narrowing.statements(kpi, asked.part, period) if narrowed.is_asked(kpi) else [],
        "looks_back": bool(set(kpi.quantities) & quantities.People().names),
        "margin_source": margins.source(program),
        "fit": fits.tell(run) if key in FORETOLD and (run := fits.newest(program)) else [],
        "is_due": rollups.is_due(program=program),
        **parts.context(program, request.GET, asked, narrowed),
        **breakdowns.shown(kpi, asked.part, period, breakdown if narrowed.is_exact(key) else None, request),
        **frame.around(request.team, current="kpis", crumbs=[("", str(kpi.name))]),
    }
    template = "analytics/kpis/detail.html"
    status = 422 if asked.problem or (form.is_bound and form.errors) else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def draw(kpi: Kpi, program: Program, period: Period, found: Compared, *, over: bool) -> charts.Chart | None:
    """Nothing where the period does not matter. A step that is not `over` would draw what adds up down to zero."""
    if kpi.is_to_date:
        return None
    adds_up = kpi.unit in ("count", "money") and not kpi.below
    values = [figure.value for figure in found.course]
    if adds_up and not over and len(values) > 1:
        values[-1] = None
    return charts.line(
        title=str(kpi.name),
        sentence=_sentence(kpi, program, found.course),
        labels=drawings.labels_of(period),
        series=[
            charts.Series(_("This period"), values),
            charts.Series(_("The period before"), [figure.value for figure in found.earlier], "before"),
        ],
        write=words.writer(kpi, program),
        head=_("From"),
    )


def _sentence(kpi: Kpi, program: Program, course: Sequence[Figure]) -> str:
    """From where to where."""
    known = [figure.value for figure in course if figure.value is not None]
    if not known:
        return _("Nothing to draw yet.")
    first, last = (words.write(kpi, value, program) for value in (known[0], known[-1]))
    names = {"name": kpi.name, "first": first, "last": last}
    if first == last:
        return _("%(name)s stayed at %(last)s.") % names
    if known[-1] > known[0]:
        return _("%(name)s rose from %(first)s to %(last)s.") % names
    return _("%(name)s fell from %(first)s to %(last)s.") % names


def parts_of(kpi: Kpi, compared: Compared, program: Program, unit: Unit | None) -> list[tuple[str, str, str]]:
    """What is divided by what: its name, now and in the period before. Nothing where nothing is divided, or nobody knows."""
    now, before = compared.now, compared.before
    if now.denominator is None or not now.is_known:
        return []
    sides = [
        (kpi.numerator, kpi.above, now.numerator, before.numerator),
        (kpi.denominator, kpi.below, now.denominator, before.denominator or 0),
    ]
    return [
        (
            str(name),
            words.quantity(key, value, program, unit),
            "" if kpi.is_to_date else words.quantity(key, earlier, program, unit),
        )
        for name, key, value, earlier in sides
    ]


def _query(request: StaffRequest) -> str:
    query = request.GET.copy()
    query["format"] = "csv"
    return query.urlencode()


def _csv(kpi: Kpi, period: Period, course: Sequence[Figure], narrowed: Narrowed) -> HttpResponse:
    """A row for each step; money in minor units, shares between 0 and 1; of a part with which one, and why not."""
    heads = [_("From"), _("To"), str(kpi.name), str(kpi.numerator), str(kpi.denominator)]
    rows: list[tuple[Any, ...]] = [
        (first.isoformat(), (end - timedelta(days=1)).isoformat(), figure.value, figure.numerator, figure.denominator)
        for (first, end), figure in zip(pairwise(period.edges), course, strict=True)
    ]  # fmt: skip
    width = 5 if kpi.below else 4
    heads, rows = heads[:width], [row[:width] for row in rows]
    if not narrowed.part.is_whole or narrowed.why:
        more = (narrowed.part.text, narrowed.why.get(kpi.key, ""))
        heads, rows = [*heads, _("Filter"), _("Reason")], [(*row, *more) for row in rows]
    return sheets.as_csv(kpi.key, heads, rows)

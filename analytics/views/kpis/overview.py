"""The key figures on one page: each with what it was before, its course and its definition."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import rollups
from analytics.kpis.narrowing import FORETOLD, Narrowed
from analytics.kpis.registry import GROUPS, REGISTRY
from analytics.views import choosing, parts, sheets
from analytics.views.kpis import fits, words
from loyaltysite.kit import clock
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.queries import units_of


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def overview(request: StaffRequest, program: Program) -> HttpResponse:
    """Every KPI in the chosen period."""
    form, period = choosing.chosen(request, timezone.localdate(clock.now()), "90")
    asked = parts.asked(program, request.GET)
    narrowed = asked.compare(REGISTRY, period)
    groups = _groups(program, narrowed, is_told=not asked.problem)
    if request.GET.get("format") == "csv":
        return _csv(groups, narrowed)
    query = request.GET.urlencode()
    context = {
        "query": f"?{query}" if query else "",
        "csv": f"?{query}&format=csv" if query else "?format=csv",
        "is_due": rollups.is_due(program=program),
        "period": period,
        "form": form,
        "periods": choosing.links(period, f"&{asked.part.query}" if asked.part.query else ""),
        "groups": groups,
        **parts.context(program, request.GET, asked, narrowed),
        **frame.around(request.team, current="kpis"),
    }
    template = "analytics/kpis/overview.html"
    status = 422 if asked.problem or (form.is_bound and form.errors) else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def _groups(program: Program, narrowed: Narrowed, *, is_told: bool) -> list[dict[str, Any]]:
    """Without `is_told` not each figure says why there is none: the page does."""
    units = units_of(program)
    unit = units[0] if units else None
    run = fits.newest(program)
    return [
        {
            "name": name,
            "kpis": [
                words.tell(
                    kpi,
                    narrowed.found[kpi.key],
                    program=program,
                    unit=unit,
                    why=narrowed.why.get(kpi.key, "") if is_told else "",
                    model=fits.model_of(run) if run and kpi.key in FORETOLD else "",
                )
                for kpi in kpis
            ],
        }
        for name, kpis in GROUPS
    ]


def _csv(groups: list[dict[str, Any]], narrowed: Narrowed) -> HttpResponse:
    """A row for each KPI, as the page writes it, with its definition; of a part of it, with which one, and why not or of which days."""
    heads = [_("Figure"), _("Value"), _("Before"), _("How it is counted")]
    rows = [
        [
            one.kpi.name,
            one.value or "–",
            one.before,
            one.kpi.definition,
            narrowed.part.text,
            narrowed.reason(one.key),
        ]
        for group in groups
        for one in group["kpis"]
    ]
    if narrowed.part.is_whole and not narrowed.why:
        return sheets.as_csv("kpis", heads, [row[:4] for row in rows])
    return sheets.as_csv("kpis", [*heads, _("Filter"), _("Reason")], rows)

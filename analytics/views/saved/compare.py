"""The key figures of several programs side by side: those that the user may read, each in its own currency and zone.
Nothing is added up over programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_scopes import scope

from analytics.kpis import measuring
from analytics.kpis.registry import GROUPS, REGISTRY
from analytics.views import choosing, sheets
from analytics.views.kpis import words
from loyaltysite.kit import clock
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.queries import units_of

# Side by side; who has more sees the first by name.
MOST = 8


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def compare(request: StaffRequest, program: Program) -> HttpResponse:
    form, period = choosing.chosen(request, timezone.localdate(clock.now()), "90")
    programs = [team.program for team in access.open_to(request.user)][:MOST]
    columns = [_column(request, one) for one in programs]
    groups: list[dict[str, Any]] = [
        {
            "name": name,
            "rows": [{"kpi": kpi, "cells": [column[kpi.key] for column in columns]} for kpi in kpis],
        }
        for name, kpis in GROUPS
    ]
    if request.GET.get("format") == "csv":
        heads = [_("Figure"), *(one.name for one in programs)]
        lines = [
            [row["kpi"].name, *(cell.value or "–" for cell in row["cells"])]
            for group in groups
            for row in group["rows"]
        ]
        return sheets.as_csv("programs", heads, lines)
    query = request.GET.urlencode()
    context = {
        "period": period,
        "form": form,
        "periods": choosing.links(period),
        "programs": programs,
        "groups": groups,
        "csv": f"?{query}&format=csv" if query else "?format=csv",
        **frame.around(request.team, current="views", crumbs=[("", _("Programs side by side"))]),
    }
    template = "analytics/saved/compare.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


def _column(request: StaffRequest, program: Program) -> dict[str, Any]:
    """By the program's own days: there it may be tomorrow already."""
    with scope(program=program), timezone.override(program.zone):
        _form, period = choosing.chosen(request, timezone.localdate(clock.now()), "90")
        found = measuring.compare_all(program=program, keys=REGISTRY, period=period)
        units = units_of(program)
        unit = units[0] if units else None
        return {key: words.tell(kpi, found[key], program=program, unit=unit) for key, kpi in REGISTRY.items()}

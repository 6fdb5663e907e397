"""One journey as it runs: who is where now, what happened at a step and why, and its versions."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from campaigns import drafting
from campaigns.journeys import counts
from campaigns.models import Experiment, PublishRequest
from campaigns.views.journeys import drawing, lives, triggers
from campaigns.views.journeys.finding import find, version_of
from campaigns.views.journeys.listing import KINDS, State
from campaigns.views.journeys.names import Names
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

TEMPLATE = "campaigns/dashboard/journeys/journey.html"
# So many of those who wait are shown.
SAMPLE = 10


@require_safe
@vary_on_headers("HX-Request")
@program_view(role=Role.ANALYST)
def journey(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """The version in force, or with `?version=` an older one; `?step=` opens a step. The number of statements does not
    grow with the members or the steps."""
    one = find(program, key)
    version = version_of(one, request.GET.get("version", ""))
    graph = dict(version.graph) if version else drafting.beginning(one)
    names = Names(program)
    live = lives.of_steps(graph, counts.of_steps(version=version)) if version else {}
    drawn = drawing.draw(graph, names, lives=live)
    step = request.GET.get("step", "")
    chosen = next((card for card in drawing.each(drawn.cards) if card.key == step), None)
    asked = f"version={version.number}&" if version and version != one.current else ""
    context: dict[str, Any] = {
        "journey": one,
        "state_kind": KINDS[State(one.state)],
        "version": version,
        "versions": one.versions.select_related("published_by").order_by("-number"),
        "totals": counts.totals(program=program, journeys=[one]).get(one.pk, counts.Totals()),
        "drawing": drawn,
        "trigger": triggers.trigger(graph, names),
        "rules": triggers.rules(graph, names),
        "step": step,
        "base": f"?{asked}",
        "chosen": chosen if version else None,
        "waiting": counts.waiting_at(version=version, key=step, most=SAMPLE) if version and chosen else [],
        "has_draft": one.current is not None and drafting.is_ahead(one),
        "wish": PublishRequest.objects.filter(journey=one, state="waiting")
        .select_related("asked_by")
        .first(),
        "experiments": Experiment.objects.filter(journey=one, state="running").order_by("pk"),
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="journeys", crumbs=[(request.path, one.name)]),
    }
    part = "#watched" if request.htmx and request.htmx.target == "watched" else ""
    return render(request, TEMPLATE + part, context)

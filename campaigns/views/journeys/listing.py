"""All journeys: each with its trigger in plain words, its state, and who is in it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import drafting
from campaigns.journeys import counts
from campaigns.models import Journey
from campaigns.views.journeys import flow, triggers
from campaigns.views.journeys.names import Names
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

State = Journey.State
# In the order of the list, each with the look of its badge.
KINDS = {State.LIVE: "good", State.PAUSED: "warn", State.DRAFT: "draft", State.STOPPED: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """`trigger` is that of the version in force, or of the draft where there is none."""

    journey: Journey
    trigger: str
    totals: counts.Totals
    has_draft: bool

    @property
    def kind(self) -> str:
        return KINDS[State(self.journey.state)]


@require_safe
@program_view(role=Role.ANALYST)
def journey_list(request: StaffRequest, program: Program) -> HttpResponse:
    """What runs stands first, what is over last."""
    context = {
        "lines": lines_of(program),
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="journeys"),
    }
    return render(request, "campaigns/dashboard/journeys/list.html", context)


def lines_of(program: Program) -> list[Line]:
    """The same number of statements for any number of journeys."""
    names, totals = Names(program), counts.totals(program=program)
    journeys = Journey.objects.filter(program=program).select_related("current")
    order = list(KINDS)
    found = sorted(journeys, key=lambda journey: (order.index(State(journey.state)), journey.name.casefold()))
    return [
        Line(
            journey,
            triggers.trigger(shown_graph(journey), names).title,
            totals.get(journey.pk, counts.Totals()),
            drafting.is_ahead(journey),
        )
        for journey in found
    ]


def shown_graph(journey: Journey) -> flow.Graph:
    """What members go through, or what is to become of it."""
    return dict(journey.current.graph if journey.current else journey.draft)

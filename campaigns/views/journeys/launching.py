"""A journey begins, rests, goes on and ends: each step says first whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import approvals, drafting
from campaigns.journeys import counts, editing
from campaigns.journeys.editing import LEAVE, STAY, Move
from campaigns.models import Journey, JourneyVersion, PublishRequest
from campaigns.views.journeys import differences, flow, triggers, words
from campaigns.views.journeys.finding import find
from campaigns.views.journeys.names import Names
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

PREFIX = "to_"


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@dataclass(frozen=True, slots=True)
class Row:
    """A step of the version in force where somebody waits, and where they can go."""

    name: str
    title: str
    waiting: int
    target: str
    choices: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def publish(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """What changes, and where those go who are under way; then the draft is in force."""
    journey = find(program, key)
    faults = drafting.faults_of(program, journey.draft)
    form = ReasonForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and not faults and form.is_valid():
        try:
            made = approvals.publish(
                program=program,
                key=key,
                by=request.user,
                now=clock.now(),
                revision=_whole(request.POST.get("revision")),
                reason=form.cleaned_data["reason"],
                mapping=_mapping(request),
            )
        except DomainError as error:
            refusal = str(error)
        else:
            messages.success(request, _told(made, journey))
            return redirect("campaigns:journey", program.slug, key)
    names, draft = Names(program), drafting.beginning(journey)
    context = {
        "journey": journey,
        "form": form,
        "refusal": refusal,
        "faults": faults,
        "trigger": triggers.trigger(draft, names),
        "differences": differences.between(journey.current.graph if journey.current else None, draft, names),
        "rows": [] if faults else _rows(journey, draft, names, _mapping(request)),
        "revision": drafting.revision_of(journey),
        "waiting": _totals(program, journey).waiting,
        "needs_approval": approvals.is_needed(program),
        **_around(request, program, journey, _("Publish")),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "campaigns/dashboard/journeys/publish.html", context, status=status)


def _told(made: JourneyVersion | PublishRequest, journey: Journey) -> str:
    if isinstance(made, PublishRequest):
        return _("“%(name)s” waits for somebody else to approve it.") % {"name": journey.name}
    return _("“%(name)s” is published.") % {"name": journey.name}


@require_POST
@program_view(role=Role.MANAGER)
def pause(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Everybody stays where they are until it goes on."""
    return _turn(request, program, key, editing.pause, _("The journey rests. Nobody moves until it goes on."))


@require_POST
@program_view(role=Role.MANAGER)
def resume(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Everybody goes on from where they are."""
    return _turn(request, program, key, editing.resume, _("The journey goes on."))


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def stop(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """For good: it says first how many leave."""
    journey = find(program, key)
    if request.method == "POST":
        return _turn(request, program, key, editing.stop, _("The journey is stopped."))
    context = {
        "journey": journey,
        "totals": _totals(program, journey),
        **_around(request, program, journey, _("Stop")),
    }
    return render(request, "campaigns/dashboard/journeys/stop.html", context)


def _turn(
    request: StaffRequest, program: Program, key: str, act: Callable[..., Journey], told: str
) -> HttpResponse:
    try:
        act(journey=find(program, key), by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, told)
    return redirect("campaigns:journey", program.slug, key)


def _mapping(request: StaffRequest) -> dict[str, str]:
    """By step of the version in force where those who wait there go, as far as it was chosen."""
    return {
        name.removeprefix(PREFIX): str(value)
        for name, value in request.POST.items()
        if name.startswith(PREFIX)
    }


def _rows(journey: Journey, draft: flow.Graph, names: Names, mapping: dict[str, str]) -> list[Row]:
    """Only steps where somebody waits: for the others there is nothing to decide."""
    if journey.current is None:
        return []
    before = {str(spot.step["key"]): spot.step for spot in flow.walk(journey.current.graph)}
    places = [(str(spot.step["key"]), words.step(spot.step, names).title) for spot in flow.walk(draft)]
    choices = [
        (STAY, _("go on in the version they began")),
        (LEAVE, _("leave the journey")),
        *((key, _("to: %(step)s") % {"step": title}) for key, title in places),
    ]
    try:
        moves: list[Move] = editing.preview(journey=journey, mapping=mapping)
    except DomainError:
        moves = editing.preview(journey=journey)
    return [
        Row(
            f"{PREFIX}{move.key}",
            words.step(before[move.key], names).title,
            move.waiting,
            move.target,
            choices,
        )
        for move in moves
        if move.waiting
    ]


def _totals(program: Program, journey: Journey) -> counts.Totals:
    return counts.totals(program=program, journeys=[journey]).get(journey.pk, counts.Totals())


def _around(request: StaffRequest, program: Program, journey: Journey, text: str) -> dict[str, Any]:
    address = reverse("campaigns:journey", args=[program.slug, journey.key])
    crumbs = [(address, journey.name), (request.path, text)]
    return frame.around(request.team, current="journeys", crumbs=crumbs)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else -1

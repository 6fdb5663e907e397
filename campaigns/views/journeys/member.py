"""One member's ways through journeys: every step with what became of it, when, and why."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from campaigns.models import Enrolment, Journey, StepExecution
from campaigns.troubles import About, may_be_told
from campaigns.views.journeys import flow, lives, words
from campaigns.views.journeys.names import Names
from members import access
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards.views.finding import find

TEMPLATE = "campaigns/dashboard/journeys/member.html"
# The latest ways; what is older is in the log.
MOST = 50
KINDS = {Enrolment.Status.WAITING: "info", Enrolment.Status.FINISHED: "good", Enrolment.Status.EXITED: ""}


@dataclass(slots=True)
class Stop:
    """A step on the way: `text` is what became of it."""

    icon: str
    title: str
    text: str
    at: datetime | None


@dataclass(slots=True)
class Course:
    """A member's way through a journey. `now` is where the member waits."""

    enrolment: Enrolment
    journey: Journey
    kind: str
    stops: list[Stop] = field(default_factory=list)
    now: Stop | None = None
    reason: str = ""


@require_safe
@vary_on_headers("HX-Request")
@program_view(role=Role.ANALYST)
def member_journeys(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """All ways of a member, latest first; as a fragment the short list on the member's page."""
    person = find(program, number)
    context: dict[str, Any] = {"person": person, "courses": courses_of(program, person)}
    context["may_tell"] = may_be_told(person) and access.may(request.team.role, Role.MANAGER)
    if request.htmx:
        return render(request, f"{TEMPLATE}#short", context | {"program": program})
    crumbs = [
        (reverse("rewards:member", args=[program.slug, person.number]), str(person)),
        (request.path, _("Journeys")),
    ]
    context |= {"key": uuid.uuid4(), "abouts": About.choices}
    return render(request, TEMPLATE, context | frame.around(request.team, current="members", crumbs=crumbs))


def courses_of(program: Program, person: Member) -> list[Course]:
    """The same number of statements for any number of ways."""
    journeys = Journey.objects.filter(program=program)
    rows = (
        Enrolment.objects.filter(journey__in=journeys, member=person)
        .select_related("journey", "version", "step")
        .order_by("-entered_at", "-pk")[:MOST]
    )
    found = {row.pk: row for row in rows}
    done: dict[int, list[StepExecution]] = {}
    executions = StepExecution.objects.filter(enrolment__in=found).select_related("step")
    for one in executions.order_by("enrolment_id", "hop"):
        done.setdefault(one.enrolment_id, []).append(one)
    names = Names(program)
    return [_course(row, done.get(row.pk, []), names) for row in found.values()]


def _course(row: Enrolment, done: list[StepExecution], names: Names) -> Course:
    steps = {str(spot.step["key"]): spot.step for spot in flow.walk(row.version.graph)}
    course = Course(row, row.journey, KINDS[Enrolment.Status(row.status)])
    for one in done:
        said = words.step(steps.get(one.step.key, {"kind": one.step.kind}), names)
        course.stops.append(Stop(words.ICONS.get(one.step.kind, "info"), said.title, _became(one), one.at))
    if row.status == Enrolment.Status.WAITING and row.step is not None:
        said = words.step(steps.get(row.step.key, {"kind": row.step.kind}), names)
        course.now = Stop(words.ICONS.get(row.step.kind, "info"), said.title, "", row.due_at)
    if row.reason:
        course.reason = lives.why(row.reason)
    return course


def _became(one: StepExecution) -> str:
    """What became of it, with the path taken or the reason."""
    parts = [str(lives.OUTCOMES.get(one.outcome, one.outcome))]
    if one.way and one.way not in ("then", "else"):
        parts.append(one.way)
    if one.reason:
        parts.append(lives.why(one.reason))
    return " · ".join(parts)

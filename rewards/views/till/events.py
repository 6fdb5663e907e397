"""Events at the door: which are near, who comes, and who came. A code is scanned as any other reward's."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyaltysite.kit import clock
from members.access import StaffRequest
from members.models import Program
from rewards import catalogue
from rewards.gatherings import reading
from rewards.models import Gathering
from rewards.views import gathering_words as words
from rewards.views.till import pages, setup
from rewards.views.till.door import till_view

BEFORE, AFTER = timedelta(hours=18), timedelta(days=7)
MOST_SEATS = 500


@require_safe
@till_view
def events(request: StaffRequest, program: Program) -> HttpResponse:
    """Those of these days."""
    found = _near(program)
    turnout = reading.turnout([one.reward for one in found])
    rows = [
        {
            "key": one.reward.key,
            "name": catalogue.name_of(one.reward.names, one.reward.key),
            "day": words.of(one, program),
            "turnout": turnout[one.pk],
        }
        for one in found
    ]
    return _render(request, program, "rewards/till/events.html", rows=rows)


@require_safe
@till_view
def event(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Who has a seat at one of these days' events; by name and the end of the number, and nothing else."""
    one = next((each for each in _near(program) if each.reward.key == key), None)
    if one is None:
        raise Http404
    found = sorted(
        reading.seats(one.reward, most=MOST_SEATS),
        key=lambda seat: (seat.came_at is not None, seat.member.name.casefold()),
    )
    seats = [
        {
            "name": seat.member.name or _("Member"),
            "ending": seat.member.number[-4:],
            "came_at": seat.came_at and timezone.localtime(seat.came_at),
        }
        for seat in found
    ]
    return _render(
        request,
        program,
        "rewards/till/event.html",
        name=catalogue.name_of(one.reward.names, key),
        day=words.of(one, program),
        turnout=reading.turnout([one.reward])[one.pk],
        seats=seats,
    )


def _near(program: Program) -> list[Gathering]:
    return reading.near(program=program, now=clock.now(), before=BEFORE, after=AFTER)


def _render(request: StaffRequest, program: Program, template: str, **context: object) -> HttpResponse:
    frame = setup.frame(request, program, chosen=request.COOKIES.get(pages.STORE_COOKIE, ""))
    return render(request, template, {**frame, **context})

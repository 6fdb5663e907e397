"""An event for staff: its day and place, its seats, and who comes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import catalogue
from rewards.gatherings import editing, reading
from rewards.models import Gathering, Reward
from rewards.views import gathering_words as words
from rewards.views.catalogue import pages
from rewards.views.gatherings.forms import GatheringForm

MOST_SEATS = 500


@require_safe
@program_view(role=Role.ANALYST)
def event(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Its day and who comes."""
    reward = find(program, key)
    one = reading.find(program=program, key=key)
    name = catalogue.name_of(reward.names, reward.key)
    context: dict[str, Any] = {
        "reward": reward,
        "name": name,
        "day": words.of(one, program) if one else None,
        "remind_hours": one.remind_hours if one else 0,
        "turnout": reading.turnout([reward])[reward.pk],
        "seats": seats_of(reward),
        "most": MOST_SEATS,
        "may_edit": access.may(request.team.role, Role.MANAGER) and reward.state != Reward.State.ENDED,
        **frame.around(request.team, current="rewards", crumbs=_crumbs(program, reward, name)),
    }
    return render(request, "rewards/dashboard/gatherings/event.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def event_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Set its day and its place."""
    reward, status = find(program, key), 200
    one = reading.find(program=program, key=key)
    form = GatheringForm(request.POST or None, program=program, one=one)
    if request.method == "POST":
        if form.is_valid() and _save(request, program, key, form):
            messages.success(request, _("The day was saved."))
            return redirect("rewards:event", program.slug, key)
        status = 422
    name = catalogue.name_of(reward.names, reward.key)
    crumbs = [*_crumbs(program, reward, name)[:1], *_here(program, key), (request.path, _("Edit"))]
    context = {
        "reward": reward,
        "name": name,
        "form": form,
        "revision": request.POST.get("revision", one.revision if one else 0),
        "back": reverse("rewards:event", args=[program.slug, key]),
        **frame.around(request.team, current="rewards", crumbs=crumbs),
    }
    return render(request, "rewards/dashboard/gatherings/edit.html", context, status=status)


def find(program: Program, key: str) -> Reward:
    reward = pages.find(program, key)
    if reward.kind != Reward.Kind.EVENT:
        raise Http404
    return reward


def seats_of(reward: Reward) -> list[dict[str, Any]]:
    """Who has a seat, with the moment at which each came."""
    return [
        {
            "member": seat.member,
            "since": timezone.localtime(seat.redemption.reserved_at).date(),
            "came_at": seat.came_at and timezone.localtime(seat.came_at),
        }
        for seat in reading.seats(reward, most=MOST_SEATS)
    ]


def _save(request: StaffRequest, program: Program, key: str, form: GatheringForm) -> Gathering | None:
    seen = request.POST.get("revision", "")
    revision = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
    try:
        return editing.plan(
            program=program, key=key, by=request.user, now=clock.now(), revision=revision, **form.values()
        )
    except DomainError as error:
        refuse(form, error)
        return None


def _crumbs(program: Program, reward: Reward, name: str) -> list[tuple[str, str]]:
    return [(reverse("rewards:reward", args=[program.slug, reward.key]), name), ("", _("Day and seats"))]


def _here(program: Program, key: str) -> list[tuple[str, str]]:
    return [(reverse("rewards:event", args=[program.slug, key]), _("Day and seats"))]

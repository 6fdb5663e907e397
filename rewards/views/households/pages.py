"""Households for staff: who shares with whom, and one with its members, what moved, and what can be done."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards import queries
from rewards.households import places, reading, staffing
from rewards.households.reading import Place
from rewards.models import Household, HouseholdPlace, Unit
from rewards.views.households import words

SIZE, MOVES = 50, 30
DEEDS = ("remove", "dissolve")


class DeedForm(forms.Form):
    """`number` is whom to take out of it."""

    do = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    number = forms.CharField(max_length=12, required=False)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300, required=False)


@require_safe
@program_view(role=Role.ANALYST)
def households(request: StaffRequest, program: Program) -> HttpResponse:
    """The latest first; `q` looks for somebody who is or was in one."""
    sought = request.GET.get("q", "").strip()[:80]
    found = list(reading.sought(program, sought)[:SIZE])
    ids = [one.pk for one in found]
    people, shared = reading.people_in(ids), reading.shared_by(ids)
    known = {unit.key: unit for unit in queries.units_of(program)}
    context = {
        "rows": [
            {
                "household": one,
                "count": len(people.get(one.pk, ())),
                "shared": words.amounts(shared.get(one.pk, {}), known),
                **words.state(one),
            }
            for one in found
        ],
        "sought": sought,
        "is_shared": bool(places.shared_units(program)),
        **frame.around(request.team, current="households"),
    }
    return render(request, "rewards/dashboard/households/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def household(request: StaffRequest, program: Program, household_id: int) -> HttpResponse:
    """One of them; a POST by a manager takes somebody out of it or dissolves it."""
    one = _find(program, household_id)
    form = DeedForm(request.POST or None)
    if request.method == "POST":
        if not access.may(request.team.role, Role.MANAGER):
            return access.refuse(request, request.team, Role.MANAGER)
        if form.is_valid():
            try:
                said = _do(request, program, one, form.cleaned_data)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, said)
                return redirect("rewards:household", program.slug, one.pk)
    status = 422 if form.errors else 200
    context = _told(request, program, one) | {"form": form}
    return render(request, "rewards/dashboard/households/one.html", context, status=status)


def _told(request: StaffRequest, program: Program, one: Household) -> dict[str, Any]:
    before = _place(request.GET)
    known = {unit.key: unit for unit in queries.units_of(program)}
    found = reading.moved(one.pk, limit=MOVES + 1, before=before)
    people = reading.people_in([one.pk]).get(one.pk, [])
    here = reverse("rewards:household", args=[program.slug, one.pk])
    is_open = one.ended_at is None
    return {
        "household": one,
        "shared": words.amounts(reading.shared_by([one.pk]).get(one.pk, {}), known),
        "people": [_person(place, one, known) for place in people],
        "gone": list(
            one.places.exclude(left_at=None).select_related("member").order_by("-left_at", "-pk")[:SIZE]
        ),
        "moves": [words.moved(each) for each in found[:MOVES]],
        "earlier": f"{here}?{_query(found[MOVES - 1].place)}" if len(found) > MOVES else "",
        "is_later": before is not None,
        "latest": here,
        "is_open": is_open,
        "may_edit": is_open and access.may(request.team.role, Role.MANAGER),
        **words.state(one),
        **frame.around(request.team, current="households", crumbs=[("", words.name(one))]),
    }


def _person(place: HouseholdPlace, one: Household, known: dict[str, Unit]) -> dict[str, Any]:
    return {
        "place": place,
        "member": place.member,
        "is_head": place.member_id == one.head_id,
        "limits": [
            formats.format_units(amount, known[unit])
            for unit, amount in place.limits.items()
            if unit in known
        ],
    }


def _do(request: StaffRequest, program: Program, one: Household, asked: dict[str, Any]) -> str:
    """What is said of it. Raises DomainError."""
    given: dict[str, Any] = {
        "program": program,
        "household_id": one.pk,
        "by": request.user,
        "reason": asked["reason"],
        "now": clock.now(),
    }
    if asked["do"] == "dissolve":
        staffing.dissolve(**given)
        return _("The household is dissolved.")
    member = Member.objects.filter(program=program, number=asked["number"]).first()
    if member is None:
        raise Http404
    staffing.remove(member=member, **given)
    return _("Taken out of the household.")


def _find(program: Program, household_id: int) -> Household:
    rows = Household.objects.filter(program=program).select_related("head")
    found = rows.filter(pk=household_id).first() if household_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _query(place: Place) -> str:
    return urlencode({"before": place.at.isoformat(), "entry": place.entry})


def _place(query: QueryDict) -> Place | None:
    """Where a page goes on, from its address; None for anything else."""
    entry = query.get("entry", "")
    try:
        at = parse_datetime(query.get("before", ""))
    except ValueError:
        return None
    if at is None or at.tzinfo is None or not entry.isdecimal() or len(entry) > 18:
        return None
    return Place(at, int(entry))

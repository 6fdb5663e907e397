"""The household on the portal: who is in it, what is shared, putting in and taking out, invitations, leaving. Joining
takes a code by e-mail, as sending does: the others may take what one has."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members.models import Member, Program
from members.portal import attempts, codes
from members.portal.codes import Purpose
from members.portal.entrance import frame, member_page
from members.portal.forms import CodeForm
from members.regions import region_of
from rewards import histories, sendings
from rewards.households import moving, parting, places, reading, sharing
from rewards.models import Household, HouseholdPlace, Unit
from rewards.views.households import words
from rewards.views.portal import balances
from rewards.views.portal.sending import proven_email
from rewards.views.portal.words import units
from rewards.views.rules.fields import NumberField

WISH = "wafa_household"
MOVES = 10
TOO_MANY = gettext_lazy("Too many requests. Wait a quarter of an hour, then try again.")


class TooMany(DomainError):
    code = "too_many"
    message = TOO_MANY
    status = 429


class DeedForm(forms.Form):
    """Whatever is done on the page: `do` says which, the other fields belong to some of them."""

    do = forms.CharField(max_length=20)
    key = forms.UUIDField(required=False)
    unit = forms.CharField(max_length=40, required=False)
    amount = NumberField(label=gettext_lazy("How much"))
    to = forms.CharField(label=gettext_lazy("E-mail, phone or member number"), max_length=254, required=False)
    number = forms.CharField(max_length=12, required=False)
    invitation = forms.IntegerField(required=False, min_value=1, max_value=2**62)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def household(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The page; a POST does one thing and comes back to it."""
    now, status = clock.now(), 200
    shared = places.shared_units(program)
    invited = list(places.invitations_for(member, now=now))
    place = places.place_of(member)
    if not shared and place is None:
        raise Http404
    form = DeedForm(request.POST or None)
    if request.method == "POST":
        status = 422
        if not attempts.is_allowed(request, "household", program=program, key=member.number):
            form.is_valid()
            form.add_error(None, str(TOO_MANY))
            status = 429
        elif form.is_valid():
            try:
                if form.cleaned_data["do"] == "accept":
                    return _ask(request, program, member, form.cleaned_data, now)
                said = _do(program, member, form.cleaned_data, shared, now)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, said)
                return redirect("portal:household", program.slug)
    context = {
        "member": member,
        "form": form,
        "place": place,
        "invitations": [] if place else [(one, _first_name(one.household.head)) for one in invited],
        "shared": shared,
        "key": uuid.uuid4(),
    }
    if place is not None:
        context |= _inside(program, member, place, shared, now)
    return render(request, "rewards/portal/household.html", frame(request, program, **context), status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def join(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The code, and then the member belongs to the household."""
    attempt, wish = attempts.current(request, program, Purpose.HOUSEHOLD), request.session.get(WISH)
    if attempt is None or not wish or wish["member"] != member.pk or attempt.email != proven_email(member):
        messages.warning(request, str(codes.CodeEnded.message))
        return redirect("portal:household", program.slug)
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if not attempts.is_allowed(request, "try", program=program):
            form.add_error(None, _("Too many tries. Wait a few minutes, then try again."))
            status = 429
        elif form.is_valid():
            try:
                codes.redeem(attempt=attempt, typed=form.cleaned_data["code"])
                places.answer(
                    program=program, member=member, invitation_id=wish["invitation"], accepts=True, now=clock.now()
                )  # fmt: skip
            except codes.CodeWrong as error:
                form.add_error("code", str(error))
            except DomainError as error:
                messages.warning(request, str(error))
                return redirect("portal:household", program.slug)
            else:
                del request.session[WISH]
                messages.success(request, _("Welcome home."))
                response = redirect("portal:household", program.slug)
                attempts.forget(response, program, Purpose.HOUSEHOLD)
                return response
    context = {
        "member": member,
        "form": form,
        "email": attempt.email,
        "minutes": codes.MINUTES,
        "demo_code": codes.shown(program=program, attempt=attempt),
    }
    return render(
        request, "rewards/portal/household_code.html", frame(request, program, **context), status=status
    )


def _ask(
    request: HttpRequest, program: Program, member: Member, typed: dict[str, Any], now: datetime
) -> HttpResponse:
    """Who is invited gets a code. Raises NotFound, InHousehold, TooMany."""
    invitation = places.invitations_for(member, now=now).filter(pk=typed["invitation"]).first()
    if invitation is None:
        raise NotFound
    if places.place_of(member) is not None:
        raise places.InHousehold
    if not attempts.is_allowed(request, "send", program=program, key=member.number):
        raise TooMany
    request.session[WISH] = {"member": member.pk, "invitation": invitation.pk}
    attempt = codes.begin(
        program=program,
        email=proven_email(member),
        language=get_language() or "",
        purpose=Purpose.HOUSEHOLD,
    )
    attempts.send(program, attempt)
    response = redirect("portal:household_code", program.slug)
    attempts.remember(response, program, attempt)
    return response


def _inside(
    program: Program, member: Member, place: HouseholdPlace, shared: list[Unit], now: datetime
) -> dict[str, Any]:
    """What somebody of the household sees: names of those in it, and what is shared."""
    one = place.household
    own = {each.unit.key: each.usable for each in balances.of(program=program, member=member, now=now)}
    common = {
        purse.unit.key: purse.wallet.active
        for purse in histories.purses_of(program=program, holder_id=one.pk)
    }
    taken = {unit: amount for unit, _limit, amount in sharing.taken_of(place, program.zone, now)}
    there = one.places.filter(left_at=None).select_related("member").order_by("joined_at", "pk")
    return {
        "is_head": one.head_id == member.pk,
        "purses": [
            {
                "unit": unit,
                "shared": units(common.get(unit.key, 0), unit),
                "own": units(own.get(unit.key, 0), unit),
                "limit": units(place.limits[unit.key], unit) if unit.key in place.limits else "",
                "taken": units(taken.get(unit.key, 0), unit),
            }
            for unit in shared
        ],
        "people": [_person(each, one, shared) for each in there],
        "choices": [(unit.key, formats.unit_name(10 * 10**unit.precision, unit)) for unit in shared],
        "waiting": one.invitations.filter(state="waiting", due_at__gt=now).order_by("invited_at"),
        "pools": one.pools,
        "moves": [
            {**words.moved(each), "name": _first_name(each.member) if each.member else ""}
            for each in reading.moved(one.pk, limit=MOVES)
        ],
    }


def _person(place: HouseholdPlace, one: Household, shared: list[Unit]) -> dict[str, Any]:
    limits = [units(place.limits[unit.key], unit) for unit in shared if unit.key in place.limits]
    return {
        "number": place.member.number,
        "name": _first_name(place.member) or _("Member"),
        "is_head": place.member_id == one.head_id,
        "joined_at": place.joined_at,
        "limits": limits,
    }


def _do(program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime) -> str:
    """The deed, and what is said of it. Raises DomainError."""
    deed = DEEDS.get(typed["do"])
    if deed is None:
        raise NotFound
    return deed(program, member, typed, shared, now)


def _found(program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime) -> str:
    places.found(program=program, member=member, now=now)
    return _("Your household is there. Invite the others.")


def _invite(
    program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime
) -> str:
    contact = sendings.read_contact(typed["to"], region=region_of(program))
    places.invite(program=program, head=member, to=contact, now=now)
    return _("Invited. Whoever has this contact finds it on the own page.")


def _decline(
    program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime
) -> str:
    places.answer(
        program=program, member=member, invitation_id=typed["invitation"] or 0, accepts=False, now=now
    )
    return _("You said no.")


def _move(program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime) -> str:
    unit, amount = _amount(typed, shared)
    moving.move(
        program=program, member=member, way="in" if typed["do"] == "in" else "out", unit=unit.key, amount=amount,
        key=f"portal:{member.pk}:{typed['key'] or uuid.uuid4()}", now=now,
    )  # fmt: skip
    return _("Put in.") if typed["do"] == "in" else _("You have it now.")


def _limit(program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime) -> str:
    other = _member(program, typed)
    unit, amount = (
        (_unit(typed, shared), None) if typed["amount"] is None else _amount(typed, shared, least=0)
    )
    places.set_limit(program=program, head=member, member=other, unit=unit.key, amount=amount, now=now)
    return _("Kept.")


def _remove(
    program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime
) -> str:
    parting.leave(program=program, member=_member(program, typed), by=member, now=now)
    return _("Taken out of the household.")


def _leave(program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime) -> str:
    parting.leave(program=program, member=member, now=now)
    return _("You have left the household.")


def _dissolve(
    program: Program, member: Member, typed: dict[str, Any], shared: list[Unit], now: datetime
) -> str:
    parting.dissolve(program=program, head=member, now=now)
    return _("The household is dissolved.")


type Deed = Callable[[Program, Member, dict[str, Any], list[Unit], datetime], str]
DEEDS: dict[str, Deed] = {
    "found": _found, "invite": _invite, "decline": _decline, "in": _move, "out": _move,
    "limit": _limit, "remove": _remove, "leave": _leave, "end-back": _dissolve,
}  # fmt: skip


def _amount(typed: dict[str, Any], shared: list[Unit], *, least: int = 1) -> tuple[Unit, int]:
    unit = _unit(typed, shared)
    scaled = Decimal(typed["amount"] or 0).scaleb(unit.precision)
    if scaled % 1 or scaled < least:
        raise places.LimitRefused(_("Say how much."), field="amount")
    return unit, int(scaled)


def _unit(typed: dict[str, Any], shared: list[Unit]) -> Unit:
    """The one that is named, or the only one where none is. Raises NotFound."""
    named = [one for one in shared if one.key == typed["unit"]] if typed["unit"] else shared
    if len(named) != 1:
        raise NotFound(field="unit")
    return named[0]


def _member(program: Program, typed: dict[str, Any]) -> Member:
    found = Member.objects.filter(program=program, number=typed["number"]).first()
    if found is None:
        raise NotFound
    return found


def _first_name(member: Member) -> str:
    return member.name.split(" ")[0] if member.name else ""

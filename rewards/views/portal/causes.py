"""Good causes: what each was given, for everybody to see; a gift in two taps; and what became of one's own gifts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members.models import Member, Program
from members.portal import attempts
from members.portal.entrance import frame, member_of, member_page, open_page
from rewards import catalogue, queries
from rewards.causes import gifts as values
from rewards.causes import giving, reading
from rewards.models import Cause, Donation, Unit
from rewards.views.portal import balances
from rewards.views.portal.charities import tell
from rewards.views.portal.words import units
from rewards.views.rules.fields import NumberField

SHOWN_GIFTS = 200


class GiftForm(forms.Form):
    """So much of which unit; `sure` is the second tap."""

    unit = forms.ChoiceField(required=False)
    amount = NumberField(required=True, error_messages={"required": gettext_lazy("Say how much.")})
    key = forms.UUIDField(required=False)
    sure = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, choices: list[Choice], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.choices = {choice.unit.key: choice for choice in choices}
        self.fields["unit"].choices = [(key, choice.label) for key, choice in self.choices.items()]  # type: ignore[attr-defined]
        self.fields["unit"].label = _("What you give")
        self.fields["amount"].label = _("How much")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        choice = self.choices.get(found.get("unit") or next(iter(self.choices), ""))
        amount = found.get("amount")
        if choice is None or "amount" in self.errors:
            return found
        if amount is None:
            return found
        scaled = Decimal(amount).scaleb(choice.unit.precision)
        if scaled % 1 or scaled <= 0:
            self.add_error("amount", _("Say how much."))
        else:
            found |= {"choice": choice, "ledger": int(scaled)}
        return found


@dataclass(frozen=True, slots=True)
class Choice:
    """What a member may give: a unit the cause takes, how much of it there is, and the least gift."""

    unit: Unit
    usable: int
    least: int

    @property
    def label(self) -> str:
        return str(formats.unit_name(10 * 10**self.unit.precision, self.unit))


@require_safe
@open_page
def causes(request: HttpRequest, program: Program) -> HttpResponse:
    """Everything that was given, for everybody: no sign-in, nobody's name."""
    found = reading.shown(program=program, states=[Cause.State.LIVE, Cause.State.ENDED])
    told = [tell(one, program) for one in found if one.total.gifts or one.cause.state == Cause.State.LIVE]
    context = {
        "member": member_of(request, program),
        "causes": sorted(told, key=lambda one: not one.is_live),
        "given_minor": sum(one.total.worth_minor for one in told),
        "gifts": sum(one.total.gifts for one in told),
    }
    return render(request, "rewards/portal/causes.html", frame(request, program, **context))


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def cause(request: HttpRequest, program: Program, key: str) -> HttpResponse:
    """One cause for everybody; whoever is signed in can give: one tap says how much, the second does it."""
    try:
        one = reading.find(program=program, key=key)
    except NotFound as error:
        raise Http404 from error
    if one.cause.state == Cause.State.DRAFT:
        raise Http404
    member = member_of(request, program)
    context: dict[str, Any] = {
        "member": member,
        "one": tell(one, program),
        "payouts": reading.payouts_of(one.cause),
    }
    if member is None or one.cause.state != Cause.State.LIVE:
        if request.method == "POST":
            return redirect("portal:sign_in", program.slug)
        return render(request, "rewards/portal/cause.html", frame(request, program, **context))
    return _give(request, program, member, one, context)


def _give(
    request: HttpRequest, program: Program, member: Member, one: reading.Shown, context: dict[str, Any]
) -> HttpResponse:
    now, status = clock.now(), 200
    choices = _choices(program, member, one.cause, now)
    first = {"key": uuid.uuid4(), "unit": choices[0].unit.key if choices else ""}
    form = GiftForm(request.POST or None, choices=choices, initial=first)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            found = form.cleaned_data
            if not found["sure"] or not found["key"]:
                context["asked"] = asked(found["choice"], found["ledger"])
                status = 200 if _suffices(form) else 422
            elif not attempts.is_allowed(request, "donate", program=program, key=member.number):
                form.add_error(None, _("Too many requests. Wait a quarter of an hour, then try again."))
                status = 429
            else:
                try:
                    gift = _post(program, member, one.cause, found, now)
                except DomainError as error:
                    refuse(form, error)
                else:
                    return redirect("portal:gift", program.slug, gift.number)
    if form.errors:
        context.pop("asked", None)
    context |= {"form": form, "choices": choices, "key": first["key"], "can_give": bool(choices)}
    return render(request, "rewards/portal/cause.html", frame(request, program, **context), status=status)


def _suffices(form: GiftForm) -> bool:
    """Whether the first tap asks for what there is; if not, the field says so."""
    choice, amount = form.cleaned_data["choice"], form.cleaned_data["ledger"]
    if amount > choice.usable:
        form.add_error("amount", _("You have fewer than that."))
    elif amount < choice.least:
        form.add_error(
            "amount", _("The least gift is %(least)s.") % {"least": units(choice.least, choice.unit)}
        )
    return not form.errors


def asked(choice: Choice, amount: int) -> dict[str, Any]:
    """What the second tap would do."""
    return {
        "amount": units(amount, choice.unit),
        "worth_minor": values.worth_of(choice.unit, amount),
        "left": units(choice.usable - amount, choice.unit),
    }


def _post(program: Program, member: Member, one: Cause, found: dict[str, Any], now: datetime) -> Donation:
    return giving.give(
        program=program,
        member=member,
        cause=one.key,
        unit=found["choice"].unit.key,
        amount=found["ledger"],
        key=f"portal:{member.pk}:{found['key']}",
        now=now,
    )


def _choices(program: Program, member: Member, one: Cause, now: datetime) -> list[Choice]:
    """The units that the cause takes and of which there is enough."""
    usable = {each.unit.key: each.usable for each in balances.of(program=program, member=member, now=now)}
    return [
        Choice(unit, usable[unit.key], one.accepts[unit.key])
        for unit in queries.units_of(program)
        if unit.key in one.accepts and usable.get(unit.key, 0) >= one.accepts[unit.key]
    ]


@require_safe
@member_page
def gifts(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """What I gave, and what became of it."""
    found = list(reading.gifts_of(program=program, member=member)[:SHOWN_GIFTS])
    given = {gift.cause_id: gift.cause for gift in found}
    totals = reading.totals_of(given.values())
    context = {
        "member": member,
        "gifts": [_row(gift) for gift in found],
        "worth_minor": sum(gift.worth_minor for gift in found if gift.withdrawn_at is None),
        "became": [
            (
                tell(reading.Shown(one, totals.get(one.pk, reading.Total())), program),
                reading.payouts_of(one)[:3],
            )
            for one in given.values()
        ],
    }
    return render(request, "rewards/portal/gifts.html", frame(request, program, **context))


@require_safe
@member_page
def gift(request: HttpRequest, program: Program, member: Member, number: int) -> HttpResponse:
    """The receipt, to keep or to print."""
    one = _mine(program, member, number)
    now = clock.now()
    context = {
        "member": member,
        "gift": one,
        "row": _row(one),
        "may_take_back": one.withdrawn_at is None and now - one.given_at <= giving.UNDO_WINDOW,
    }
    return render(request, "rewards/portal/gift.html", frame(request, program, **context))


@require_POST
@member_page
def take_back(request: HttpRequest, program: Program, member: Member, number: int) -> HttpResponse:
    """Not after all: for ten minutes."""
    one = _mine(program, member, number)
    try:
        giving.withdraw(program=program, donation_id=one.pk, now=clock.now())
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("You have it back."))
    return redirect("portal:gift", program.slug, number)


def _mine(program: Program, member: Member, number: int) -> Donation:
    try:
        return reading.receipt_of(program=program, member=member, number=number)
    except NotFound as error:
        raise Http404 from error


def _row(one: Donation) -> dict[str, Any]:
    return {
        "gift": one,
        "name": catalogue.name_of(one.cause.names, one.cause.key),
        "amount": units(one.amount, one.unit),
        "is_void": one.withdrawn_at is not None,
    }

"""Sending points to somebody: the contact and how much, a code by e-mail, and then it waits for whom it is meant.

The answer is the same whoever has the contact, and whether anybody has it."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members.models import Identity, Member, Program
from members.portal import attempts, codes
from members.portal.codes import Purpose
from members.portal.entrance import frame, member_page
from members.portal.forms import CodeForm
from members.regions import region_of
from rewards import queries, sendings
from rewards.models import Sending, Unit
from rewards.views.portal import balances
from rewards.views.portal.words import units
from rewards.views.rules.fields import NumberField

SHOWN = 50
WISH = "wafa_sending"
TOO_MANY = gettext_lazy("Too many requests. Wait a quarter of an hour, then try again.")
BADGES = {"waiting": "warn", "taken": "good"}


class SendForm(forms.Form):
    to = forms.CharField(
        label=gettext_lazy("To whom"),
        max_length=254,
        help_text=gettext_lazy("Their e-mail, phone or member number, exactly as the shop knows it."),
    )
    unit = forms.ChoiceField(label=gettext_lazy("What you send"), required=False)
    amount = NumberField(
        label=gettext_lazy("How much"),
        required=True,
        error_messages={"required": gettext_lazy("Say how much.")},
    )

    def __init__(self, data: Any, *, choices: dict[str, tuple[Unit, int]], program: Program) -> None:
        super().__init__(data)
        self.choices, self.program = choices, program
        self.fields["unit"].choices = [  # type: ignore[attr-defined]
            (key, str(formats.unit_name(10 * 10**unit.precision, unit)))
            for key, (unit, _left) in choices.items()
        ]

    def clean_to(self) -> sendings.Contact:
        try:
            return sendings.read_contact(self.cleaned_data["to"], region=region_of(self.program))
        except sendings.ContactUnreadable as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        key = found.get("unit") or next(iter(self.choices), "")
        if key not in self.choices or "amount" in self.errors:
            return found
        unit, usable = self.choices[key]
        amount = found.get("amount")
        scaled = Decimal(amount).scaleb(unit.precision) if amount is not None else Decimal(0)
        if scaled % 1 or scaled <= 0:
            self.add_error("amount", _("Say how much."))
        elif scaled > usable:
            self.add_error("amount", _("You have fewer than that."))
        return found | {"unit": key, "ledger": int(scaled)}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def send(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """What waits and what went; a POST says what to send, and a code for it is on its way."""
    now, status = clock.now(), 200
    choices = _choices(program, member, now)
    form = SendForm(request.POST or None, choices=choices, program=program)
    if request.method == "POST":
        status = 422
        if form.is_valid() and choices:
            if attempts.is_allowed(request, "send", program=program, key=member.number):
                return _ask(request, program, member, form)
            form.add_error(None, str(TOO_MANY))
            status = 429
    context = {
        "member": member,
        "form": form,
        "choices": [(unit, usable) for unit, usable in choices.values()],
        "waiting": [_row(one) for one in sendings.waiting_for(member, now=now)[:SHOWN]],
        "sent": [_row(one) for one in sendings.sent_by(member)[:SHOWN]],
        "received": [_row(one) for one in sendings.received_by(member)[:SHOWN]],
        "days": sendings.DAYS,
    }
    return render(request, "rewards/portal/send.html", frame(request, program, **context), status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def send_code(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The code, and then it is held for whom it is meant."""
    attempt, wish = attempts.current(request, program, Purpose.SEND), request.session.get(WISH)
    if attempt is None or not wish or wish["member"] != member.pk or attempt.email != proven_email(member):
        messages.warning(request, str(codes.CodeEnded.message))
        return redirect("portal:send", program.slug)
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if not attempts.is_allowed(request, "try", program=program):
            form.add_error(None, _("Too many tries. Wait a few minutes, then try again."))
            status = 429
        elif form.is_valid():
            try:
                codes.redeem(attempt=attempt, typed=form.cleaned_data["code"])
                _send(program, member, wish)
            except codes.CodeWrong as error:
                form.add_error("code", str(error))
            except DomainError as error:
                messages.warning(request, str(error))
                return redirect("portal:send", program.slug)
            else:
                del request.session[WISH]
                messages.success(
                    request, _("It is on its way. Whoever has this contact finds it on the own page.")
                )
                response = redirect("portal:send", program.slug)
                attempts.forget(response, program, Purpose.SEND)
                return response
    unit = next((unit for unit in queries.units_of(program) if unit.key == wish["unit"]), None)
    context = {
        "member": member,
        "form": form,
        "email": attempt.email,
        "minutes": codes.MINUTES,
        "amount": units(wish["amount"], unit) if unit else "",
        "to": wish["value"],
        "demo_code": codes.shown(program=program, attempt=attempt),
    }
    return render(request, "rewards/portal/send_code.html", frame(request, program, **context), status=status)


@require_POST
@member_page
def answer(request: HttpRequest, program: Program, member: Member, sending_id: int) -> HttpResponse:
    """Take what somebody sent, send it back, or take back what one has sent oneself."""
    deeds = {"take": sendings.take, "decline": sendings.decline}
    said = {"take": _("You have it now."), "decline": _("It goes back."), "withdraw": _("You have it back.")}
    do = request.POST.get("do", "")
    given: dict[str, Any] = {"program": program, "sending_id": min(sending_id, 2**63 - 1), "now": clock.now()}
    try:
        if do in deeds:
            deeds[do](member=member, **given)
        else:
            do = "withdraw"
            sendings.withdraw(sender=member, **given)
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, said[do])
    return redirect("portal:send", program.slug)


def _ask(request: HttpRequest, program: Program, member: Member, form: SendForm) -> HttpResponse:
    found = form.cleaned_data
    request.session[WISH] = {
        "member": member.pk,
        "kind": found["to"].kind,
        "value": found["to"].value,
        "unit": found["unit"],
        "amount": found["ledger"],
        "key": str(uuid.uuid4()),
    }
    attempt = codes.begin(
        program=program, email=proven_email(member), language=get_language() or "", purpose=Purpose.SEND
    )
    attempts.send(program, attempt)
    response = redirect("portal:send_code", program.slug)
    attempts.remember(response, program, attempt)
    return response


def _send(program: Program, member: Member, wish: dict[str, Any]) -> Sending:
    return sendings.send(
        program=program, sender=member, to=sendings.Contact(wish["kind"], wish["value"]), unit=wish["unit"],
        amount=wish["amount"], key=f"portal:{member.pk}:{wish['key']}", now=clock.now(),
    )  # fmt: skip


def _choices(program: Program, member: Member, now: datetime) -> dict[str, tuple[Unit, int]]:
    """The units that may be sent and of which there is something, each with how much."""
    usable = {each.unit.key: each.usable for each in balances.of(program=program, member=member, now=now)}
    return {
        unit.key: (unit, usable[unit.key])
        for unit in queries.units_of(program)
        if unit.transfer_limit and usable.get(unit.key)
    }


def _row(one: Sending) -> dict[str, Any]:
    return {
        "one": one,
        "amount": units(one.amount, one.unit),
        "who": one.sender.name.split(" ")[0],
        "badge": BADGES.get(one.state, ""),
        "is_waiting": one.state == Sending.State.WAITING,
    }


def proven_email(member: Member) -> str:
    """The address that the code goes to; whoever is signed in has proven one."""
    emails = Identity.objects.filter(member=member, kind=Identity.Kind.EMAIL, verified_at__isnull=False)
    return emails.order_by("pk").values_list("value", flat=True)[0]

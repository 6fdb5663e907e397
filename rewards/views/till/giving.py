"""A gift to a cause at the till: which, how much, and the member's code; without script too."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest
from members.models import Program
from rewards import catalogue, queries
from rewards.causes import reading
from rewards.models import Unit
from rewards.till import gifts, lookups
from rewards.till.actions import Tap
from rewards.views.rules.fields import NumberField
from rewards.views.till import pages, setup, words
from rewards.views.till.door import till_view
from rewards.views.till.forms import TapForm


class GiftForm(TapForm):
    """`what` is cause and unit as one choice, "<cause>:<unit>"."""

    number = forms.CharField(max_length=12)
    what = forms.ChoiceField(label=_("Good cause"))
    amount = NumberField(label=_("How much"), required=True)
    code = forms.CharField(label=_("Code of the member"), max_length=20)

    def __init__(self, data: Any, *, units: list[Unit], causes: list[reading.Shown]) -> None:
        super().__init__(data)
        self.units = {unit.key: unit for unit in units}
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            (f"{one.cause.key}:{unit.key}", _label(one, unit))
            for one in causes
            for unit in units
            if unit.key in one.cause.accepts
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if "what" in found and found.get("amount") is not None:
            cause, _colon, unit = found["what"].partition(":")
            scaled = Decimal(found["amount"]).scaleb(self.units[unit].precision)
            if scaled % 1 or scaled <= 0:
                self.add_error("amount", _("Say how much."))
            found |= {"cause": cause, "unit": unit, "ledger": int(scaled)}
        return found


def _label(one: reading.Shown, unit: Unit) -> str:
    name = catalogue.name_of(one.cause.names, one.cause.key)
    return f"{name} ({formats.unit_name(10 * 10**unit.precision, unit)})"


@sensitive_post_parameters("code")
@require_POST
@till_view
def give(request: StaffRequest, program: Program) -> HttpResponse:
    """First asked for with the number of who is served, then done with the code."""
    causes = reading.shown(program=program)
    form = GiftForm(request.POST, units=queries.units_of(program), causes=causes)
    if "what" not in request.POST:
        return _page(request, program, form)
    try:
        pages.check(form)
        pages.throttle(request, program, "act")
        typed = form.cleaned_data
        tap = Tap(typed["key"], request.user, typed["cashier"], typed["at"])
        frame = setup.frame(request, program, chosen=request.COOKIES.get(pages.STORE_COOKIE, ""))
        action = gifts.give(
            program=program, tap=tap, number=typed["number"], cause=typed["cause"], unit=typed["unit"],
            amount=typed["ledger"], code=typed["code"], by=request.team,
            store=frame["store"].code if frame["store"] else "", now=clock.now(),
        )  # fmt: skip
    except DomainError as error:
        return _page(request, program, form, problem=error, status=error.status)
    return pages.tell(request, program, action)


def _page(
    request: StaffRequest, program: Program, form: GiftForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    """The form for who is served. It shows somebody, so it counts as looking them up."""
    try:
        pages.throttle(request, program, "find")
        member = lookups.find(
            program=program, typed=request.POST.get("number", "")[:12], by=request.user, now=clock.now()
        )
    except DomainError:
        return redirect("rewards:till", program.slug)
    frame = setup.frame(request, program, chosen=request.COOKIES.get(pages.STORE_COOKIE, ""))
    shown = {
        "who": words.who(program=program, member=member),
        "choices": form.fields["what"].choices,  # type: ignore[attr-defined]
        # Before it was asked what, the amount is that of a sale.
        "typed": request.POST if "what" in request.POST else {},
        "tap": {"key": uuid.uuid4(), "at": clock.now().isoformat()},
    }
    return render(request, "rewards/till/give.html", {**frame, **shown, **context}, status=status)

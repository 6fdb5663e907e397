"""A reward at the till: what to hand over to whom, and the tap that does it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from members.access import StaffRequest
from members.models import Program
from rewards import queries
from rewards.models import Redemption
from rewards.redemptions import moves
from rewards.redemptions.refusals import CodeInvalid
from rewards.till import handing
from rewards.till.actions import Tap
from rewards.views import tickets
from rewards.views.till import pages, setup, words
from rewards.views.till.door import till_view
from rewards.views.till.forms import TapForm


@require_http_methods(["GET", "HEAD", "POST"])
@till_view
def redeem(request: StaffRequest, program: Program, token: str) -> HttpResponse:
    """What this code stands for; a POST hands it over."""
    try:
        one = handing.opened(program=program, token=token, cashier=request.user)
        if request.method == "POST":
            return _hand_over(request, program, one)
        if one.state not in moves.OPEN:
            raise CodeInvalid
    except NotFound as error:
        raise Http404 from error
    except CodeInvalid as error:
        return pages.page_of(request, program, "find", problem=error, status=error.status)
    return _page(request, program, one)


def _hand_over(request: StaffRequest, program: Program, one: Redemption) -> HttpResponse:
    frame = setup.frame(request, program, chosen=request.COOKIES.get(pages.STORE_COOKIE, ""))
    form = TapForm(request.POST)
    try:
        pages.check(form)
        pages.throttle(request, program, "act")
        found = form.cleaned_data
        tap = Tap(found["key"], request.user, found["cashier"], found["at"])
        store = frame["store"].code if frame["store"] else ""
        action = handing.hand_over(program=program, tap=tap, redemption=one, store=store, now=clock.now())
    except CodeInvalid:
        raise
    except DomainError as error:
        return _page(request, program, one, problem=error, status=error.status)
    return pages.tell(request, program, action)


def _page(
    request: StaffRequest, program: Program, one: Redemption, *, status: int = 200, **context: Any
) -> HttpResponse:
    known = {unit.key: unit for unit in queries.units_of(program)}
    ticket = tickets.draw(one.reward, program=program, known=known)
    shown = {
        "reward": ticket,
        "price": tickets.price_of(one.price, 0, program=program, known=known),
        "money_minor": one.money_minor,
        "from_household": one.household_id is not None,
        "sku": one.benefit.get("sku", ""),
        "who": words.who(program=program, member=one.member.merged_into or one.member),
        "tap": {"key": uuid.uuid4(), "at": clock.now().isoformat()},
    }
    frame = setup.frame(request, program, chosen=request.COOKIES.get(pages.STORE_COOKIE, ""))
    return render(request, "rewards/till/redeem.html", {**frame, **shown, **context}, status=status)

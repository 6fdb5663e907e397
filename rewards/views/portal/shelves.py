"""Rewards for the member: what can be had now, what is missing for the rest, and the step from wanting to having."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal import attempts
from members.portal.entrance import frame, member_page
from rewards import catalogue, queries, redemptions
from rewards.causes import reading as causes
from rewards.models import Donation, Redemption, Reward, Unit
from rewards.redemptions import refusals, shelf
from rewards.redemptions.shelf import Offer
from rewards.views import tickets
from rewards.views.portal import balances, charities, codes, gatherings
from rewards.views.portal.words import dated, say, units

SHOWN_CODES = SHOWN_CAUSES = 3
# What nobody shows at a till: it is done when it is taken.
AT_ONCE = (Reward.Kind.UNITS, Reward.Kind.DONATION)


@dataclass(slots=True)
class Shown:
    """An offer as a ticket; `width` (percent) and `left` where only points are missing, `why` where something else is."""

    ticket: tickets.Ticket
    key: str
    is_open: bool
    width: int = 100
    left: SafeString | str = ""
    why: list[SafeString] = field(default_factory=list)


@require_safe
@member_page
def rewards(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    known = {unit.key: unit for unit in queries.units_of(program)}
    shown = [
        show(offer, program=program, known=known, now=now)
        for offer in shelf.offers(program=program, member=member, now=now, shares=True)
    ]
    found = balances.of(program=program, member=member, now=now)
    held = codes.of(program=program, member=member, now=now)
    context = {
        "member": member,
        "shown": shown,
        "balance": found[0] if found else None,
        "held": [one for one in held if one.is_open][:SHOWN_CODES],
        "has_more": bool(held),
        "causes": [charities.tell(one, program) for one in causes.shown(program=program)[:SHOWN_CAUSES]],
    }
    return render(request, "rewards/portal/rewards.html", frame(request, program, **context))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def reward(request: HttpRequest, program: Program, member: Member, key: str) -> HttpResponse:
    """One reward with its terms; a POST takes it."""
    now, status = clock.now(), 200
    found = shelf.offers(program=program, member=member, now=now, key=key, shares=True)
    if not found:
        raise Http404
    if request.method == "POST":
        if not attempts.is_allowed(request, "redeem", program=program, key=member.number):
            messages.warning(request, _("Too many requests. Wait a quarter of an hour, then try again."))
            status = 429
        else:
            answer = _take(request, program, member, key, now)
            if answer is not None:
                return answer
            status = 422
    offer = found[0]
    known = {unit.key: unit for unit in queries.units_of(program)}
    context = {
        "member": member,
        "shown": show(offer, program=program, known=known, now=now),
        "reward": offer.reward,
        "terms": catalogue.name_of(offer.reward.terms),
        "day": gatherings.day_of(offer.reward, program),
        "after": after(offer, known),
        "from_household": [units(amount, known[unit]) for unit, amount in offer.lacking.items()],
        "gives": tickets.price_of(offer.reward.gives, 0, program=program, known=known),
        "is_shown_at_till": offer.reward.handover == "till" and offer.reward.kind not in AT_ONCE,
        "minutes": offer.reward.hold_minutes,
        "key": uuid.uuid4(),
        "current": request.path,
    }
    page = frame(request, program, **context)
    return render(request, "rewards/portal/reward.html", page, status=status)


def _take(
    request: HttpRequest, program: Program, member: Member, key: str, now: datetime
) -> HttpResponse | None:
    try:
        wish = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return redirect("portal:reward", program.slug, key)
    try:
        made = redemptions.reserve(
            program=program, member=member, reward=key, key=f"portal:{member.pk}:{wish}", now=now,
            shares="household" in request.POST,
        )  # fmt: skip
    except DomainError as error:
        messages.warning(request, str(error))
        return None
    if made.reward.kind == Reward.Kind.UNITS:
        messages.success(request, _("It is yours."))
    return _led_to(program, made)


def _led_to(program: Program, made: Redemption) -> HttpResponse:
    """The page of what was taken; of a gift its receipt, of points the balances."""
    if made.reward.kind == Reward.Kind.UNITS:
        return redirect("portal:home", program.slug)
    if made.reward.kind == Reward.Kind.DONATION:
        gift = Donation.objects.filter(program=program, redemption_id=made.pk).first()
        if gift is not None:
            return redirect("portal:gift", program.slug, gift.number)
    return redirect("portal:redemption", program.slug, made.pk)


def show(offer: Offer, *, program: Program, known: dict[str, Unit], now: datetime) -> Shown:
    ticket = tickets.draw(offer.reward, program=program, known=known)
    shown = Shown(ticket, offer.reward.key, not offer.obstacles)
    for obstacle in offer.obstacles:
        if isinstance(obstacle, refusals.TooFew):
            shown.width = int(100 * min(shelf.share(offer, unit) for unit in offer.reward.price))
            shown.left = left(obstacle.params["missing"], known)
        else:
            shown.why.append(told(obstacle))
    return shown


def left(missing: dict[str, int], known: dict[str, Unit]) -> SafeString:
    """216 Stars to go"""
    parts = [units(amount, known[unit]) for unit, amount in missing.items()]
    places = {f"part{place}": part for place, part in enumerate(parts)}
    amounts = say(" + ".join(f"%({place})s" for place in places), **places)
    return say(_("%(amount)s to go"), amount=amounts)


def told(obstacle: DomainError) -> SafeString:
    """A refusal in the member's words, with the day where there is one."""
    day: Any = obstacle.params.get("starts_at") or obstacle.params.get("free_at")
    if day is None:
        return say("%(what)s", what=str(obstacle))
    shown = dated(timezone.localtime(day).date(), "long")
    if isinstance(obstacle, refusals.NotYet):
        return say(_("From %(day)s"), day=shown)
    return say(_("You have had it. Again from %(day)s"), day=shown)


def after(offer: Offer, known: dict[str, Unit]) -> list[str]:
    """What of each unit the member has after it."""
    return [
        units(max(0, offer.balances.get(unit, 0) - offer.shared.get(unit, 0) - amount), known[unit])
        for unit, amount in offer.reward.price.items()
        if offer.balances.get(unit, 0) >= amount
    ]

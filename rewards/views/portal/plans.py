"""Paid membership for the member: what can be bought, what is held, what it has saved, when it ends and how to leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal.entrance import frame, member_page
from rewards import queries, rulebook
from rewards.models import Plan, Unit
from rewards.plans import leaving, reading
from rewards.plans.reading import Held
from rewards.views.benefit_words import Teller
from rewards.views.plans import words
from rewards.views.plans.words import Card
from rewards.views.portal.words import dated, last_day, money, number, say


@dataclass(slots=True)
class Mine:
    """A plan that the member holds: `share` (0 to 1) is how much of its price was saved."""

    key: str
    card: Card
    saved: SafeString | str
    price: SafeString | str
    share: float
    label: str
    shares: list[tuple[str, SafeString | str]] = field(default_factory=list)
    sentences: list[SafeString] = field(default_factory=list)
    can_leave: bool = False
    can_stay: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    mine: list[Mine]
    offers: list[Card]


def tell(*, program: Program, member: Member, now: datetime, known: Mapping[str, Unit]) -> Told:
    """What is held, and what else can be bought."""
    database = str(connection.settings_dict["NAME"])
    if not rulebook.of(program.pk, database=database, catalogue=program.catalogue).plans:
        return Told([], [])
    offered = reading.offered(program=program)
    held = reading.held(program=program, member=member, now=now)
    if not offered and not held:
        return Told([], [])
    teller = Teller(program, known)
    running = [one for one in held if one.is_running]
    mine = [_mine(one, held, program, known, teller) for one in running]
    own = {one.plan.pk for one in running}
    offers = [plan for plan in offered if plan.pk not in own]
    worth = reading.would_have_saved(program=program, member=member, plans=offers, now=now)
    return Told(mine, [_offer(plan, worth[plan.pk], program, known, teller) for plan in offers])


@require_safe
@member_page
def plans(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    known = {unit.key: unit for unit in queries.units_of(program)}
    told = tell(program=program, member=member, now=clock.now(), known=known)
    context = {"member": member, "mine": told.mine, "offers": told.offers}
    return render(request, "rewards/portal/plans.html", frame(request, program, **context))


@require_POST
@member_page
def turn(request: HttpRequest, program: Program, member: Member, key: str) -> HttpResponse:
    """Leave at the end of what is paid, or stay after all."""
    stays = request.POST.get("to") == "stay"
    do = leaving.stay if stays else leaving.leave
    try:
        do(program=program, member=member, plan=key, now=clock.now())
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        told = _("Good to keep you.") if stays else _("Noted. It is yours to the end, and then it is over.")
        messages.success(request, told)
    return redirect("portal:plans", program.slug)


def _card(plan: Plan, program: Program, known: Mapping[str, Unit], teller: Teller) -> Card:
    return words.draw(plan, program=program, known=known, teller=teller)


def _offer(plan: Plan, worth_minor: int, program: Program, known: Mapping[str, Unit], teller: Teller) -> Card:
    card = _card(plan, program, known, teller)
    if worth_minor > 0:
        amount = money(worth_minor, program.currency)
        card.worth = say(_("In the last year it would have saved you %(amount)s."), amount=amount)
    return card


def _mine(
    one: Held, held: Iterable[Held], program: Program, known: Mapping[str, Unit], teller: Teller
) -> Mine:
    term, saved, price = one.term, max(0, one.saved_minor), one.term.price_minor
    card = _card(one.plan, program, known, teller)
    # What was bought, whatever the plan gives by now.
    card.gives = teller.tell_all(term.benefits)
    last = next((each for each in held if each.plan.pk == one.plan.pk and each.is_last), one)
    label = say(
        _("You have saved %(saved)s of %(price)s"),
        saved=money(saved, program.currency),
        price=money(price, program.currency),
    )
    return Mine(
        one.plan.key,
        card,
        money(saved, program.currency),
        money(price, program.currency),
        min(1.0, saved / price) if price else 1.0,
        label,
        words.shares(one.saved, program),
        list(_sentences(one, last)),
        can_leave=term.state == "active" and last.term.ends_at is not None,
        can_stay=term.state == "leaving",
    )


def _sentences(one: Held, last: Held) -> Iterable[SafeString]:
    """Until when, how to renew, and until when the price can be had back."""
    if last.term.ends_at is None:
        yield say(_("It is yours for good."))
    else:
        yield say(_("It is yours until %(day)s."), day=dated(last_day(last.term.ends_at), "long"))
    if one.term.state == "leaving":
        yield say(_("You leave then."))
    elif last.renews_at is not None:
        yield say(
            _("You can renew it from %(day)s."), day=dated(timezone.localtime(last.renews_at).date(), "long")
        )
    if one.term.streak > 1:
        text = ngettext("%(count)s time in a row.", "%(count)s times in a row.", one.term.streak)
        yield say(text, count=number(one.term.streak))
    if one.refund_refused is None and one.term.refund_until is not None:
        day = dated(last_day(one.term.refund_until), "long")
        yield say(_("Until %(day)s you can have the price back in the shop."), day=day)

"""The best use of what ends next: by when, what it is worth, which reward it is for, and whether the member's own rhythm
gets there in time (N7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Member, Order, OrderState, Program
from rewards import catalogue
from rewards.models import Reward, Unit
from rewards.redemptions.shelf import Offer
from rewards.views import tickets
from rewards.views.portal import shelves
from rewards.views.portal.balances import Balance
from rewards.views.portal.words import dated, money, number, say, units

LOOKED_AT, ENOUGH = 12, 3
HAPPENED = (OrderState.PLACED, OrderState.PAID)


def visits_of(*, program: Program, member: Member) -> list[datetime]:
    """When the member bought lately, the latest first."""
    orders = Order.objects.filter(program=program, member_id=member.pk, state__in=HAPPENED)
    return list(orders.order_by("-occurred_at").values_list("occurred_at", flat=True)[:LOOKED_AT])


def rhythm(visits: Sequence[datetime]) -> int | None:
    """The usual number of days between two days with purchases: the median of the last ones; None if they are few."""
    days = sorted({timezone.localtime(visit).date() for visit in visits})
    if len(days) < ENOUGH:
        return None
    return max(1, round(median((later - earlier).days for earlier, later in pairwise(days))))


def best(offers: Sequence[Offer], *, unit: str, amount: int) -> Offer | None:
    """Of what the member can have now for this unit, that which leaves least of `amount` (ledger units) to end, and of
    those the cheapest; without one, that for which fewest points are missing. None where points lead to nothing."""
    priced = [offer for offer in offers if offer.reward.price.get(unit)]
    within = [offer for offer in priced if not offer.obstacles]
    if within:
        return min(within, key=lambda offer: _rest(offer, unit, amount))
    return next((offer for offer in priced if offer.only_lacks_points), None)


def _rest(offer: Offer, unit: str, amount: int) -> tuple[int, int, int]:
    price: int = offer.reward.price[unit]
    return max(0, amount - price), price, offer.reward.pk


def suggest(
    *, program: Program, balance: Balance, offers: Sequence[Offer], known: dict[str, Unit]
) -> list[SafeString]:
    """Which reward what ends next is best used for, or how far away the nearest is; none where nothing ends."""
    if not balance.dates:
        return []
    unit, amount = balance.unit, balance.dates[0].amount
    found = best(offers, unit=unit.key, amount=amount)
    if found is None:
        return []
    reward = found.reward
    link = _link(program, reward)
    if found.obstacles:
        missing = shelves.left(found.obstacles[0].params["missing"], known)
        return [say("%(missing)s: %(reward)s", missing=missing, reward=link)]
    price = tickets.price_of(reward.price, reward.money_minor, program=program, known=known)
    told = [say(_("Best use: %(reward)s for %(price)s."), reward=link, price=price)]
    rest = amount - reward.price[unit.key]
    if rest > 0:
        told.append(say(_("%(amount)s of them would still end."), amount=units(rest, unit)))
    return told


def _link(program: Program, reward: Reward) -> SafeString:
    address = reverse("portal:reward", args=[program.slug, reward.key])
    return format_html('<a href="{}"><bdi>{}</bdi></a>', address, catalogue.name_of(reward.names, reward.key))


def tell(*, program: Program, balance: Balance, visits: Sequence[datetime], today: date) -> list[SafeString]:
    """Sentences on what ends next; none where nothing ends."""
    if not balance.dates:
        return []
    first = balance.dates[0]
    assert first.on is not None  # noqa: S101 - dates have a day
    amount, day = units(first.amount, balance.unit), dated(first.on, "long")
    if balance.is_worth_something:
        worth = money(first.worth_minor, program.currency)
        text = _("Use %(amount)s by %(day)s: they are worth %(worth)s, and then nothing is lost.")
        told = [say(text, amount=amount, day=day, worth=worth)]
    else:
        told = [say(_("Use %(amount)s by %(day)s, and nothing is lost."), amount=amount, day=day)]
    usual = rhythm(visits)
    if usual is not None:
        told.append(_tell_rhythm(usual, timezone.localtime(visits[0]).date(), first.on, today))
    return told


def _tell_rhythm(usual: int, last: date, end: date, today: date) -> SafeString:
    coming = max(today, last + timedelta(days=usual))
    text = ngettext("You usually come every day", "You usually come every %(count)s days", usual)
    habit = say(text, count=number(usual))
    if coming <= end:
        rest = _("%(habit)s, so your next visit, about %(day)s, is in time.")
    else:
        rest = _("%(habit)s, so your next visit, about %(day)s, would be too late: come earlier this time.")
    return say(rest, habit=habit, day=dated(coming, "long"))

"""A reward drawn as a ticket: the portal shows it, and the editor while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from loyaltysite.kit.templatetags.formats import money, units
from members.models import Program
from rewards import catalogue
from rewards.models import Reward, Unit
from rewards.views.portal.words import say

DRAWINGS = {
    Reward.Kind.AMOUNT: "voucher",
    Reward.Kind.PERCENT: "voucher",
    Reward.Kind.PRODUCT: "gift",
    Reward.Kind.VOUCHER: "voucher",
    Reward.Kind.GIFT_CARD: "voucher",
    Reward.Kind.SHIPPING: "anchor",
    Reward.Kind.UPGRADE: "lighthouse",
    Reward.Kind.EVENT: "boat",
    Reward.Kind.EARLY: "moon",
    Reward.Kind.CONTENT: "shell",
    Reward.Kind.DONATION: "ring",
    Reward.Kind.UNITS: "shell",
}


@dataclass(slots=True)
class Ticket:
    """What stands on it. `price` is empty where nothing is to give."""

    key: str
    name: str
    summary: str
    drawing: str
    picture: str
    price: SafeString
    kind: str


def draw(reward: Reward, *, program: Program, known: dict[str, Unit]) -> Ticket:
    return Ticket(
        key=reward.key,
        name=catalogue.name_of(reward.names, reward.key),
        summary=catalogue.name_of(reward.summaries),
        drawing=DRAWINGS.get(Reward.Kind(reward.kind), "gift"),
        picture=picture_of(reward, program),
        price=price_of(reward.price, reward.money_minor, program=program, known=known),
        kind=str(reward.get_kind_display()),
    )


def picture_of(reward: Reward, program: Program) -> str:
    """Where its picture is, to be kept for ever; empty without one."""
    if not reward.picture_digest:
        return ""
    return reverse("portal:picture", args=[program.slug, reward.picture_digest])


def price_of(
    price: dict[str, int], money_minor: int, *, program: Program, known: dict[str, Any]
) -> SafeString:
    """200 Stars + £5.00"""
    parts = [units(amount, known[unit]) for unit, amount in price.items() if unit in known]
    if money_minor:
        parts.append(money(money_minor, program.currency))
    places = {f"part{number}": part for number, part in enumerate(parts)}
    return say(" + ".join(f"%({place})s" for place in places), **places) if places else SafeString("")

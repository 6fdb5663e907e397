"""A plan in words: its price, its term, what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Program
from rewards.benefits import kinds
from rewards.catalogue import name_of
from rewards.models import Plan, Unit
from rewards.views.benefit_words import Teller
from rewards.views.portal.words import money, number, say


@dataclass(slots=True)
class Card:
    """A plan as members see it."""

    key: str
    name: str
    summary: str
    price: SafeString | str
    gives: list[SafeString | str] = field(default_factory=list)
    terms: str = ""
    # What it would have saved this member in the last year.
    worth: SafeString | str = ""


def draw(plan: Plan, *, program: Program, known: Mapping[str, Unit], teller: Teller | None = None) -> Card:
    teller = teller or Teller(program, known)
    return Card(
        plan.key,
        name_of(plan.names, plan.key),
        name_of(plan.summaries),
        price_of(plan, program),
        teller.tell_all(plan.benefits),
        name_of(plan.terms),
    )


def price_of(plan: Plan, program: Program) -> SafeString:
    """25.00 a year"""
    amount = money(plan.price_minor, program.currency)
    if plan.months is None:
        return say(_("%(amount)s, once"), amount=amount)
    if plan.months == 12:
        return say(_("%(amount)s a year"), amount=amount)
    text = ngettext("%(amount)s a month", "%(amount)s every %(count)s months", plan.months)
    return (
        say(text, amount=amount, count=number(plan.months)) if plan.months > 1 else say(text, amount=amount)
    )


def kind_names() -> dict[str, str]:
    """What savings are called by the kind of benefit that made them."""
    return {
        kinds.RATE: _("Points"),
        kinds.PERCENT: _("Member prices"),
        kinds.SHIPPING: _("Free shipping"),
        kinds.REWARDS: _("Rewards"),
        kinds.BIRTHDAY: _("Birthday"),
    }


def shares(saved: Mapping[str, int], program: Program) -> list[tuple[str, SafeString | str]]:
    """What was saved by kind, the most first."""
    names = kind_names()
    ordered = sorted(saved.items(), key=lambda pair: -pair[1])
    return [(names.get(kind, kind), money(amount, program.currency)) for kind, amount in ordered]

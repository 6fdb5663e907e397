"""Stamps drawn as a card: a unit that is worth no money, and the reward that so many of it bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from members.models import Program
from rewards import catalogue
from rewards.models import Reward, Unit
from rewards.views import tickets
from rewards.views.portal.balances import Balance

# More places than that are no card, but a balance.
MOST_PLACES = 24


@dataclass(frozen=True, slots=True)
class StampCard:
    """`given` of `needed` stamps are on the card at hand; `full` cards wait to be handed in before it."""

    unit: Unit
    reward: Reward
    name: str
    drawing: str
    usable: int
    needed: int

    @property
    def full(self) -> int:
        return self.usable // self.needed

    @property
    def given(self) -> int:
        return self.needed if self.full else self.usable

    @property
    def on_next(self) -> int:
        return self.usable % self.needed if self.full else 0

    @property
    def missing(self) -> int:
        return self.needed - self.given


def of(*, program: Program, balances: Sequence[Balance], now: datetime) -> list[StampCard]:
    """A card for each of the member's units of stamps, for the reward that needs fewest. One statement, none without
    such a unit."""
    stamps = {each.unit.key: each for each in balances if _is_stamp(each.unit)}
    if not stamps:
        return []
    live = Reward.objects.filter(program=program, state=Reward.State.LIVE, money_minor=0)
    live = live.filter(Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now))
    found: dict[str, StampCard] = {}
    for reward in live.filter(price__has_any_keys=list(stamps)).order_by("pk"):
        for key, needed in reward.price.items():
            is_card = len(reward.price) == 1 and 1 < needed <= MOST_PLACES
            if is_card and (key not in found or needed < found[key].needed):
                found[key] = _card(stamps[key], reward, needed)
    return [found[key] for key in stamps if key in found]


def _is_stamp(unit: Unit) -> bool:
    return unit.precision == 0 and unit.worth_numerator == 0 and not unit.is_money


def _card(balance: Balance, reward: Reward, needed: int) -> StampCard:
    drawing = tickets.DRAWINGS.get(Reward.Kind(reward.kind), "gift")
    name = catalogue.name_of(reward.names, reward.key)
    return StampCard(balance.unit, reward, name, drawing, balance.usable, needed)

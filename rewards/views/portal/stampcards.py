"""Stamps drawn as a card: a unit that is worth no money, and the reward that so many of it bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from members.models import Program
from rewards import catalogue, units
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
    # The reward that gives as many stamps to a good cause in place of it.
    gift_key: str = ""

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


def of(
    *, program: Program, balances: Sequence[Balance], now: datetime, unused: Sequence[Unit] = ()
) -> list[StampCard]:
    """A card for each of the member's units of stamps, for the reward that needs fewest, and an empty one for each of
    the units `unused` so far. One statement, none without such a unit."""
    stamps = {each.unit.key: (each.unit, each.usable) for each in balances if units.is_stamp(each.unit)}
    stamps |= {unit.key: (unit, 0) for unit in unused if units.is_stamp(unit)}
    if not stamps:
        return []
    live = Reward.objects.filter(program=program, state=Reward.State.LIVE, money_minor=0)
    live = live.filter(Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now))
    found: dict[str, StampCard] = {}
    gifts: dict[tuple[str, int], str] = {}
    for reward in live.filter(price__has_any_keys=list(stamps)).order_by("pk"):
        for key, needed in reward.price.items():
            is_card = len(reward.price) == 1 and 1 < needed <= MOST_PLACES
            if is_card and reward.kind == Reward.Kind.DONATION:
                gifts.setdefault((key, needed), reward.key)
            elif is_card and (key not in found or needed < found[key].needed):
                found[key] = _card(*stamps[key], reward, needed)
    for key, card in found.items():
        found[key] = replace(card, gift_key=gifts.get((key, card.needed), ""))
    return [found[key] for key in stamps if key in found]


def _card(unit: Unit, usable: int, reward: Reward, needed: int) -> StampCard:
    drawing = tickets.DRAWINGS.get(Reward.Kind(reward.kind), "gift")
    name = catalogue.name_of(reward.names, reward.key)
    return StampCard(unit, reward, name, drawing, usable, needed)

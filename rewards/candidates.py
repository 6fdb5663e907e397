"""For whom a reward is: what its conditions may ask about the member who wants it, at the moment of wanting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Condition, Field, Missing, Registry
from rewards import offers
from rewards.benefits import kinds
from rewards.intake.state import Person, State
from rewards.plans import holdings


@dataclass(frozen=True, slots=True)
class Candidate:
    """`now` is in the program's time zone; `member` holds joined_on, birthday, language and tags."""

    now: datetime
    tier: str = ""
    rank: int | None = None
    member: Mapping[str, Any] = field(default_factory=dict)
    plans: frozenset[str] = frozenset()
    # So many days before others, rewards that only some can have with whose they are, and those that are open to this one.
    early_days: int = 0
    exclusive: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    opened: frozenset[str] = frozenset()


REGISTRY = Registry("candidate", now="now")


def register() -> None:
    """Fill the registry; called by the app's ready(), and harmless when repeated."""
    if REGISTRY.field("standing.tier"):
        return
    REGISTRY.add(
        Field("standing.tier", conditions.TEXT, _("tier"), "tier", choices=offers.tiers),
        Field("standing.rank", conditions.INTEGER, _("rank of the tier"), "rank"),
        Field("standing.plans", conditions.SET, _("plans"), "plans", choices=offers.plans),
        Field("member.joined_on", conditions.DATE, _("joined on"), _fact("joined_on")),
        Field("member.birthday", conditions.MONTH_DAY, _("birthday"), _fact("birthday")),
        Field("member.language", conditions.TEXT, _("language"), _fact("language")),
        Field("member.tags", conditions.SET, _("tags"), _fact("tags")),
    )


def _fact(name: str) -> Any:
    read = attrgetter("member")
    return lambda candidate: read(candidate).get(name)


def parse(tree: Any) -> Condition:
    """Raises ConditionError."""
    return conditions.parse(tree, REGISTRY)


def of(*, person: Person, state: State, now: datetime) -> Candidate:
    """The person as conditions see them at this moment."""
    course = state.course(person)
    level = course.level_at(now) if course else None
    book = state.rulebook
    local = now.astimezone(book.zone)
    held = holdings.plans_at(person.terms, book.plans, now)
    benefits = [perk.benefit for perk in holdings.perks_of(level, held)]
    return Candidate(
        local,
        level.key if level else "",
        level.rank if level else None,
        person.facts,
        frozenset(held),
        max((each["days"] for each in benefits if kinds.kind_of(each) == kinds.EARLY), default=0),
        book.exclusive,
        frozenset(key for each in benefits if kinds.kind_of(each) == kinds.REWARDS for key in each["keys"]),
    )


def missing(tree: Mapping[str, Any] | None, candidate: Candidate, *, currency: str) -> list[Missing]:
    """The decisive conditions that the candidate fails; empty for whom the reward is."""
    if not tree:
        return []
    return _parsed(orjson.dumps(tree)).explain(candidate, candidate.now, currency=currency)


@lru_cache(maxsize=1024)
def _parsed(text: bytes) -> Condition:
    return parse(orjson.loads(text))

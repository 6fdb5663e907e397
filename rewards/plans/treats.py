"""What a reward that only holders can have was worth to one of them, beyond what was paid for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from django.db.models import Q

from members.models import Fact
from rewards.benefits import kinds
from rewards.engine.facts import Perk
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Redemption, Saving, Term
from rewards.plans import holdings
from rewards.rulebook import UnitInfo
from rewards.tiers.schemes import Level

# The fact of redemptions.reserving.
WISH = "reward.reserve"


def record(one: Redemption, person: Person, state: State, posted: Posted) -> None:
    """It was used: the plan that opened it when it was taken saved its worth less its price, over by now or not. What the
    tier opened anyway saved nothing."""
    if not one.reward.value_minor or one.reward.key not in state.rulebook.exclusive:
        return
    course = state.course(person)
    taken_at = one.reserved_at
    held = holdings.plans_at(person.terms, state.rulebook.plans, taken_at)
    perks = holdings.perks_of(course.level_at(taken_at) if course else None, held)
    opener = next((perk for perk in perks if _opens(perk, one.reward.key)), None)
    saved = _saved_minor(one, state.rulebook.units)
    if opener is not None and opener.term and saved:
        rows.add_saving(state, opener.term, kinds.REWARDS, saved, posted, order_id=None)


def take_back(one: Redemption, fact_kind: str, state: State, posted: Posted) -> None:
    """It failed after all."""
    noted = Saving.objects.filter(kind=kinds.REWARDS)
    fact = Fact.objects.filter(program=one.program, kind=fact_kind, external_id=str(one.pk)).values("pk")
    found = list(noted.filter(fact_id__in=fact))
    if not found and one.closed_at == one.reserved_at and one.reward.key in state.rulebook.exclusive:
        # Had at once: it was noted with the wish, whose fact bears another name.
        whose = Q(term__member=one.member_id) | Q(term__member__merged_into=one.member_id)
        own = list(noted.filter(whose))
        wish = Fact.objects.filter(pk__in=[row.fact_id for row in own], kind=WISH, answer__redemption=one.pk)
        facts = set(wish.values_list("pk", flat=True))
        found = [row for row in own if row.fact_id in facts]
    for row in found:
        rows.add_saving(state, row.term_id, kinds.REWARDS, -row.amount_minor, posted, order_id=None)


def opened_by(level: Level | None) -> frozenset[str]:
    """The rewards that a tier opens."""
    perks = level.perks if level is not None else ()
    return frozenset(key for perk in perks for key in _keys(perk.benefit))


def _opens_nothing(_moment: datetime) -> frozenset[str]:
    return frozenset()


def waiting_minor(
    term: Term,
    units: Mapping[str, UnitInfo],
    *,
    opened_at: Callable[[datetime], frozenset[str]] = _opens_nothing,
) -> int:
    """What is still to be handed over of the rewards that the term opened, in minor units beyond what was paid for it:
    it will be used, also when the term is over. `opened_at` tells which the tier opened anyway when they were taken. No
    statement for a term that opens none."""
    keys = {key for benefit in term.benefits for key in _keys(benefit)}
    if not keys:
        return 0
    waiting = Redemption.objects.filter(
        program=term.program_id,
        member__in=[number for number in (term.member_id, term.member.merged_into_id) if number],
        reward__key__in=keys,
        state__in=(Redemption.State.RESERVED, Redemption.State.ISSUED),
        reserved_at__gte=term.starts_at,
    )
    return sum(
        _saved_minor(one, units)
        for one in waiting.select_related("reward")
        if one.reward.key not in opened_at(one.reserved_at)
    )


def _saved_minor(one: Redemption, units: Mapping[str, UnitInfo]) -> int:
    paid = one.money_minor + sum(units[key].worth_minor(amount) for key, amount in one.price.items())
    return max(0, (one.reward.value_minor or 0) - paid)


def _keys(benefit: kinds.Benefit) -> Collection[str]:
    return benefit["keys"] if kinds.kind_of(benefit) == kinds.REWARDS else ()


def _opens(perk: Perk, reward: str) -> bool:
    return reward in _keys(perk.benefit)

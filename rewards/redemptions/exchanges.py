"""A reward that is points of another kind: given at once with what is spent, and taken back whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict
from rewards.intake.state import Person, Posted, State
from rewards.models import Reward


class ExchangeSpent(Conflict):
    """`missing` is {unit key: ledger units}."""

    code = "exchange_spent"
    message = _("Part of what was given was spent already.")


def is_one(reward: Reward) -> bool:
    return reward.kind == Reward.Kind.UNITS


def give(reward: Reward, person: Person, state: State, posted: Posted) -> bool:
    """Give what the reward is, if it is points; whether it was. They end as their own unit says."""
    if not is_one(reward):
        return False
    for key, amount in reward.gives.items():
        unit = state.rulebook.units[key]
        book = state.book(person, unit)
        book.settle(posted.moment)
        book.credit(
            "bonus",
            amount,
            at=posted.at,
            moment=posted.moment,
            active_at=posted.at,
            expires_at=state.rulebook.expiry(unit, "", posted.at),
            fact_id=posted.fact_id,
        )
    return True


def take_back(benefit: Mapping[str, object], person: Person, state: State, posted: Posted) -> None:
    """Take what was given with this promise. Raises ExchangeSpent where less is left."""
    given = benefit.get("gives")
    wanted: dict[str, int] = dict(given) if isinstance(given, dict) else {}
    books = {key: state.book(person, state.rulebook.units[key]) for key in wanted}
    missing = {
        key: amount - books[key].active for key, amount in wanted.items() if books[key].active < amount
    }
    if missing:
        raise ExchangeSpent(missing=missing)
    for key, amount in wanted.items():
        books[key].debit("adjust", amount, at=posted.at, moment=posted.moment, fact_id=posted.fact_id)

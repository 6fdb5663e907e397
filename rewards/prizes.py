"""A prize is points of a unit or a reward: {"unit": key, "amount": ledger units}, {"reward": key}, or {} for none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members.models import Program
from rewards.books import Book
from rewards.ledger import Wish
from rewards.models import Reward, Unit
from rewards.rulebook import Rulebook

MOST = 10**12


class PrizeInvalid(DomainError):
    code = "prize_invalid"
    message = _("Choose a unit or a reward.")


def check(prize: Mapping[str, Any], *, field: str) -> None:
    """Raise PrizeInvalid for what cannot be given. For the program in scope; a gift to a cause is nobody's prize."""
    if not prize:
        return
    if set(prize) == {"reward"}:
        offered = Reward.objects.filter(key=prize["reward"]).exclude(state=Reward.State.ENDED)
        if not offered.exclude(kind=Reward.Kind.DONATION).exists():
            raise PrizeInvalid(_("There is no such reward."), field=field)
        return
    if set(prize) != {"unit", "amount"} or not Unit.objects.filter(key=prize["unit"]).exists():
        raise PrizeInvalid(field=field)
    if type(prize["amount"]) is not int or not 1 <= prize["amount"] <= MOST:
        raise PrizeInvalid(_("Type how many."), field=field)


def cost_of(prize: Mapping[str, Any]) -> int:
    """What one costs the merchant in minor units: the worth of the points, or the reward's own cost. Rounded up."""
    if "reward" in prize:
        return int(Reward.objects.values_list("cost_minor", flat=True).get(key=prize["reward"]) or 0)
    unit = Unit.objects.get(key=prize["unit"])
    cost: int = -(-prize["amount"] * unit.worth_numerator // (unit.worth_denominator * 10**unit.precision))
    return cost


def wish(
    program: Program, *, member_id: int, prize: Mapping[str, Any], kind: str, key: str, now: datetime
) -> Wish:
    """The posting of points as a prize, once for its kind and key; usable at once, ending as the unit says."""
    unit, amount = prize["unit"], prize["amount"]

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        ends = rules.expiry(rules.units[unit], "", now)
        book.credit("bonus", amount, at=now, moment=now, active_at=now, expires_at=ends, fact_id=fact_id)

    # Without the member: whom an account was merged into since gets no second one.
    return Wish(program, member_id, unit, kind, key, "wafa", {"key": key, **prize}, now, move)

"""Points given to a cause at the till: the member asks for it and says the code that the own page shows (38)."""

from __future__ import annotations

from datetime import datetime

from members.models import Program, TeamMembership
from rewards.causes import giving
from rewards.models import Donation, TillAction
from rewards.spending import Passcode
from rewards.till import actions, lookups
from rewards.till.actions import Effect, Tap


def give(
    *,
    program: Program,
    tap: Tap,
    number: str,
    cause: str,
    unit: str,
    amount: int,
    code: str,
    by: TeamMembership,
    store: str,
    now: datetime,
) -> TillAction:
    """Give `amount` ledger units of the member of this number. A repeat returns the first action.

    Raises NobodyFound, SelfService, PasscodeWrong and what giving.give() raises; then nothing was written."""
    content = {"number": number, "cause": cause, "unit": unit, "amount": amount}

    def work(at: datetime) -> Effect:
        member = lookups.at_number(program=program, number=number)
        actions.refuse_oneself(member, tap.cashier)
        gift = giving.give_for(
            program=program, member=member, cause=cause, unit=unit, amount=amount, authorization=Passcode(code), by=by,
            key=f"till:{tap.key}", now=now, via=Donation.Via.TILL, store=store,
        )  # fmt: skip
        answer = {"donation": gift.pk, "receipt": gift.number, "cause": cause, "unit": unit, "amount": amount}
        return Effect(answer, member.pk)

    return actions.once(program, tap, TillAction.Kind.DONATE, content, work, now)

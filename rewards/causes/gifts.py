"""The rows of a gift inside a posting, whoever makes it: out of the member's wallet, into the cause's, onto a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import NotFound
from rewards.causes.editing import CauseOver
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.lots import LotRow
from rewards.models import Cause, Donation, Reward, Unit
from rewards.rulebook import UnitInfo

Parts = Sequence[tuple[LotRow, int]]


class CauseDraft(CauseOver):
    code = "cause_not_live"
    message = _("Nobody can give to this cause yet.")


def worth_of(unit: Unit, amount: int) -> int:
    """What so many ledger units are worth today, in minor units, rounded down."""
    return int(amount * unit.worth_numerator // (unit.worth_denominator * 10**unit.precision))


def cause_of(reward: Reward) -> Cause | None:
    """To whom a reward gives; None for every other kind. One statement for a gift, none else."""
    if reward.kind != Reward.Kind.DONATION or not reward.cause_key:
        return None
    return Cause.objects.get(program_id=reward.program_id, key=reward.cause_key)


def check_open(state: State, cause_id: int) -> Person:
    """The cause as a holder. Raises NotFound, CauseDraft, CauseOver."""
    cause = state.people.get(cause_id)
    if cause is None:
        raise NotFound(field="cause")
    if cause.state == Cause.State.DRAFT:
        raise CauseDraft(field="cause")
    if cause.state != Cause.State.LIVE:
        raise CauseOver(field="cause")
    return cause


def hand_over(
    state: State,
    posted: Posted,
    *,
    giver: Person,
    cause: Person,
    unit: UnitInfo,
    amount: int,
    worth_minor: int,
    via: str,
    store_id: int | None = None,
    redemption_id: int | None = None,
) -> tuple[int, Parts]:
    """Move `amount` of what the giver can use to the cause, with its receipt; the gift's id and the lots it came from.
    The caller has checked that there is enough. What a cause has was given away: it ends never."""
    parts = state.book(giver, unit).take("donate", amount, moment=posted.moment, fact_id=posted.fact_id)
    chest = state.book(cause, unit)
    chest.lapse = None
    chest.credit(
        "transfer_in",
        amount,
        at=posted.moment,
        moment=posted.moment,
        active_at=posted.moment,
        expires_at=None,
        fact_id=posted.fact_id,
    )
    giver.is_touched = cause.is_touched = True
    number = state.take_id()
    receipt = {
        "id": number,
        "worth_minor": worth_minor,
        "via": via,
        "store_id": store_id,
        "redemption_id": redemption_id,
    }
    _write_receipt(state, posted, receipt, giver=giver, cause=cause, unit=unit, amount=amount, parts=parts)
    told = {
        "donation": number,
        "cause": cause.id,
        "unit": unit.key,
        "amount": amount,
        "worth_minor": worth_minor,
    }
    rows.add_event(state, "points.donated", posted, told, holder_id=giver.id)
    return number, parts


def _write_receipt(
    state: State,
    posted: Posted,
    receipt: dict[str, Any],
    *,
    giver: Person,
    cause: Person,
    unit: UnitInfo,
    amount: int,
    parts: Parts,
) -> None:
    """The gift with the lots it came from, and what the cause was given in all."""
    row = receipt | {
        "member_id": giver.id,
        "cause_id": cause.id,
        "unit_id": unit.id,
        "amount": amount,
        "parts": [[lot.id, part] for lot, part in parts],
        "fact_id": posted.fact_id,
        "given_at": posted.moment,
    }
    rows.add(state, "donations", row)
    add_total(state, cause.id, unit.id, gifts=1, amount=amount, worth_minor=receipt["worth_minor"])


def take_back(
    state: State, posted: Posted, *, gift: Donation, giver: Person, cause: Person, grace_until: datetime
) -> None:
    """The other way round: the points go to the lots they came from (27), the receipt is marked. The caller has checked
    that the cause still holds them."""
    unit = state.rulebook.units_by_id[gift.unit_id]
    chest, purse = state.book(cause, unit), state.book(giver, unit)
    chest.lapse = None
    chest.take("transfer_out", gift.amount, moment=posted.moment, fact_id=posted.fact_id)
    for number, part in reversed(gift.parts):
        purse.restore(
            state.lots[number],
            part,
            at=posted.moment,
            moment=posted.moment,
            fact_id=posted.fact_id,
            order_id=None,
            grace_until=grace_until,
        )
    purse.settle(posted.moment)
    giver.is_touched = cause.is_touched = True
    row = {"id": gift.pk, "fact_id": posted.fact_id, "withdrawn_at": posted.moment}
    rows.add(state, "withdrawals", row)
    add_total(state, cause.id, unit.id, gifts=-1, amount=-gift.amount, worth_minor=-gift.worth_minor)
    told = {"donation": gift.pk, "cause": cause.id, "unit": unit.key, "amount": gift.amount}
    rows.add_event(state, "points.donation_withdrawn", posted, told, holder_id=giver.id)


def add_total(state: State, cause_id: int, unit_id: int, **figures: int) -> None:
    given: dict[str, Any] = {"gifts": 0, "amount": 0, "worth_minor": 0, "paid_amount": 0, "paid_minor": 0}
    rows.add(state, "cause_totals", {"cause_id": cause_id, "unit_id": unit_id, **given, **figures})

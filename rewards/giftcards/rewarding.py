"""The gift card that a reward gives: opened in the posting that issues it, taken back in the one that undoes it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict
from rewards.giftcards import issuing
from rewards.intake import rows
from rewards.intake.state import Posted, State
from rewards.models import GiftCard, Redemption, Reward
from rewards.rulebook import UnitInfo


class CardUsed(Conflict):
    code = "gift_card_used"
    message = _("Part of this gift card was spent already. Block the card instead.")


def opens(reward: Reward, units: dict[str, UnitInfo]) -> UnitInfo | None:
    """The unit of the card that this reward opens; None for every other kind, and where no unit is money: then staff
    hand over a card of their own."""
    if reward.kind != Reward.Kind.GIFT_CARD:
        return None
    fit = [unit for unit in units.values() if unit.is_money and unit.lapse is None and unit.worth]
    return min(fit, key=lambda unit: unit.id, default=None)


def open_for(
    reward: Reward,
    state: State,
    posted: Posted,
    *,
    member_id: int,
    redemption_id: int,
    ends_at: datetime | None,
) -> bool:
    """Open the card that the reward gives, if it gives one."""
    unit = opens(reward, state.rulebook.units)
    if unit is None:
        return False
    issuing.open_card(
        state,
        posted,
        unit=unit,
        value_minor=reward.value_minor or 0,
        origin=GiftCard.Origin.REWARD,
        ends_at=ends_at,
        member_id=member_id,
        redemption_id=redemption_id,
    )
    return True


def of(redemption: Redemption) -> GiftCard | None:
    """The card of a redemption. No statement for a reward of another kind."""
    if redemption.reward.kind != Reward.Kind.GIFT_CARD:
        return None
    return GiftCard.objects.filter(redemption=redemption).first()


def take_back(card: GiftCard, state: State, posted: Posted) -> None:
    """Empty and block a card that nobody has used. Raises CardUsed."""
    holder = state.people[card.pk]
    (book,) = holder.books.values()
    book.lapse = None
    book.settle(posted.moment)
    unit = state.rulebook.units_by_id[book.unit_id]
    granted = issuing.amount_of(card.value_minor, unit)
    if book.active != granted:
        raise CardUsed
    book.debit("adjust", granted, at=posted.at, moment=posted.moment, fact_id=posted.fact_id)
    holder.is_touched = True
    row = {"id": card.pk, "state": GiftCard.State.BLOCKED, "member_id": card.member_id}
    rows.add(state, "card_moves", row)

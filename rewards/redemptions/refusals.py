"""Why somebody cannot have a reward now: each refusal has a machine code and says what is missing (SEMANTICS 40)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions import Missing
from loyaltysite.kit.errors import Conflict, DomainError
from rewards import candidates
from rewards.candidates import Candidate
from rewards.coupons.refusals import CodeInvalid
from rewards.models import Reward

__all__ = ["CodeInvalid"]

Period = Reward.Period


class NotOffered(Conflict):
    code = "reward_not_offered"
    message = _("This reward is not offered.")


class NotYet(DomainError):
    code = "reward_not_yet"
    message = _("This reward begins later.")


class Over(DomainError):
    code = "reward_window_over"
    message = _("This reward is over.")


class OutOfStock(Conflict):
    code = "reward_out_of_stock"
    message = _("Nothing of it is left.")


class LimitReached(DomainError):
    """`limit` is how many a member may have, `free_at` when there may be another one."""

    code = "reward_limit_reached"
    message = _("You have had it as often as you may.")


class NotEligible(DomainError):
    """`missing` are the conditions that do not hold, in words."""

    code = "reward_not_eligible"
    message = _("Needed: %(why)s.")

    def __init__(self, missing: Sequence[Missing]) -> None:
        texts = [
            str(_("not: %(sentence)s") % {"sentence": one.sentence}) if one.negated else one.sentence
            for one in missing
        ]
        super().__init__(why="; ".join(texts), missing=texts)


class HoldersOnly(DomainError):
    """`who` are the tiers and plans that open it."""

    code = "reward_holders_only"
    message = _("Only for: %(who)s.")

    def __init__(self, names: Iterable[Mapping[str, str]]) -> None:
        language = (get_language() or "en").split("-")[0]
        shown = [texts.get(language) or next(iter(texts.values()), "") for texts in names]
        super().__init__(who=", ".join(shown), missing=shown)


class OnlyGiven(DomainError):
    code = "reward_only_given"
    message = _("This reward cannot be taken: it is given as a prize.")


class WrongStore(DomainError):
    code = "reward_wrong_store"
    message = _("This reward is not given in this store.")


class TooFew(DomainError):
    """`missing` is {unit key: ledger units}."""

    code = "insufficient_points"
    message = _("Some points are still missing.")


class RedemptionOver(Conflict):
    code = "redemption_over"
    message = _("The time to use it is over.")


class WrongState(Conflict):
    """`state` is the one it is in."""

    code = "redemption_wrong_state"
    message = _("This cannot be done any more.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known at the moment of wanting: how many were had in the period, and what can be used of each unit."""

    now: datetime
    count: int
    candidate: Candidate
    balances: Mapping[str, int]
    store: str = ""


def _as_offered(reward: Reward, wanted: Wanted) -> Iterator[DomainError]:
    """Whether and when the shop lets it be taken."""
    if reward.is_prize:
        yield OnlyGiven()
    starts_at = begins_at(reward, wanted.candidate)
    if starts_at is not None and wanted.now < starts_at:
        yield NotYet(starts_at=starts_at)
    if reward.ends_at is not None and wanted.now >= reward.ends_at:
        yield Over(ended_at=reward.ends_at)


def obstacles(reward: Reward, wanted: Wanted, *, currency: str) -> list[DomainError]:
    """Everything that stands between the member and the reward, what cannot be mended first; empty: it can be had."""
    if reward.state != Reward.State.LIVE:
        return [NotOffered()]
    found = list(_as_offered(reward, wanted))
    if reward.stock is not None and reward.taken >= reward.stock:
        found.append(OutOfStock())
    if wanted.store and reward.stores and wanted.store not in reward.stores:
        found.append(WrongStore(field="store", stores=reward.stores))
    zone = wanted.candidate.now.tzinfo
    if reward.per_member is not None and wanted.count >= reward.per_member:
        free_at = next_period(reward.per_period, wanted.now, zone)  # type: ignore[arg-type]
        found.append(LimitReached(limit=reward.per_member, period=reward.per_period, free_at=free_at))
    candidate = wanted.candidate
    if reward.key in candidate.exclusive and reward.key not in candidate.opened:
        found.append(HoldersOnly(candidate.exclusive[reward.key]))
    missing = candidates.missing(reward.eligibility, wanted.candidate, currency=currency)
    if missing:
        found.append(NotEligible(missing))
    short = {
        unit: amount - wanted.balances.get(unit, 0)
        for unit, amount in reward.price.items()
        if wanted.balances.get(unit, 0) < amount
    }
    if short:
        found.append(TooFew(missing=short))
    return found


def begins_at(reward: Reward, candidate: Candidate) -> datetime | None:
    """When it begins for this member: some may have it some days earlier."""
    if reward.starts_at is None or not candidate.early_days:
        return reward.starts_at
    zone = candidate.now.tzinfo
    return (reward.starts_at.astimezone(zone) - timedelta(days=candidate.early_days)).astimezone(UTC)


def period_start(period: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the present day, week, month or year began in the program's time zone; None for ever."""
    if period == Period.EVER:
        return None
    day = now.astimezone(zone).date()
    if period == Period.WEEK:
        day -= timedelta(days=day.weekday())
    elif period == Period.MONTH:
        day = day.replace(day=1)
    elif period == Period.YEAR:
        day = day.replace(month=1, day=1)
    return datetime.combine(day, time(), tzinfo=zone)


def next_period(period: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the next one begins; None where there is none."""
    start = period_start(period, now, zone)
    if start is None:
        return None
    longest = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31, Period.YEAR: 366}[Period(period)]
    # Half a day more than the longest, and back to its beginning: no change of the clocks misses it.
    return period_start(period, start + timedelta(days=longest, hours=12), zone)


def told(error: DomainError) -> dict[str, Any]:
    """A refusal as the API tells it."""
    found = {"code": error.code, "detail": str(error)}
    return found | {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in error.params.items()
        if name != "why"
    }

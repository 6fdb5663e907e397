"""What a member can use at this moment, what is to come, and when it ends: every date, nothing hidden (N7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards import histories
from rewards.models import Lot, Unit, Wallet
from rewards.views.portal.words import foreign, last_day, money, number, say, units
from rewards.wording import policies

SOON = timedelta(days=14)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ending:
    """So much ends after this day, or never; `lots` is how many credits it comes from."""

    on: date | None
    amount: int
    worth_minor: int
    is_soon: bool
    lots: int


@dataclass(frozen=True, slots=True)
class Coming:
    """So much becomes usable on this day, or when something happens."""

    on: date | None
    amount: int
    worth_minor: int


@dataclass(slots=True)
class Balance:
    """A purse as it is at a moment: what is due by then counts as done, although nobody has posted it yet."""

    purse: histories.Purse
    usable: int
    worth_minor: int
    currency: str
    endings: list[Ending] = field(default_factory=list)
    comings: list[Coming] = field(default_factory=list)
    advice: list[SafeString] = field(default_factory=list)
    uses: list[SafeString] = field(default_factory=list)

    @property
    def unit(self) -> Unit:
        return self.purse.unit

    @property
    def wallet(self) -> Wallet:
        return self.purse.wallet

    @property
    def is_worth_something(self) -> bool:
        return self.unit.worth_numerator > 0 and not self.unit.is_money

    @property
    def figure(self) -> SafeString | str:
        """The usable amount alone, for the card; credit is money."""
        if self.unit.is_money:
            return money(self.worth_minor, self.currency)
        decimals = self.unit.precision
        return number(Decimal(self.usable).scaleb(-decimals), decimals or None)

    @property
    def shown(self) -> SafeString | str:
        """The usable amount in words."""
        if not self.unit.is_money:
            return units(self.usable, self.unit)
        return say(_("%(money)s of %(credit)s"), money=self.figure, credit=foreign(self.unit_name))

    @property
    def unit_name(self) -> str:
        return formats.unit_name(self.usable, self.unit)

    @property
    def lapse(self) -> str:
        """What keeps everything from ending, in words; "" where nothing is needed."""
        return policies.say_lapse(self.unit.lapse) if self.usable else ""

    @property
    def dates(self) -> list[Ending]:
        return [ending for ending in self.endings if ending.on]


def of(*, program: Program, member: Member, now: datetime) -> list[Balance]:
    """The member's balances, in the order of the program's units."""
    return [
        _balance(purse, now, program.currency)
        for purse in histories.purses_of(program=program, member=member)
    ]


def _balance(purse: histories.Purse, now: datetime, currency: str) -> Balance:
    ends = {lot.pk: _end_of(lot, purse) for lot in purse.lots}
    live = [lot for lot in purse.lots if lot.reserved or (ends[lot.pk] or NEVER) > now]
    ready = [lot for lot in live if lot.is_active or (lot.active_at is not None and lot.active_at <= now)]
    waiting = [lot for lot in live if lot not in ready]
    # Arrears are paid first by what became usable meanwhile.
    usable = max(0, sum(lot.remaining - lot.reserved for lot in ready) - purse.wallet.arrears)
    return Balance(
        purse,
        usable,
        purse.worth_minor(usable),
        currency,
        endings=list(_endings(purse, ready, ends, now)),
        comings=list(_comings(purse, waiting)),
    )


def _end_of(lot: Lot, purse: histories.Purse) -> datetime | None:
    """When it ends: on its own day, or before that with everything else if nothing happens (9)."""
    lapses_at = purse.wallet.lapses_at if lot.is_active and purse.unit.lapse else None
    return min((each for each in (lot.expires_at, lapses_at) if each), default=None)


def _endings(
    purse: histories.Purse, lots: list[Lot], ends: Mapping[int, datetime | None], now: datetime
) -> Iterable[Ending]:
    def day(lot: Lot) -> date:
        at = ends[lot.pk]
        return last_day(at) if at else date.max

    for on, found in groupby(sorted(lots, key=day), key=day):
        group = list(found)
        amount = sum(lot.remaining - lot.reserved for lot in group)
        at = ends[group[0].pk]
        if amount:
            yield Ending(
                None if on == date.max else on,
                amount,
                purse.worth_minor(amount),
                at is not None and at - now <= SOON,
                len(group),
            )


def _comings(purse: histories.Purse, lots: list[Lot]) -> Iterable[Coming]:
    def day(lot: Lot) -> date:
        return timezone.localtime(lot.active_at).date() if lot.active_at else date.max

    for on, found in groupby(sorted(lots, key=day), key=day):
        amount = sum(lot.remaining for lot in found)
        yield Coming(None if on == date.max else on, amount, purse.worth_minor(amount))

"""What a member can use at this moment, what is to come, and when it ends: every date, nothing hidden (N7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.utils import timezone
from django.utils.safestring import SafeString

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards import histories
from rewards.models import Lot, Unit, Wallet
from rewards.views.portal.words import last_day, number

SOON = timedelta(days=14)


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
    endings: list[Ending] = field(default_factory=list)
    comings: list[Coming] = field(default_factory=list)
    advice: list[SafeString] = field(default_factory=list)

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
        """The usable amount alone, for the card."""
        decimals = self.unit.precision
        return number(Decimal(self.usable).scaleb(-decimals), decimals or None)

    @property
    def unit_name(self) -> str:
        return formats.unit_name(self.usable, self.unit)

    @property
    def dates(self) -> list[Ending]:
        return [ending for ending in self.endings if ending.on]


def of(*, program: Program, member: Member, now: datetime) -> list[Balance]:
    """The member's balances, in the order of the program's units."""
    return [_balance(purse, now) for purse in histories.purses_of(program=program, member=member)]


def _balance(purse: histories.Purse, now: datetime) -> Balance:
    live = [lot for lot in purse.lots if not _is_over(lot, now)]
    ready = [lot for lot in live if lot.is_active or (lot.active_at is not None and lot.active_at <= now)]
    waiting = [lot for lot in live if lot not in ready]
    # Arrears are paid first by what became usable meanwhile.
    usable = max(0, sum(lot.remaining - lot.reserved for lot in ready) - purse.wallet.arrears)
    return Balance(
        purse,
        usable,
        purse.worth_minor(usable),
        endings=list(_endings(purse, ready, now)),
        comings=list(_comings(purse, waiting)),
    )


def _is_over(lot: Lot, now: datetime) -> bool:
    return lot.expires_at is not None and lot.expires_at <= now and not lot.reserved


def _endings(purse: histories.Purse, lots: list[Lot], now: datetime) -> Iterable[Ending]:
    def day(lot: Lot) -> date:
        return last_day(lot.expires_at) if lot.expires_at else date.max

    for on, found in groupby(sorted(lots, key=day), key=day):
        group = list(found)
        amount = sum(lot.remaining - lot.reserved for lot in group)
        ends = group[0].expires_at
        if amount:
            yield Ending(
                None if on == date.max else on,
                amount,
                purse.worth_minor(amount),
                ends is not None and ends - now <= SOON,
                len(group),
            )


def _comings(purse: histories.Purse, lots: list[Lot]) -> Iterable[Coming]:
    def day(lot: Lot) -> date:
        return timezone.localtime(lot.active_at).date() if lot.active_at else date.max

    for on, found in groupby(sorted(lots, key=day), key=day):
        amount = sum(lot.remaining for lot in found)
        yield Coming(None if on == date.max else on, amount, purse.worth_minor(amount))

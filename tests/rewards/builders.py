"""What tests of the ledger build with: a program with its units, rules and tiers, and facts told in few words.

Moments are texts in UTC: a day alone means its noon. Money is in minor units, and by default 1.00 earns one point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django_scopes import scope, scopes_disabled

from members import numbers
from members.models import Holder, Identity, Member, Order, Program, Store, User
from rewards import intake, ledger, rulebook
from rewards.intake.items import (
    CancelIn,
    EventIn,
    Item,
    LineIn,
    OrderIn,
    Outcome,
    PaidIn,
    ReturnIn,
    ReturnLineIn,
    TenderIn,
    Who,
)
from rewards.models import (
    Allocation,
    EarningRule,
    Entry,
    Lot,
    Metric,
    RuleVersion,
    Standing,
    Tier,
    TierScheme,
    Unit,
    Wallet,
)

ONE_PER_MAJOR = {"kind": "per_amount", "points": "1", "per_minor": 100}
BASE: Mapping[str, Any] = {"base": {"amount": ONE_PER_MAJOR}}
NONE: Mapping[str, Any] = {}
POINTS: Mapping[str, Any] = {"points": {}}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SOURCE = "shop"

_numbers = itertools.count(1)


def moment(text: str | datetime) -> datetime:
    """A moment in UTC; a day alone means its noon."""
    if isinstance(text, datetime):
        return text
    found = datetime.fromisoformat(text)
    if len(text) <= 10:
        found += timedelta(hours=12)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# --- programs ---------------------------------------------------------------------------------------------------------


def open_program(
    *,
    rules: Mapping[str, Mapping[str, Any]] = BASE,
    units: Mapping[str, Mapping[str, Any]] = POINTS,
    tiers: Mapping[str, tuple[int, Mapping[str, str]]] | None = None,
    scheme: Mapping[str, Any] | None = None,
    stores: Iterable[str] = (),
    **settings: Any,
) -> Program:
    """A program with its catalogue. `tiers` maps keys, lowest first, to (threshold, multipliers); `scheme` holds the
    settings of the tier scheme; `settings` are those of the program. Rules hold since long ago."""
    given = {"currency": "EUR", "prices_include_tax": False, "return_days": 14} | settings
    program = Program.objects.create(slug=f"shop-{next(_numbers)}", name="Shop", **given)
    with scope(program=program):
        for key, values in units.items():
            Unit.objects.create(program=program, key=key, **values)
        Store.objects.bulk_create(Store(program=program, code=code, name=code) for code in stores)
        if tiers:
            TierScheme.objects.create(program=program, **(scheme or {}))
            for rank, (key, (threshold, multipliers)) in enumerate(tiers.items()):
                Tier.objects.create(
                    program=program, key=key, rank=rank, threshold=threshold, multipliers=multipliers
                )
    for key, definition in rules.items():
        publish(program, key, definition)
    return program


def publish(
    program: Program,
    key: str,
    definition: Mapping[str, Any],
    *,
    since: str | datetime = LONG_AGO,
    until: str | None = None,
) -> RuleVersion:
    """Put a version of a rule in force; one that is open-ended before it ends where this one begins."""
    full = {"trigger": {"on": "order"}, "unit": "points", **definition}
    begins, ends = moment(since), until and moment(until)
    with scope(program=program):
        precision = Unit.objects.get(program=program, key=full["unit"]).precision
        budget = full.get("budget")
        scaled = None if budget is None else int(Decimal(str(budget)) * 10**precision)
        rule, _ = EarningRule.objects.update_or_create(
            program=program, key=key, defaults={"name": key, "state": "live", "budget": scaled}
        )
        versions = RuleVersion.objects.filter(rule=rule)
        versions.filter(until=None).update(until=begins)
        version = RuleVersion.objects.create(
            program=program,
            rule=rule,
            number=versions.count() + 1,
            definition=full,
            since=begins,
            until=ends or None,
            published_at=begins,
        )
    rulebook.touch(program)
    return version


def change_unit(program: Program, key: str = "points", **values: Any) -> None:
    with scope(program=program):
        Unit.objects.filter(program=program, key=key).update(**values)
    rulebook.touch(program)


# --- people -----------------------------------------------------------------------------------------------------------


def who(name: str, *, joins: bool = True, kind: str = "email") -> Who:
    """`anna` is anna@example.com, who joins with her first fact."""
    return Who(kind, f"{name}@example.com" if kind == "email" else name, joins=joins)


def join(
    program: Program, name: str, /, *, at: str = "2020-01-01", state: str = "active", **facts: Any
) -> Member:
    with scope(program=program):
        holder = Holder.objects.create(program=program)
        member = Member.objects.create(
            holder=holder, program=program, number=numbers.draw(), joined_at=moment(at), state=state, **facts
        )
        Identity.objects.create(program=program, member=member, kind="email", value=f"{name}@example.com")
    return member


def find(program: Program, name: str) -> Member:
    with scope(program=program):
        return Member.objects.get(identities__kind="email", identities__value=f"{name}@example.com")


def staff(name: str = "owner") -> User:
    return User.objects.get_or_create(email=f"{name}@staff.example.com")[0]


# --- facts ------------------------------------------------------------------------------------------------------------


def line(amount_minor: int, sku: str = "", quantity: int = 1, **others: Any) -> LineIn:
    return LineIn(sku=sku or f"sku-{amount_minor}", quantity=quantity, amount_minor=amount_minor, **others)


def order(number: str, at: str | datetime, *lines: int | LineIn, member: str | Who | None = "anna", **others: Any) -> OrderIn:  # fmt: skip
    """An order of lines; an amount alone is a line of one piece with the SKU `sku-<amount>`."""
    return OrderIn(
        source=others.pop("source", SOURCE),
        external_id=number,
        occurred_at=moment(at),
        lines=tuple(line(each) if isinstance(each, int) else each for each in lines),
        member=who(member) if isinstance(member, str) else member,
        **others,
    )


def paid(number: str, at: str | datetime) -> PaidIn:
    return PaidIn(SOURCE, number, moment(at))


def cancel(number: str, at: str | datetime) -> CancelIn:
    return CancelIn(SOURCE, number, moment(at))


def bring_back(
    number: str, at: str | datetime, *lines: str | tuple[str, int] | ReturnLineIn, order: str = "", member: str = "",
    amount_minor: int | None = None, source: str = SOURCE,
) -> ReturnIn:  # fmt: skip
    """A return of SKUs (one piece each unless a pair says how many), of an amount, or of all that is left."""
    return ReturnIn(
        source=source,
        external_id=number,
        occurred_at=moment(at),
        order=order,
        member=who(member, joins=False) if member else None,
        lines=tuple(_return_line(each) for each in lines),
        amount_minor=amount_minor,
    )


def _return_line(each: str | tuple[str, int] | ReturnLineIn) -> ReturnLineIn:
    if isinstance(each, ReturnLineIn):
        return each
    sku, quantity = (each, 1) if isinstance(each, str) else each
    return ReturnLineIn(sku, quantity)


def event(number: str, kind: str, at: str | datetime, member: str = "anna", **data: object) -> EventIn:
    return EventIn(SOURCE, number, kind, moment(at), who(member), data)


def record(
    program: Program, *items: Item, now: str | datetime | None = None, at_own_time: bool = False
) -> list[Outcome]:
    """Record facts, by default at the moment of the latest of them."""
    at = moment(now) if now else max(item.occurred_at for item in items)
    return intake.record(program=program, items=items, now=at, at_own_time=at_own_time)


def record_each(program: Program, *items: Item) -> list[Outcome]:
    """Record facts one after the other, each at its own moment."""
    return [record(program, item)[0] for item in items]


def spend(
    program: Program, amount: int, at: str, *, member: str = "anna", order: str = "", key: str = "", unit: str = "points"
) -> ledger.Movement:  # fmt: skip
    return ledger.spend(
        program=program,
        member=find(program, member),
        unit=unit,
        amount=amount,
        key=key or f"spend-{next(_numbers)}",
        now=moment(at),
        order=(SOURCE, order) if order else None,
    )


def pay(program: Program, item: OrderIn, *tenders: TenderIn) -> Outcome:
    """Record an order with these tenders, to which their owner agrees."""
    return intake.record(
        program=program,
        items=[replace(item, tenders=tenders)],
        now=item.occurred_at,
        authorize=lambda owner, costs: None,
    )[0]


def adjust(
    program: Program, amount: int, at: str, *, member: str = "anna", key: str = "", unit: str = "points"
) -> ledger.Movement:  # fmt: skip
    return ledger.adjust(
        program=program,
        member=find(program, member),
        unit=unit,
        amount=amount,
        reason="a kindness",
        by=staff(),
        key=key or f"adjust-{next(_numbers)}",
        now=moment(at),
    )


# --- what is there ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Balance:
    pending: int = 0
    active: int = 0
    reserved: int = 0
    arrears: int = 0


def wallet(program: Program, member: str = "anna", unit: str = "points") -> Wallet | None:
    with scope(program=program):
        found = Wallet.objects.filter(holder_id=find(program, member).pk, unit__key=unit)
        return found.first()


def balance(program: Program, member: str = "anna", unit: str = "points") -> Balance:
    found = wallet(program, member, unit)
    return Balance(found.pending, found.active, found.reserved, found.arrears) if found else Balance()


def entries(program: Program, member: str = "anna", unit: str = "points") -> list[Entry]:
    found = wallet(program, member, unit)
    with scope(program=program):
        return list(Entry.objects.filter(wallet=found).order_by("seq")) if found else []


def movements(
    program: Program, member: str = "anna", unit: str = "points"
) -> list[tuple[str, int, int, int]]:
    """Every entry as (kind, change of pending, of active, of arrears)."""
    return [
        (entry.kind, entry.pending_change, entry.active_change, entry.arrears_change)
        for entry in entries(program, member, unit)
    ]


def lots(program: Program, member: str = "anna", unit: str = "points") -> list[Lot]:
    """All lots of a wallet, in the order in which they were opened."""
    found = wallet(program, member, unit)
    with scope(program=program):
        opened = Entry.objects.filter(wallet=found, lot_id__isnull=False).order_by("seq")
        seqs = {}
        for entry in opened:
            seqs.setdefault(entry.lot_id, entry.seq)
        return sorted(Lot.objects.filter(wallet=found), key=lambda lot: seqs[lot.pk])


def allocations(entry: Entry) -> dict[int, int]:
    """{lot id: how much of it the entry used}."""
    with scopes_disabled():
        return {row.lot_id: row.amount for row in Allocation.objects.filter(entry=entry)}


def standings(program: Program, member: str = "anna") -> list[Standing]:
    with scope(program=program):
        found = Standing.objects.filter(member_id=find(program, member).pk)
        return list(found.select_related("tier").order_by("since", "pk"))


def metric(program: Program, member: str = "anna") -> tuple[int, int, int, int]:
    """Spend, orders, visits and points over all buckets."""
    with scope(program=program):
        rows = Metric.objects.filter(holder_id=find(program, member).pk)
        return tuple(  # type: ignore[return-value]
            sum(getattr(row, name) for row in rows) for name in ("spend_minor", "orders", "visits", "points")
        )


def stored_order(program: Program, number: str, source: str = SOURCE) -> Order:
    with scope(program=program):
        return Order.objects.get(program=program, source=source, external_id=number)


def wallet_count(program: Program) -> int:
    with scope(program=program):
        return Wallet.objects.filter(program=program).count()


def wrong_wallets(program: Program) -> list[int]:
    """The wallets that disagree with their entries or lots; there must never be one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wafa_wrong_wallets(ARRAY(SELECT id FROM rewards_wallet WHERE program_id = %s))",
            [program.pk],
        )
        return [row[0] for row in cursor.fetchall()]

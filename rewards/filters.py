"""What a list of members is narrowed by: read from an address, written back to it, turned into conditions.

Every condition looks one member up by an index, so that a list is walked in its order and stops when a page is full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from django.db.models import Case, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from members.models import Member, Order, OrderState, Program, Store
from members.queries import Sought
from rewards import queries
from rewards.models import Standing, Tier, Unit, Wallet
from rewards.policies import day_start

HAPPENED = (OrderState.PLACED, OrderState.PAID)
ACTIVE, LAPSED, NEVER = "active", "lapsed", "never"
DAYS = 3_650
LARGEST = Decimal(10) ** 12
# Newest first, oldest first, by name and backwards.
SORTS = ("-joined", "joined", "name", "-name")


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a program's list can be narrowed by; balances are of its first unit."""

    program: Program
    tiers: Sequence[Tier] = ()
    stores: Sequence[Store] = ()
    unit: Unit | None = None

    @property
    def base(self) -> Tier | None:
        return queries.base_of(self.tiers)

    @classmethod
    def of(cls, program: Program) -> Catalog:
        """Three statements."""
        stores = list(Store.objects.filter(program=program).order_by("name", "pk"))
        units = queries.units_of(program)
        return cls(program, queries.tiers_of(program), stores, units[0] if units else None)


@dataclass(frozen=True, slots=True)
class Filters:
    """`activity` is (active, days): ordered within them; (lapsed, days): not since them; (never, 0). Balances are in
    whole units, `since` and `until` local days, both included."""

    sought: Sought = field(default_factory=lambda: Sought(""))
    tier: Tier | None = None
    state: str = ""
    store: Store | None = None
    activity: tuple[str, int] | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    tag: str = ""
    since: date | None = None
    until: date | None = None
    sort: str = SORTS[0]

    @classmethod
    def parse(cls, asked: Mapping[str, str], catalog: Catalog) -> Filters:
        """From an address; whatever is not understood is left out."""
        unit = catalog.unit
        return cls(
            sought=Sought.parse(asked.get("q", "")),
            tier=_one(catalog.tiers, "key", asked.get("tier")),
            state=asked.get("state", "") if asked.get("state") in Member.State.values else "",
            store=_one(catalog.stores, "code", asked.get("store")),
            activity=_activity(asked.get("activity", "")),
            least=_amount(asked.get("least", ""), unit, ROUND_CEILING),
            most=_amount(asked.get("most", ""), unit, ROUND_FLOOR),
            tag=Sought.parse(asked.get("tag", "")).text[:64],
            since=_day(asked.get("since", "")),
            until=_day(asked.get("until", "")),
            sort=asked.get("sort", "") if asked.get("sort") in SORTS else SORTS[0],
        )

    def query(self) -> dict[str, str]:
        """The parts of an address that say the same again, without those that say nothing."""
        parts = {
            "q": self.sought.text,
            "tier": self.tier.key if self.tier else "",
            "state": self.state,
            "store": self.store.code if self.store else "",
            "activity": "-".join(str(part) for part in self.activity if part) if self.activity else "",
            "least": "" if self.least is None else f"{self.least:f}",
            "most": "" if self.most is None else f"{self.most:f}",
            "tag": self.tag,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "sort": "" if self.sort == SORTS[0] else self.sort,
        }
        return {name: value for name, value in parts.items() if value}

    @property
    def names(self) -> list[str]:
        """Which filters are in force, in a fixed order."""
        return [name for name in self.query() if name != "sort"]

    def narrow(self, members: QuerySet[Member], catalog: Catalog, now: datetime) -> QuerySet[Member]:
        """The members among these whom every filter but the search lets through."""
        members = members.filter(self._own(catalog.program))
        if self.tier is not None:
            members = _in_tier(members, self.tier, catalog)
        if self.store is not None:
            members = members.alias(order_there=_ordered(store=self.store)).filter(order_there__isnull=False)
        if self.activity is not None:
            members = members.alias(last_at=last_order_at()).filter(_is_active(*self.activity, now))
        if catalog.unit is not None and (self.least is not None or self.most is not None):
            members = self._holding(members, catalog.unit)
        return members

    def leaders(self, catalog: Catalog) -> list[QuerySet[Any]]:
        """Ids of members by conditions with an index of their own, each of which may be far smaller than the list."""
        found: list[QuerySet[Any]] = []
        if self.tier is not None and self.tier != catalog.base:
            found.append(Standing.objects.filter(tier=self.tier, ended_at=None).values("member_id"))
        if self.tag:
            found.append(Member.objects.filter(tags__contains=[self.tag]).exclude(tags=[]).values("pk"))
        if self.state and self.state != Member.State.ACTIVE:
            others = Member.objects.exclude(state=Member.State.ACTIVE).filter(state=self.state)
            found.append(others.values("pk"))
        return found

    def _own(self, program: Program) -> Q:
        """The conditions on the member's own row."""
        found = Q()
        if self.state:
            found &= Q(state=self.state)
        if self.tag:
            found &= Q(tags__contains=[self.tag])
        return found & self.joined(program)

    def joined(self, program: Program) -> Q:
        """The period of joining."""
        found = Q()
        if self.since:
            found &= Q(joined_at__gte=day_start(self.since, program.zone))
        if self.until:
            found &= Q(joined_at__lt=day_start(self.until + timedelta(days=1), program.zone))
        return found

    def _holding(self, members: QuerySet[Member], unit: Unit) -> QuerySet[Member]:
        wallet = Wallet.objects.filter(holder_id=OuterRef("pk"), unit=unit).values("active")
        members = members.alias(held=Coalesce(Subquery(wallet), 0))
        if self.least is not None:
            members = members.filter(held__gte=int(self.least.scaleb(unit.precision)))
        if self.most is not None:
            members = members.filter(held__lte=int(self.most.scaleb(unit.precision)))
        return members


# Scalar subqueries throughout: unlike EXISTS they are never turned into a join that reads a whole table first.


def last_order_at() -> Subquery:
    """When the member of the outer query last ordered."""
    return Subquery(_orders().order_by("-occurred_at").values("occurred_at")[:1])


def _ordered(store: Store) -> Subquery:
    return Subquery(_orders().filter(store=store).values("pk")[:1])


def _orders() -> QuerySet[Order]:
    return Order.objects.filter(member_id=OuterRef("pk"), state__in=HAPPENED)


def _in_tier(members: QuerySet[Member], tier: Tier, catalog: Catalog) -> QuerySet[Member]:
    """Those whose highest standing that has not ended is this tier; without one a member is at the base."""
    # By the tiers at hand: to join and sort them for each member that is walked past takes three times as long.
    ranks = Case(*(When(tier_id=one.pk, then=Value(one.rank)) for one in catalog.tiers))
    open_now = Standing.objects.filter(member_id=OuterRef("pk"), ended_at=None)
    rank = Subquery(open_now.annotate(highest=Func(ranks, function="max")).values("highest"))
    if catalog.base is None:
        return members.alias(rank=rank).filter(rank=tier.rank)
    floor = Value(catalog.base.rank)
    return members.alias(rank=Greatest(Coalesce(rank, floor), floor)).filter(rank=tier.rank)


def _is_active(what: str, days: int, now: datetime) -> Q:
    if what == NEVER:
        return Q(last_at__isnull=True)
    cutoff = now - timedelta(days=days)
    return Q(last_at__gte=cutoff) if what == ACTIVE else Q(last_at__lt=cutoff)


def _one[T](rows: Sequence[T], name: str, value: str | None) -> T | None:
    return next((row for row in rows if getattr(row, name) == value), None) if value else None


def _activity(text: str) -> tuple[str, int] | None:
    what, _dash, days = text.partition("-")
    if what == NEVER and not days:
        return what, 0
    if what not in (ACTIVE, LAPSED) or not (days.isascii() and days.isdigit()):
        return None
    return (what, int(days)) if 1 <= int(days[:6]) <= DAYS and len(days) <= 4 else None


def _amount(text: str, unit: Unit | None, rounding: str) -> Decimal | None:
    """A balance in whole units, as precise as the unit is; figures of every script are read."""
    try:
        amount = Decimal(Sought.parse(text).text.replace(",", "").replace("٬", "").replace("٫", "."))
    except InvalidOperation:
        return None
    if unit is None or not amount.is_finite() or not 0 <= amount <= LARGEST:
        return None
    return amount.quantize(Decimal(1).scaleb(-unit.precision), rounding).normalize() + 0


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1900 <= day.year <= 9000 else None


__all__ = ["ACTIVE", "DAYS", "HAPPENED", "LAPSED", "NEVER", "SORTS", "Catalog", "Filters", "last_order_at"]

"""The list of members: a page at a time in a fixed order, found without reading more than a bounded number of rows.

When few members can be meant they are looked up and put in order. Otherwise the list is walked in its order until a
page is full, at most WALK members far; what then is still unseen is said (`unseen`), never skipped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Collate, Lower

from members import queries as people
from members.models import Member
from members.models.people import NAME_ORDER
from rewards import queries
from rewards.filters import Catalog, Filters, last_order_at
from rewards.lots import EPOCH
from rewards.models import Tier

SIZE = 25
# So few members are looked up and sorted; so many are walked past for one page, and when somebody asks to look further.
FEW, WALK, FAR = 5_000, 8_000, 200_000
# A search looks each of them up by its words, which takes longer.
FEW_SOUGHT = 1_000
# Counting on beyond this would take longer than anybody wants to know it.
MOST_ALL, MOST_FOUND = 100_000, 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a list of members: after which moment and whom the page goes on."""

    joined_at: datetime
    member_id: int

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """From an address; None for anything that is not a mark."""
        micros, _dot, member_id = text.partition(".")
        if not (micros.isascii() and micros.isdigit() and member_id.isascii() and member_id.isdigit()):
            return None
        try:
            moment = EPOCH + timedelta(microseconds=int(micros[:18]))
        except OverflowError:
            return None
        return cls(moment, min(int(member_id[:19]), 2**63 - 1))

    def __str__(self) -> str:
        return f"{(self.joined_at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)}.{self.member_id}"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A line of the list: `balance` in the program's first unit; the tier in force with the bars it is drawn with."""

    member: Member
    tier: Tier | None
    bars: int
    balance: Decimal
    last_order_at: datetime | None

    @property
    def tier_name(self) -> str:
        return queries.name_of(self.tier) if self.tier else ""


@dataclass(frozen=True, slots=True)
class MemberPage:
    """`unseen` is where the walk stopped before the page was full: somebody beyond it may be meant as well."""

    rows: list[MemberRow]
    newer: Mark | None
    older: Mark | None
    unseen: Mark | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many are found; `is_more` when that is only how far was counted."""

    number: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """Where a member stands in the list's order."""

    place: Any
    member_id: int
    joined_at: datetime

    @property
    def mark(self) -> Mark:
        return Mark(self.joined_at, self.member_id)


@dataclass(frozen=True)
class Directory:
    """The members of a program that the filters let through, as of `now`."""

    catalog: Catalog
    filters: Filters
    now: datetime

    def members(self) -> QuerySet[Member]:
        """Everybody found, in no order: for work on all of them."""
        ways = [self._narrow(way) for way in self._ways()]
        if len(ways) == 1:
            return ways[0]
        return _any_of(ways) if ways else Member.objects.none()

    def page(
        self, *, size: int = SIZE, after: Mark | None = None, before: Mark | None = None, is_far: bool = False
    ) -> MemberPage:
        """One page, going on after or before a mark; far means that looking further was asked for."""
        backwards = before is not None
        found, end = (
            self._first
            if not (after or before)
            else self._keys(before or after, backwards=backwards, size=size, limit=size + 1, is_far=is_far)
        )
        more = len(found) > size
        keys = found[:size][::-1] if backwards else found[:size]
        rest = None if more else end
        first, last = (keys[0].mark, keys[-1].mark) if keys else (None, None)
        if backwards:
            newer, older, rest = (first if more else rest), last, None
        else:
            newer, older = (first if after else None), (last if more else None)
        return MemberPage(self._rows([key.member_id for key in keys]), newer=newer, older=older, unseen=rest)

    def count(self) -> Count:
        """How many there are, counted only as far as anybody waits for."""
        ways, is_few = self._plan
        if is_few or self._is_whole:
            most = len(ways) * (FEW + 1) if is_few else MOST_ALL
            number = queries.count_up_to([self._narrow(way) for way in ways], most=most)
            return Count(min(number, most), is_more=number > most)
        keys, end = self._first
        return Count(min(len(keys), MOST_FOUND), is_more=len(keys) > MOST_FOUND or end is not None)

    # How it is found

    def _ways(self) -> list[QuerySet[Member]]:
        return people.ways_to(program=self.catalog.program, sought=self.filters.sought)

    def _narrow(self, members: QuerySet[Member]) -> QuerySet[Member]:
        return self.filters.narrow(members, self.catalog, self.now)

    @cached_property
    def _plan(self) -> tuple[list[QuerySet[Member]], bool]:
        """The ways to the members, and whether they name so few that all can be looked at."""
        ways = self._ways()
        few = min(FEW, FEW_SOUGHT)
        if self.filters.sought.text and queries.count_up_to(ways, most=few) <= few:
            # Left alone, PostgreSQL takes a rare word for a common one and walks through everybody by age.
            return [
                Member.objects.filter(pk__in=way.order_by().values("pk")[: few + 1]) for way in ways
            ], True
        for ids in self.filters.leaders(self.catalog):
            if ids[: FEW + 1].count() <= FEW:
                return [way.filter(pk__in=ids[: FEW + 1]) for way in ways], True
        return ways, False

    @cached_property
    def _first(self) -> tuple[list[Key], Mark | None]:
        """The beginning of the list, as far as it is counted."""
        return self._keys(None, backwards=False, size=SIZE, limit=MOST_FOUND + 1, is_far=False)

    @property
    def _is_whole(self) -> bool:
        """Whether the index that gives the order has only those that are found."""
        return not set(self.filters.names) - (set() if self._by_name else {"since", "until"})

    def _keys(
        self, mark: Mark | None, *, backwards: bool, size: int, limit: int, is_far: bool
    ) -> tuple[list[Key], Mark | None]:
        """The next ones in the list's order, and where looking stopped before there were `limit` of them."""
        ways, is_few = self._plan
        start = self._place(mark) if mark else None
        if is_few or self._is_whole:
            return self._read(ways, start, None, backwards, limit), None
        end = self._end_of_walk(start, backwards, FAR if is_far else WALK)
        found = self._read(ways, start, end, backwards, limit)
        if end is None or len(found) > size:
            return found, end.mark if end else None
        leaders = self.filters.leaders(self.catalog)
        if not leaders and not self.filters.sought.text:
            return found, end.mark
        # They are many and yet hardly any was passed: find them all by their own index and put them in order.
        pinned = [way.filter(pk__in=leaders[0]) for way in ways] if leaders else ways
        return self._read(pinned, start, None, backwards, limit), None

    def _read(
        self,
        ways: Sequence[QuerySet[Member]],
        start: Key | None,
        end: Key | None,
        backwards: bool,
        limit: int,
    ) -> list[Key]:
        """Each way is limited by itself, so that each reads few rows."""
        order = self._order(backwards)
        parts = []
        for way in ways:
            found = self._keyed(self._narrow(way))
            if start is not None:
                found = self._beyond(found, start, backwards)
            if end is not None:
                found = self._beyond(found, end, not backwards, including=True)
            parts.append(found.order_by(*order).values_list("place", "holder_id", "joined_at")[:limit])
        if not parts:
            return []
        rows = parts[0].union(*parts[1:]).order_by(*order)[:limit] if len(parts) > 1 else parts[0]
        return [Key(*row) for row in rows]

    def _end_of_walk(self, start: Key | None, backwards: bool, length: int) -> Key | None:
        """The last one that is looked at; None when the list ends before."""
        program = self.catalog.program
        everybody = Member.objects.filter(program=program)
        if not self._by_name:
            everybody = everybody.filter(self.filters.joined(program))
        found = self._keyed(everybody)
        if start is not None:
            found = self._beyond(found, start, backwards)
        rows = found.order_by(*self._order(backwards)).values_list("place", "holder_id", "joined_at")
        row = rows[length - 1 : length].first()
        return Key(*row) if row else None

    # The order

    @property
    def _by_name(self) -> bool:
        return self.filters.sort.endswith("name")

    def _falls(self, backwards: bool) -> bool:
        return self.filters.sort.startswith("-") != backwards

    def _order(self, backwards: bool) -> tuple[str, str]:
        sign = "-" if self._falls(backwards) else ""
        return f"{sign}place", f"{sign}holder_id"

    def _keyed(self, members: QuerySet[Member]) -> QuerySet[Any]:
        return members.annotate(place=Collate(Lower("name"), NAME_ORDER) if self._by_name else F("joined_at"))

    def _place(self, mark: Mark) -> Key:
        """A mark holds no name: that is looked up."""
        if not self._by_name:
            return Key(mark.joined_at, mark.member_id, mark.joined_at)
        place = self._keyed(Member.objects.filter(pk=mark.member_id)).values_list("place", flat=True).first()
        return Key(place or "", mark.member_id, mark.joined_at)

    def _beyond(
        self, members: QuerySet[Any], key: Key, backwards: bool, *, including: bool = False
    ) -> QuerySet[Any]:
        goes_on = TupleLessThan if self._falls(backwards) else TupleGreaterThan
        # One further than the last that is to be included.
        member_id = key.member_id + (1 if goes_on is TupleLessThan else -1) * including
        return members.filter(goes_on(Tuple(F("place"), F("holder_id")), (key.place, member_id)))

    # What is shown

    def _rows(self, ids: Sequence[int]) -> list[MemberRow]:
        tiers, unit = self.catalog.tiers, self.catalog.unit
        members = Member.objects.annotate(last_order_at=last_order_at()).in_bulk(list(ids))
        balances = queries.balances_of(ids, unit=unit)
        standing = queries.present_tiers(ids, tiers=tiers)
        digits = unit.precision if unit else 0
        return [
            MemberRow(
                member=members[pk],
                tier=standing[pk],
                bars=queries.bars_of(standing[pk], tiers),
                balance=Decimal(balances.get(pk, 0)).scaleb(-digits),
                last_order_at=members[pk].last_order_at,
            )
            for pk in ids
            if pk in members
        ]


def _any_of(ways: Sequence[QuerySet[Member]]) -> QuerySet[Member]:
    first, *others = [way.order_by().values("pk") for way in ways]
    return Member.objects.filter(pk__in=first.union(*others))

"""The list of members: a page at a time in a fixed order, found without reading more than a bounded number of rows.

The list is walked in its order until a page is full. Where a short walk does not fill it and an index names few who can
be meant, these are looked up and put in order; else the walk goes on, at most WALK members far. Where a search is guessed
to mean many, the walk goes on first, since only to find out that they are many takes as long. What then is still unseen
is said (`unseen`), never skipped in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Window
from django.db.models.expressions import RawSQL
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
# So many are walked past before anything is looked up, for one page, and when somebody asks to look further. A search
# looks only at the words of each and may go so many times as far.
GLANCE, WALK, FAR, SOUGHT_FURTHER = 1_000, 8_000, 200_000, 4
# So few are looked up and put in order; of a search's words; and where the walk met hardly anybody.
FEW, FEW_SOUGHT, MANY = 5_000, 1_000, 20_000
# More than so many are walked through before they are looked up: that reads all of them, however few are asked for.
COMMON = 2 * FEW_SOUGHT
# Counting on beyond this would take longer than anybody wants to know it.
MOST_ALL, MOST_FOUND = 10_000, 200


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


@dataclass(frozen=True, slots=True)
class Stretch:
    """Keys in the list's order. `end` is where looking stopped; `is_cut` when more may follow; `total` is how many there
    are on all pages, where that came with them."""

    keys: list[Key]
    end: Key | None = None
    is_cut: bool = False
    total: int | None = None


@dataclass(frozen=True)
class Directory:
    """The members of a program that the filters let through, as of `now`."""

    catalog: Catalog
    filters: Filters
    now: datetime

    def members(self) -> QuerySet[Member]:
        """Everybody found, in no order: for work on all of them."""
        found = people.ways_to(program=self.catalog.program, sought=self.filters.sought)
        ways = [self._narrow(way) for way in found]
        if len(ways) == 1:
            return ways[0]
        return _any_of(ways) if ways else Member.objects.none()

    def page(
        self, *, size: int = SIZE, after: Mark | None = None, before: Mark | None = None, is_far: bool = False
    ) -> MemberPage:
        """One page, going on after or before a mark; far means that looking further was asked for."""
        backwards, mark = before is not None, before or after
        found = self._first if mark is None else self._next(mark, backwards, size, is_far)
        more = len(found.keys) > size
        keys = found.keys[:size][::-1] if backwards else found.keys[:size]
        rest = None if more or found.end is None else found.end.mark
        first, last = (keys[0].mark, keys[-1].mark) if keys else (None, None)
        if backwards:
            newer, older, rest = (first if more else rest), last, None
        else:
            newer, older = (first if after else None), (last if more else None)
        return MemberPage(self._rows([key.member_id for key in keys]), newer=newer, older=older, unseen=rest)

    def count(self) -> Count:
        """How many there are, counted only as far as anybody waits for."""
        if self._is_whole:
            number = queries.count_up_to([self._narrow(self._sought)], most=MOST_ALL)
            return Count(min(number, MOST_ALL), is_more=number > MOST_ALL)
        first = self._first
        if first.total is not None:
            return Count(first.total)
        seen = len(first.keys) - (first.is_cut and first.end is None)
        return Count(min(seen, MOST_FOUND), is_more=first.is_cut)

    # Who is meant

    @cached_property
    def _clues(self) -> people.Clues:
        return people.clues_of(program=self.catalog.program, sought=self.filters.sought)

    @cached_property
    def _known(self) -> list[int]:
        """Whoever has an identity that the search is the beginning of."""
        return _ids(self._clues.known)

    @cached_property
    def _sought(self) -> QuerySet[Member]:
        """Everybody, or whom the search means: to walk through, with the conditions that a member's row answers."""
        members = Member.objects.filter(program=self.catalog.program)
        if not self.filters.sought.text:
            return members
        meant = Q(pk__in=_among(self._known))
        for condition in self._clues.conditions:
            meant |= Q(condition)
        return members.filter(meant)

    def _meant(self, most: int) -> QuerySet[Member] | None:
        """Those that the search means, looked up; None when a condition holds for more than `most`."""
        members = Member.objects.filter(program=self.catalog.program)
        ways = [
            members.filter(each).order_by().values_list("pk")[: most + 1] for each in self._clues.conditions
        ]
        found = _ids(ways)
        return None if len(found) > most else members.filter(pk__in=_among({*found, *self._known}))

    @cached_property
    def _is_common(self) -> bool:
        """Whether the search's words are thought to be those of many: this decides how they are found, never who."""
        return self._clues.is_wide and people.guess(self._clues) > COMMON

    def _led(self, most: int) -> QuerySet[Member] | None:
        """Those within the smallest filter that has an index of its own, if they are not more than `most`."""
        for ids in self.filters.leaders(self.catalog):
            if ids[: most + 1].count() <= most:
                return self._sought.filter(pk__in=ids[: most + 1])
        return None

    @cached_property
    def _few(self) -> QuerySet[Member] | None:
        """Those who can be meant, where an index names so few of them that all can be looked at."""
        meant = self._meant(min(FEW, FEW_SOUGHT)) if self.filters.sought.text else None
        return self._led(FEW) if meant is None else meant

    @cached_property
    def _many(self) -> QuerySet[Member] | None:
        """The same for so many that a walk comes first."""
        led = self._led(MANY)
        return self._meant(MANY) if led is None and self.filters.sought.text else led

    def _narrow(self, members: QuerySet[Member]) -> QuerySet[Member]:
        return self.filters.narrow(members, self.catalog, self.now)

    @cached_property
    def _passed(self) -> QuerySet[Any]:
        """Whom the search means and every filter lets through, as all walks of a page look for them."""
        return self._listed(self._sought)

    def _listed(self, members: QuerySet[Member]) -> QuerySet[Any]:
        return self._keyed(self._narrow(members))

    @property
    def _is_whole(self) -> bool:
        """Whether the index that gives the order has only those that are found."""
        return not set(self.filters.names) - (set() if self._by_name else {"since", "until"})

    # How they are found

    @cached_property
    def _first(self) -> Stretch:
        """The beginning of the list, as far as it is counted."""
        return self._find(None, backwards=False, needed=SIZE + 1, most=MOST_FOUND + 1, is_far=False)

    def _next(self, mark: Mark, backwards: bool, size: int, is_far: bool) -> Stretch:
        needed = size + 1
        return self._find(self._place(mark), backwards=backwards, needed=needed, most=needed, is_far=is_far)

    def _find(self, start: Key | None, *, backwards: bool, needed: int, most: int, is_far: bool) -> Stretch:
        """At least `needed` of the next ones in the list's order, where that many are found, and at most `most`."""
        if self._is_whole:
            return self._read(self._passed, start, None, backwards, needed)
        further = SOUGHT_FURTHER if self.filters.sought.text else 1
        found, length = Stretch([], start), min(GLANCE * further, WALK)
        if self._clues.is_wide or not self.filters.sought.text:
            found = self._walk(found, backwards, length, most)
            if found.end is None or len(found.keys) >= needed:
                return found
        reach = FAR if is_far else WALK * further
        goes_on = reach > length
        if goes_on and not is_far and self._is_common:
            found, goes_on = self._walk(found, backwards, reach - length, needed), False
            if found.end is None or len(found.keys) >= needed:
                return found
        if self._few is not None:
            return self._read(self._listed(self._few), start, None, backwards, needed, counts=start is None)
        if goes_on:
            found = self._walk(found, backwards, reach - length, needed)
        if found.end is None or len(found.keys) >= needed or self._many is None:
            return found
        return self._read(self._listed(self._many), start, None, backwards, needed)

    def _walk(self, found: Stretch, backwards: bool, length: int, most: int) -> Stretch:
        """What was found, and what a walk so far from its end finds beside it."""
        end = self._end_of_walk(found.end, backwards, length)
        more = self._read(self._passed, found.end, end, backwards, most - len(found.keys))
        return Stretch(found.keys + more.keys, end, more.is_cut or end is not None)

    def _read(
        self,
        found: QuerySet[Any],
        start: Key | None,
        end: Key | None,
        backwards: bool,
        limit: int,
        *,
        counts: bool = False,
    ) -> Stretch:
        """Of those who are found, by their keys, the first ones between two places in the order."""
        if start is not None:
            found = self._beyond(found, start, backwards)
        if end is not None:
            found = self._beyond(found, end, not backwards, including=True)
        columns = ["place", "holder_id", "joined_at"]
        if counts:
            found, columns = found.annotate(total=Window(CountOf("*"))), [*columns, "total"]
        rows = list(found.order_by(*self._order(backwards)).values_list(*columns)[:limit])
        total = (rows[0][3] if rows else 0) if counts else None
        return Stretch([Key(*row[:3]) for row in rows], None, len(rows) == limit, total)

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


def _ids(ways: Sequence[QuerySet[Any, Any]]) -> list[int]:
    """What these look-ups of ids give together, in one statement."""
    if not ways:
        return []
    found = ways[0].union(*ways[1:]) if len(ways) > 1 else ways[0]
    return [row[0] if isinstance(row, tuple) else row for row in found]


def _among(ids: Collection[int]) -> RawSQL:
    """For `pk__in`: one value in place of a thousand, which would each be written and read by themselves."""
    return RawSQL("SELECT unnest(%s::bigint[])", ["{" + ",".join(map(str, ids)) + "}"])

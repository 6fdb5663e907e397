"""The figures of a program and their course: each is one set-based statement, whatever the number of members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum

from members.models import Event, Member, Order, Program
from rewards.models import EntryKind, Tier, Unit, Wallet
from rewards.policies import add_months, day_start
from rewards.queries import base_of

# Who ordered within so many days is an active member.
ACTIVE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Period:
    """Days up to and including today, cut into steps; `edges` are the first days of the steps and the day after the
    last. `before` begins a period of the same length just before this one."""

    key: str
    edges: tuple[date, ...]
    before: date

    @property
    def first(self) -> date:
        return self.edges[0]

    @property
    def end(self) -> date:
        return self.edges[-1]

    @property
    def steps(self) -> tuple[date, ...]:
        return self.edges[:-1]


def period_of(key: str, *, today: date) -> Period:
    """30 days by the day, 90 days by the week (13 weeks), a year by the month."""
    end = today + timedelta(days=1)
    if key == "year":
        edges = tuple(add_months(end, months) for months in range(-12, 1))
        return Period(key, edges, add_months(end, -24))
    if key == "90":
        edges = tuple(end + timedelta(days=7 * weeks) for weeks in range(-13, 1))
        return Period(key, edges, end - timedelta(days=2 * 91))
    edges = tuple(end + timedelta(days=days) for days in range(-30, 1))
    return Period("30", edges, end - timedelta(days=60))


@dataclass(frozen=True, slots=True)
class Course:
    """A figure at the end of, or within, each step, and in the period before."""

    values: tuple[int, ...]
    before: int

    @property
    def total(self) -> int:
        return sum(self.values)

    @property
    def last(self) -> int:
        return self.values[-1]


JOINED = """
    SELECT width_bucket(joined_at, %(edges)s::timestamptz[]), count(*)
    FROM members_member
    WHERE program_id = %(program)s
    GROUP BY 1
"""
# A member is active from an order until so many days later. Orders that follow in time prolong one stretch, so each
# stretch adds one where it begins and takes one away where it ends: one pass, whatever the number of steps.
ACTIVE = """
    WITH visits AS (
        SELECT member_id, occurred_at, lag(occurred_at) OVER course AS earlier, lead(occurred_at) OVER course AS later
        FROM members_order
        WHERE program_id = %(program)s AND member_id IS NOT NULL AND state IN ('placed', 'paid')
            AND occurred_at >= %(since)s AND occurred_at < %(end)s
        WINDOW course AS (PARTITION BY member_id ORDER BY occurred_at)
    ), turns AS (
        SELECT occurred_at AS at, 1 AS change FROM visits
        WHERE earlier IS NULL OR earlier < occurred_at - %(days)s
        UNION ALL
        SELECT occurred_at + %(days)s, -1 FROM visits WHERE later IS NULL OR later > occurred_at + %(days)s
    )
    SELECT width_bucket(at, %(edges)s::timestamptz[]), sum(change) FROM turns GROUP BY 1
"""
ORDERS = """
    SELECT width_bucket(occurred_at, %(edges)s::timestamptz[]), count(*), count(member_id), coalesce(sum(total_minor), 0)
    FROM members_order
    WHERE program_id = %(program)s AND state IN ('placed', 'paid')
        AND occurred_at >= %(before)s AND occurred_at < %(end)s
    GROUP BY 1
"""
# What the ledger gained and lost by the moment for which it counts. Outstanding is what members hold in all states.
POINTS = """
    SELECT width_bucket(e.at, %(edges)s::timestamptz[]), e.kind, sum(e.pending_change + e.active_change
        + e.reserved_change - e.arrears_change), sum(e.pending_change + e.active_change + e.reserved_change)
    FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id
    WHERE e.program_id = %(program)s AND w.unit_id = %(unit)s AND e.at >= %(before)s
    GROUP BY 1, 2
"""

BY_TIER = """
    SELECT rank, count(*)
    FROM (
        SELECT max(t.rank) AS rank
        FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
        WHERE s.program_id = %(program)s AND s.ended_at IS NULL
        GROUP BY s.member_id
    ) AS highest
    GROUP BY rank
"""


def _ask(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _edges(period: Period, zone: ZoneInfo) -> list[datetime]:
    return [day_start(day, zone) for day in period.edges]


def members_over(*, program: Program, period: Period) -> Course:
    """How many there were at the end of each step; `before` is how many when the period began."""
    rows = _ask(JOINED, {"program": program.pk, "edges": _edges(period, program.zone)})
    return _added_up({place: int(count) for place, count in rows}, period)


def active_over(*, program: Program, period: Period) -> Course:
    """How many members had ordered within 90 days, at the end of each step and when the period began."""
    edges = _edges(period, program.zone)
    days = timedelta(days=ACTIVE_DAYS)
    values = {
        "program": program.pk, "edges": edges, "days": days, "since": edges[0] - days, "end": edges[-1],
    }  # fmt: skip
    return _added_up({place: int(change) for place, change in _ask(ACTIVE, values)}, period)


def _added_up(changes: Mapping[int, int], period: Period) -> Course:
    """Changes by bucket (0 = before the first edge) as the figure at the end of each step."""
    before = figure = changes.get(0, 0)
    values = []
    for place in range(1, len(period.edges)):
        figure += changes.get(place, 0)
        values.append(figure)
    return Course(tuple(values), before)


@dataclass(frozen=True, slots=True)
class Orders:
    count: Course
    of_members: int
    total_minor: Course


def orders_over(*, program: Program, period: Period) -> Orders:
    """Orders in each step, how many were by members, and what all of them came to in minor units; cancelled ones are left out."""
    edges = _edges(period, program.zone)
    before = day_start(period.before, program.zone)
    rows = _ask(ORDERS, {"program": program.pk, "edges": edges, "before": before, "end": edges[-1]})
    inside = [row for row in rows if row[0] > 0]
    counts = {place: count for place, count, _mine, _money in rows}
    money = {place: int(total) for place, _count, _mine, total in rows}
    return Orders(
        Course(_by_step(counts, period), counts.get(0, 0)),
        of_members=sum(row[2] for row in inside),
        total_minor=Course(_by_step(money, period), money.get(0, 0)),
    )


def _by_step(found: Mapping[int, int], period: Period) -> tuple[int, ...]:
    return tuple(found.get(place, 0) for place in range(1, len(period.edges)))


GIVEN = (EntryKind.EARN, EntryKind.BONUS)
USED = (EntryKind.SPEND, EntryKind.DONATE)


@dataclass(frozen=True, slots=True)
class Points:
    """In ledger units. `issued` and `spent` within each step; `outstanding` at the end of each."""

    issued: Course
    spent: Course
    outstanding: Course


def points_over(*, program: Program, unit: Unit, period: Period) -> Points:
    """What was given and used in each step, and what members held at its end. Two statements."""
    edges = _edges(period, program.zone)
    before = day_start(period.before, program.zone)
    values = {"program": program.pk, "unit": unit.pk, "edges": edges, "before": before}
    rows = _ask(POINTS, values)
    held = Wallet.objects.filter(program=program, unit=unit).aggregate(
        all=Sum("pending") + Sum("active") + Sum("reserved")
    )["all"]
    return Points(
        issued=_of_kinds(rows, GIVEN, period),
        spent=_of_kinds(rows, USED, period, sign=-1),
        outstanding=_held(rows, int(held or 0), period),
    )


def _of_kinds(
    rows: Sequence[tuple[Any, ...]], kinds: Sequence[str], period: Period, *, sign: int = 1
) -> Course:
    found: dict[int, int] = {}
    for place, kind, amount, _held in rows:
        if kind in kinds:
            found[place] = found.get(place, 0) + sign * int(amount)
    return Course(_by_step(found, period), found.get(0, 0))


def _held(rows: Sequence[tuple[Any, ...]], now: int, period: Period) -> Course:
    """Back from what is held now: what a step changed was not there before it."""
    changes: dict[int, int] = {}
    for place, _kind, _amount, held in rows:
        changes[place] = changes.get(place, 0) + int(held)
    # What already counts for a later day is held, but not part of any step.
    figure = now - changes.get(len(period.edges), 0)
    values: list[int] = []
    for place in range(len(period.edges) - 1, 0, -1):
        values.append(figure)
        figure -= changes.get(place, 0)
    return Course(tuple(reversed(values)), figure)


@dataclass(frozen=True, slots=True)
class Level:
    tier: Tier
    count: int


def members_by_tier(*, program: Program, tiers: Sequence[Tier], members: int) -> list[Level]:
    """How many members are in each tier now, highest first; who has no standing is at the base."""
    if not tiers:
        return []
    counts = {rank: int(count) for rank, count in _ask(BY_TIER, {"program": program.pk})}
    base = base_of(tiers)
    if base is not None:
        counts[base.rank] = members - sum(count for rank, count in counts.items() if rank != base.rank)
    return [Level(tier, counts.get(tier.rank, 0)) for tier in reversed(tiers)]


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the log with whom and what it was about."""

    event: Event
    member: Member | None
    order: Order | None


WRITTEN_LAST = 500
SHOWN = (
    "order",
    "order.cancelled",
    "return",
    "member.joined",
    "tier.changed",
    "points.spend",
    "points.adjust",
)


def latest(*, program: Program, limit: int = 8) -> list[Happening]:
    """The newest of the lines written last: an import writes what happened long ago. Three statements."""
    written = Event.objects.filter(program=program, kind__in=SHOWN).order_by("-pk")[:WRITTEN_LAST]
    events = list(Event.objects.filter(pk__in=written.values("pk")).order_by("-occurred_at", "-pk")[:limit])
    people = Member.objects.in_bulk([event.holder_id for event in events if event.holder_id])
    orders = Order.objects.in_bulk([event.order_id for event in events if event.order_id])
    return [
        Happening(event, people.get(event.holder_id or 0), orders.get(event.order_id or 0))
        for event in events
    ]

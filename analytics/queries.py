"""The figures of a program and their course, from the daily roll-ups: as many statements as there are kinds of figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Max

from analytics import rollups, tables
from analytics.models import ACTIVE, OFTEN
from analytics.periods import Period
from members.models import Event, Member, Order, Program
from rewards.models import EarningRule, Redemption, Tier
from rewards.queries import base_of

type Places = Mapping[int, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Course:
    """A figure within, or at the end of, each step, and in each of the steps before. `before` is what it is compared
    with: the sum of the earlier steps, or what there was when the period began."""

    values: tuple[int, ...]
    earlier: tuple[int, ...]
    before: int

    @property
    def total(self) -> int:
        return sum(self.values)

    @property
    def last(self) -> int:
        return self.values[-1]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the roll-ups say of one program: `live` with the notes that are not counted yet, unless there are too many."""

    program: Program
    period: Period
    live: bool

    @property
    def edges(self) -> list[date]:
        return [*self.period.earlier, *self.period.edges[1:]]

    def ask(
        self, table: tables.Table, keys: Iterable[str] = ()
    ) -> dict[tuple[int, ...], dict[int, dict[str, int]]]:
        """The sums of a table by its other keys and by place: 0 is before the earlier steps, 1 the first of them."""
        names = tuple(keys)
        columns = ", ".join(f"sum({name})::bigint" for name in table.figures)
        grouped = ", ".join(("place", *names))
        rows = table.with_live() if self.live else table.stored()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT width_bucket(day, %(edges)s::date[]) AS {grouped}, {columns} FROM ({rows}) AS r GROUP BY {grouped}",  # noqa: S608
                {"program": self.program.pk, "edges": self.edges},
            )
            found: dict[tuple[int, ...], dict[int, dict[str, int]]] = {}
            for place, *row in cursor.fetchall():
                of, figures = tuple(row[: len(names)]), row[len(names) :]
                found.setdefault(of, {})[place] = dict(zip(table.figures, figures, strict=True))
        return found

    def flow(self, places: Places, name: str) -> Course:
        """What happened within each step."""
        count, earlier = len(self.period.steps), len(self.period.earlier) - 1
        said = [places.get(place, {}).get(name, 0) for place in range(1, 1 + earlier + count)]
        return Course(tuple(said[earlier:]), tuple(said[:earlier]), sum(said[:earlier]))

    def level(self, places: Places, name: str) -> Course:
        """What there was at the end of each step."""
        count, earlier = len(self.period.steps), len(self.period.earlier) - 1
        figure, said = 0, []
        for place in range(1 + earlier + count):
            figure += places.get(place, {}).get(name, 0)
            said.append(figure)
        return Course(tuple(said[1 + earlier :]), tuple(said[1 : 1 + earlier]), said[earlier])


def read(*, program: Program, period: Period) -> Reading:
    return Reading(program, period, rollups.waiting(program=program) <= rollups.MOST_LIVE)


@dataclass(frozen=True, slots=True)
class Trade:
    """Members at the end of each step, and what they and others bought within it; money in minor units."""

    members: Course
    orders: Course
    member_orders: Course
    revenue_minor: Course
    returned_minor: Course
    blocked: int


def trade_over(reading: Reading) -> Trade:
    places = reading.ask(tables.DAY).get((), {})
    return Trade(
        members=reading.level(places, "members"),
        orders=reading.flow(places, "orders"),
        member_orders=reading.flow(places, "member_orders"),
        revenue_minor=reading.flow(places, "revenue_minor"),
        returned_minor=reading.flow(places, "returned_minor"),
        blocked=sum(figures["blocked"] for figures in places.values()),
    )


@dataclass(frozen=True, slots=True)
class Points:
    """Of one unit, in ledger units: `outstanding` at the end of each step, all else within it."""

    issued: Course
    spent: Course
    expired: Course
    reversed: Course
    outstanding: Course


def points_over(reading: Reading) -> dict[int, Points]:
    """By unit id; a unit in which nothing has happened is left out."""
    found = reading.ask(tables.UNIT_DAY, ("unit_id",))
    return {
        unit_id: Points(
            issued=reading.flow(places, "issued"),
            spent=reading.flow(places, "spent"),
            expired=reading.flow(places, "expired"),
            reversed=reading.flow(places, "reversed"),
            outstanding=reading.level(places, "held"),
        )
        for (unit_id,), places in found.items()
    }


def presence_over(reading: Reading) -> dict[int, Course]:
    """How many members were active (under ACTIVE), came often (under OFTEN) or were in each tier (under its id) at the
    end of each step."""
    found = reading.ask(tables.PRESENCE_DAY, ("of_id",))
    courses = {of_id: reading.level(places, "change") for (of_id,), places in found.items()}
    return dict.fromkeys((ACTIVE, *OFTEN.values()), reading.level({}, "change")) | courses


@dataclass(frozen=True, slots=True)
class Level:
    """How many members were in a tier at the end of each step and of the period, and when it began."""

    tier: Tier
    count: int
    before: int
    values: tuple[int, ...]


def levels_of(*, tiers: Sequence[Tier], presence: Mapping[int, Course], members: Course) -> list[Level]:
    """The tiers, highest first; who has no standing is at the base."""
    nobody = Course((0,) * len(members.values), (), 0)
    found = {tier.pk: presence.get(tier.pk, nobody) for tier in tiers}
    base = base_of(tiers)
    if base is not None:
        others = [course for pk, course in found.items() if pk != base.pk]
        steps = zip(members.values, *(course.values for course in others), strict=True)
        values = tuple(everybody - sum(counts) for everybody, *counts in steps)
        found[base.pk] = Course(values, (), members.before - sum(course.before for course in others))
    courses = [(tier, found[tier.pk]) for tier in reversed(tiers)]
    return [Level(tier, course.last, course.before, course.values) for tier, course in courses]


def quiet_rules(reading: Reading) -> list[EarningRule]:
    """Live rules for orders that were in force for the whole period and gave nothing in it."""
    gave = {
        rule_id
        for (rule_id,), places in reading.ask(tables.RULE_DAY, ("rule_id",)).items()
        if reading.flow(places, "times").total > 0
    }
    first = reading.period.first
    live = EarningRule.objects.filter(program=reading.program, state="live").exclude(pk__in=gave)
    old = live.filter(
        versions__published_at__isnull=False,
        versions__since__date__lt=first,
        versions__definition__trigger__on="order",
    )
    return list(old.distinct().order_by("name"))


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the log with whom and what it was about."""

    event: Event
    member: Member | None
    order: Order | None
    redemption: Redemption | None


WRITTEN_LAST = 500
LOOKED_THROUGH = 100_000
SHOWN = (
    "order",
    "order.cancelled",
    "return",
    "member.joined",
    "tier.changed",
    "points.spend",
    "points.adjust",
    "reward.issued",
    "reward.fulfilled",
)


def latest(*, program: Program, limit: int = 8) -> list[Happening]:
    """The newest of the lines written last: an import writes what happened long ago. Five statements. Of a program
    among busier ones only what is among the last lines of all is looked through."""
    newest = Event._base_manager.aggregate(pk=Max("pk"))["pk"] or 0  # noqa: SLF001 - of all programs
    written = Event.objects.filter(program=program, kind__in=SHOWN, pk__gt=newest - LOOKED_THROUGH)
    written = written.order_by("-pk")[:WRITTEN_LAST]
    events = list(Event.objects.filter(pk__in=written.values("pk")).order_by("-occurred_at", "-pk")[:limit])
    people = Member.objects.in_bulk([event.holder_id for event in events if event.holder_id])
    orders = Order.objects.in_bulk([event.order_id for event in events if event.order_id])
    numbers = {event.data["redemption"] for event in events if "redemption" in event.data}
    taken = Redemption.objects.select_related("reward").in_bulk(numbers) if numbers else {}
    return [
        Happening(
            event,
            people.get(event.holder_id or 0),
            orders.get(event.order_id or 0),
            taken.get(event.data.get("redemption", 0)),
        )
        for event in events
    ]

"""What KPIs are made of. Each quantity comes from one roll-up, and each roll-up is asked once for all that a page needs."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection

from analytics.kpis import pairs
from analytics.models import PairKind
from analytics.models.kpis import WINDOWS
from members.models import Program

type Edges = Sequence[date]
type Values = Mapping[str, list[int]]

# The best customers are so many of a hundred.
TOP = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """`edges` are the first days of the steps and the day after the last. People are counted within `days` days that end
    with each step. `where` narrows it: {"unit_id": …, "store_id": …, "channel": …}."""

    program: Program
    edges: Edges
    days: int
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        return len(self.edges) - 1

    @property
    def ends(self) -> list[date]:
        return [edge - timedelta(days=1) for edge in self.edges[1:]]

    @property
    def values(self) -> dict[str, Any]:
        """What the statements of all sources are given."""
        return {
            **pairs.values_of(program=self.program.pk, ends=self.ends, days=self.days),
            **self.where,
            "edges": list(self.edges),
            "end": self.edges[-1],
            "rated": int(self.program.margin_rate is not None),
            "top": TOP,
        }


@dataclass(frozen=True, slots=True)
class Daily:
    """Sums of a table with a row for a `day`: `flows` are summed within each step, `levels` up to its end."""

    table: str
    flows: Mapping[str, str]
    levels: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    day: str = "day"
    only: str = ""

    @property
    def names(self) -> frozenset[str]:
        return frozenset((*self.flows, *self.levels))

    def statement(self, names: Iterable[str], where: Iterable[str] = (), by: str = "") -> str:
        """Place 0 holds what was before the first step; only levels need it. With `by` a column more."""
        wanted = self._sorted(names)
        columns = ",\n    ".join(f"sum({self._all[name]})::bigint AS {name}" for name in wanted)
        narrowed = "".join(f" AND {name} = %({name})s" for name in where if name in self.by)
        since = "" if set(wanted) & set(self.levels) else f" AND {self.day} >= (%(edges)s::date[])[1]"
        only = f" AND {self.only}" if self.only else ""
        return (
            f"SELECT width_bucket({self.day}, %(edges)s::date[]) AS place,{f' {by},' if by else ''} {columns}\n"
            f"FROM {self.table}\nWHERE program_id = %(program)s{only}{since} AND {self.day} < %(end)s{narrowed}\n"
            f"GROUP BY 1{', 2' if by else ''}"
        )

    def whole(self, name: str, values: Sequence[int]) -> int:
        """Of all steps together."""
        return sum(values) if name in self.flows else values[-1]

    def read(self, asked: Asked, names: Iterable[str]) -> Values:
        wanted = self._sorted(names)
        with connection.cursor() as cursor:
            cursor.execute(self.statement(wanted, asked.where), asked.values)
            rows = {place: dict(zip(wanted, row, strict=True)) for place, *row in cursor.fetchall()}
        return {name: self._course(rows, name, asked.steps) for name in wanted}

    def read_by(self, asked: Asked, names: Iterable[str], by: str) -> dict[Any, dict[str, int]]:
        """Within all steps together, by the values of a column."""
        wanted = self._sorted(names)
        with connection.cursor() as cursor:
            cursor.execute(self.statement(wanted, asked.where, by), asked.values)
            rows = cursor.fetchall()
        found: dict[Any, dict[str, int]] = {}
        for _place, of, *row in rows:
            sums = found.setdefault(of, dict.fromkeys(wanted, 0))
            for name, value in zip(wanted, row, strict=True):
                sums[name] += value or 0
        return found

    def _sorted(self, names: Iterable[str]) -> list[str]:
        wanted = set(names)
        return [name for name in self._all if name in wanted]

    @property
    def _all(self) -> dict[str, str]:
        return {**self.flows, **self.levels}

    def _course(self, rows: Mapping[int, Mapping[str, int]], name: str, steps: int) -> list[int]:
        said = [rows.get(place, {}).get(name) or 0 for place in range(steps + 1)]
        if name in self.flows:
            return said[1:]
        return [sum(said[: place + 2]) for place in range(steps)]


@dataclass(frozen=True, slots=True)
class People:
    """Different members within the window that ends with each step (kpis.pairs)."""

    names: frozenset[str] = frozenset(pairs.COUNTS)

    def statement(self, names: Iterable[str], where: Iterable[str] = (), days: int = 0) -> str:
        return pairs.statement(names, days)

    def whole(self, name: str, values: Sequence[int]) -> int:
        return values[-1]

    def read(self, asked: Asked, names: Iterable[str]) -> Values:
        return pairs.read(names, program=asked.program.pk, ends=asked.ends, days=asked.days)


OF_PAIRS = "(SELECT sum({what})::bigint FROM analytics_pair WHERE program_id = %(program)s AND kind = {kind})"
OF_DAYS = (
    "(SELECT sum({what})::bigint FROM analytics_pairday\n        WHERE program_id = %(program)s AND kind = {kind}"
    f" AND days = {min(WINDOWS)} AND NOT is_since)"
)
EVER = {
    "bought_ever": OF_DAYS.format(what="times", kind=int(PairKind.FIRST)),
    "revenue_ever": OF_DAYS.format(what="amount_minor", kind=int(PairKind.ORDER)),
    "returned_ever": OF_PAIRS.format(what="amount_minor", kind=int(PairKind.JOINED)),
}
EVER["net_ever"] = f"{EVER['revenue_ever']}\n    - {EVER['returned_ever']}"
EVER["top_ever"] = (
    "(SELECT sum(revenue_minor)::bigint FROM (SELECT revenue_minor FROM analytics_memberfigure\n"
    "        WHERE program_id = %(program)s AND orders > 0 ORDER BY revenue_minor DESC\n"
    f"        LIMIT ceil({EVER['bought_ever']} * %(top)s / 100.0)) AS best)"
)


@dataclass(frozen=True, slots=True)
class Ever:
    """All that there is so far, whatever the period."""

    names: frozenset[str] = frozenset(EVER)

    def whole(self, name: str, values: Sequence[int]) -> int:
        return values[-1]

    def statement(self, names: Iterable[str], where: Iterable[str] = ()) -> str:
        wanted = set(names)
        return "SELECT " + ",\n    ".join(f"{sql} AS {name}" for name, sql in EVER.items() if name in wanted)

    def read(self, asked: Asked, names: Iterable[str]) -> Values:
        wanted = set(names)
        with connection.cursor() as cursor:
            cursor.execute(self.statement(wanted), asked.values)
            row = cursor.fetchone()
        ordered = [name for name in EVER if name in wanted]
        return {name: [value or 0] * asked.steps for name, value in zip(ordered, row, strict=True)}


FORETOLD = {"foretold": "(result->>'value')::bigint", "scored": "customers"}


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the newest scoring foretold of all customers together; nothing before the first one."""

    names: frozenset[str] = frozenset(FORETOLD)

    def whole(self, name: str, values: Sequence[int]) -> int:
        return values[-1]

    def statement(self, names: Iterable[str], where: Iterable[str] = ()) -> str:
        columns = ", ".join(f"{sql} AS {name}" for name, sql in FORETOLD.items())
        return (
            f"SELECT {columns}\nFROM analytics_scorerun\nWHERE program_id = %(program)s AND state = 'done'\n"
            "ORDER BY id DESC LIMIT 1"
        )

    def read(self, asked: Asked, names: Iterable[str]) -> Values:
        with connection.cursor() as cursor:
            cursor.execute(self.statement(names), asked.values)
            row = cursor.fetchone() or (0, 0)
        return {name: [value or 0] * asked.steps for name, value in zip(FORETOLD, row, strict=True)}


def _if(condition: str, column: str) -> str:
    return f"CASE WHEN {condition} THEN {column} ELSE 0 END"


COVERED = "costed_minor + %(rated)s * bare_minor"
# Net sales of which no margin is known.
BARE = "(1 - %(rated)s) * bare_minor"
TRADE = Daily(
    "analytics_tradeday",
    flows={
        "orders": "orders",
        "revenue": "revenue_minor",
        "margin": "margin_minor",
        "covered": COVERED,
        "bare": BARE,
        "member_orders": _if("is_member", "orders"),
        "member_revenue": _if("is_member", "revenue_minor"),
        "member_margin": _if("is_member", "margin_minor"),
        "member_covered": _if("is_member", COVERED),
        "member_bare": _if("is_member", BARE),
        "other_orders": _if("NOT is_member", "orders"),
        "other_revenue": _if("NOT is_member", "revenue_minor"),
        "other_margin": _if("NOT is_member", "margin_minor"),
        "other_covered": _if("NOT is_member", COVERED),
        "other_bare": _if("NOT is_member", BARE),
    },
    by=("store_id", "channel"),
)
DAY = Daily(
    "analytics_day",
    flows={"joined": "members", "returned": "returned_minor", "all_revenue": "revenue_minor"},
    levels={"members": "members"},
)
UNITS = Daily(
    "analytics_unitday",
    flows={"issued": "issued", "spent": "spent", "expired": "expired"},
    levels={"issued_ever": "issued", "expired_ever": "expired", "held": "held"},
    by=("unit_id",),
)


def _of_pairs(kind: PairKind, day: str, **flows: str) -> Daily:
    return Daily("analytics_pair", flows=flows, day=day, only=f"kind = {int(kind)}")


JOINED = _of_pairs(PairKind.JOINED, "day", newcomers="times")
CONVERTED = _of_pairs(PairKind.FIRST, "since", converted="times")
FIRSTS = _of_pairs(PairKind.FIRST, "day", firsts="times")
SECONDS = _of_pairs(PairKind.SECOND, "day", seconds="times", waited="times * (day - since)")
CAME_AGAIN = _of_pairs(PairKind.SECOND, "since", came_again="times")

type Source = Daily | People | Ever | Foretold
SOURCES: tuple[Source, ...] = (
    TRADE,
    DAY,
    UNITS,
    JOINED,
    CONVERTED,
    FIRSTS,
    SECONDS,
    CAME_AGAIN,
    People(),
    Ever(),
    Foretold(),
)


def source_of(name: str) -> Source:
    return next(source for source in SOURCES if name in source.names)


def read(asked: Asked, names: Iterable[str]) -> dict[str, list[int]]:
    """The value of each quantity for each step: one statement a source."""
    wanted = set(names)
    found: dict[str, list[int]] = {}
    for source in SOURCES:
        if mine := wanted & source.names:
            found.update(source.read(asked, mine))
    return found


def statements(names: Iterable[str], where: Iterable[str] = (), days: int = 0) -> list[str]:
    """What is asked for these quantities in periods of so many days, with the names of its values."""
    wanted = set(names)
    return [
        source.statement(mine, where, days) if isinstance(source, People) else source.statement(mine, where)
        for source in SOURCES
        if (mine := wanted & source.names)
    ]

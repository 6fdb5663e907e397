"""What a group of members comes to in any days, from their own rows (analytics.models.kpis.MemberFigure, or kpis.places), in
one statement.

The stored pairs are those of all members; here the pairs of the chosen ones are made while reading, and added up alike.
"""
# ruff: noqa: S608

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from analytics.kpis import pairs
from analytics.kpis.pairs import COUNTS, Sums
from analytics.kpis.quantities import TOP, Asked
from analytics.models import PairKind

# So many members are walked through while somebody waits; the groups of larger ones are counted at night.
MOST = 25_000
WITHIN = "day > %(after)s AND day <= %(last)s"
NEAR = "count(*) FILTER (WHERE {since} > day - %(days)s)"
FAR = "count(*) FILTER (WHERE {since} <= day - %(days)s AND {since} > day - 2 * %(days)s)"
# Arrays unnested side by side: each order with the one before it, and the one before that.
TURNS = f"""
    SELECT 'turn' AS arm, grouping(day, since, earlier) AS place, coalesce(day, since, earlier) AS at, count(*) AS a,
        {NEAR.format(since="since")} AS b, {FAR.format(since="since")} AS c, {NEAR.format(since="earlier")} AS d,
        sum(amount)::bigint AS e
    FROM (
        SELECT unnest(days) AS day, unnest('-infinity'::date || days) AS since,
            unnest(ARRAY['-infinity', '-infinity']::date[] || days) AS earlier, unnest(amounts) AS amount
        FROM chosen WHERE days[cardinality(days)] > %(after)s
    ) AS turns
    WHERE {WITHIN} GROUP BY GROUPING SETS ((day), (since), (earlier))
    HAVING coalesce(day, since, earlier) > '-infinity'
"""
SPELLS = f"""
    SELECT '{{arm}}', grouping(day, since), coalesce(day, since), count(*), {NEAR.format(since="since")},
        {FAR.format(since="since")}, NULL::bigint, NULL::bigint
    FROM (SELECT unnest({{days}}) AS day, unnest('-infinity'::date || {{days}}) AS since FROM {{rows}}) AS spells
    WHERE {WITHIN} GROUP BY GROUPING SETS ((day), (since)) HAVING coalesce(day, since) > '-infinity'
"""
USES = SPELLS.format(arm="use", days="used", rows="chosen")
DEEDS = SPELLS.format(
    arm="deed",
    days="deeds",
    rows=(
        "(SELECT CASE WHEN used = ARRAY[]::date[] THEN days ELSE ARRAY(SELECT unnest(days || used) ORDER BY 1) END AS deeds"
        " FROM chosen OFFSET 0) AS rows"
    ),
)
BUCKET = "width_bucket({day}, %(edges)s::date[])"
# By the step in which somebody joined, came first, and came again; place 0 is before all steps.
LIVES = f"""
    SELECT 'life', step, NULL::date, sum(joined)::bigint, sum(converted)::bigint, sum(firsts)::bigint,
        sum(again)::bigint, sum(waited)::bigint
    FROM chosen CROSS JOIN LATERAL (VALUES
        ({BUCKET.format(day="joined_on")}, 1, (orders > 0)::int, 0, 0, 0),
        ({BUCKET.format(day="days[1]")}, 0, 0, 1, (orders > 1)::int, 0),
        ({BUCKET.format(day="days[2]")} + %(second)s, 0, 0, 1, 0, days[2] - days[1])
    ) AS v(step, joined, converted, firsts, again, waited)
    WHERE step IS NOT NULL GROUP BY step
"""
SO_FAR = """
    SELECT 'ever', 0, NULL::date, count(*) FILTER (WHERE orders > 0), sum(revenue_minor)::bigint, sum(returned_minor)::bigint,
        (SELECT sum(revenue_minor)::bigint FROM (
            SELECT revenue_minor, row_number() OVER (ORDER BY revenue_minor DESC) AS place, count(*) OVER () AS buyers
            FROM chosen WHERE orders > 0
        ) AS best WHERE place <= ceil(buyers * %(top)s / 100.0)), NULL::bigint
    FROM chosen
"""
SCORES = """
    SELECT 'score', 0, NULL::date, sum(s.value_minor)::bigint, count(*), NULL::bigint, NULL::bigint, NULL::bigint
    FROM chosen JOIN members_memberscore s ON s.member_id = chosen.member_id
"""
# Second orders stand so many places behind first ones.
SECOND = 10_000
# Per step: from which arm, which column of it, and what it is of.
DAYS = {"orders": "a", "member_orders": "a", "revenue": "e", "member_revenue": "e"}
STEPS = {
    "joined": ("a", 0), "newcomers": ("a", 0), "converted": ("b", 0), "firsts": ("c", 0), "came_again": ("d", 0),
    "seconds": ("c", SECOND), "waited": ("e", SECOND),
}  # fmt: skip
EVER = {"bought_ever": "a", "revenue_ever": "b", "returned_ever": "c", "top_ever": "d"}
SCORED = {"foretold": "a", "scored": "b"}
KINDS = {PairKind.ORDER: "turn", PairKind.THIRD: "turn", PairKind.USE: "use", PairKind.DEED: "deed"}
NAMES = frozenset((*COUNTS, *DAYS, *STEPS, "members", *EVER, "net_ever", *SCORED))
ARMS = {"turn": TURNS, "use": USES, "deed": DEEDS, "life": LIVES, "ever": SO_FAR, "score": SCORES}

type Row = Mapping[str, Any]


def is_large(*, members: str, values: Mapping[str, Any]) -> bool:
    """Whether there are more than MOST of them."""
    with connection.cursor() as cursor:
        statement = (
            f"SELECT count(*) > %(most)s FROM (SELECT FROM ({members}) AS m LIMIT %(most)s + 1) AS found"
        )
        cursor.execute(statement, {**values, "most": MOST})
        return bool(cursor.fetchone()[0])


def of(members: str) -> str:
    """The rows of these members."""
    return f"SELECT f.* FROM ({members}) AS m JOIN analytics_memberfigure f USING (member_id)"


def statement(names: Iterable[str], chosen: str) -> str:
    """What is asked for these quantities of the rows that `chosen` is a statement of."""
    wanted = [arm for arm in ARMS if arm in _arms(set(names))]
    # The first names the columns.
    parts = "\n    UNION ALL".join(ARMS[arm].rstrip() for arm in wanted)
    return f"WITH chosen AS MATERIALIZED (\n    {chosen}\n){parts}"


def read(
    asked: Asked, names: Iterable[str], *, chosen: str, values: Mapping[str, Any]
) -> dict[str, list[int]]:
    """Each quantity for each step, as quantities.read says them of all members."""
    wanted = [name for name in names if name in NAMES]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement(wanted, chosen), {**asked.values, **values, "second": SECOND, "top": TOP})
        rows: list[Row] = [
            dict(zip(("arm", "place", "at", *"abcde"), row, strict=True)) for row in cursor.fetchall()
        ]
    arms = {arm: [row for row in rows if row["arm"] == arm] for arm in ARMS}
    return {name: _course(name, arms, asked) for name in wanted}


def whole(name: str, values: list[int]) -> int:
    """Of all steps together."""
    return sum(values) if name in DAYS or name in STEPS else values[-1]


def _arms(names: set[str]) -> set[str]:
    found = {KINDS[kind] for name in names & COUNTS.keys() for kind in COUNTS[name].kinds}
    found |= {"turn"} if names & DAYS.keys() else set()
    found |= {"life"} if names & {*STEPS, "members"} else set()
    found |= {"ever"} if names & {*EVER, "net_ever"} else set()
    return found | ({"score"} if names & SCORED.keys() else set())


def _course(name: str, arms: Mapping[str, list[Row]], asked: Asked) -> list[int]:
    if name in COUNTS:
        found = {int(kind): _sums(kind, arms[arm]) for kind, arm in KINDS.items()}
        return pairs.course_of(COUNTS[name], found, asked.ends, asked.days)
    if name in DAYS:
        return _by_day(arms["turn"], DAYS[name], asked)
    if name == "members" or name in STEPS:
        column, offset = STEPS.get(name, ("a", 0))
        steps = {row["place"] - offset: row[column] or 0 for row in arms["life"]}
        if name == "members":
            return [sum(steps.get(place, 0) for place in range(step + 2)) for step in range(asked.steps)]
        return [steps.get(step + 1, 0) for step in range(asked.steps)]
    row = next(iter(arms["score" if name in SCORED else "ever"]))
    if name == "net_ever":
        return [(row["b"] or 0) - (row["c"] or 0)] * asked.steps
    return [row[{**EVER, **SCORED}[name]] or 0] * asked.steps


def _sums(kind: PairKind, rows: Iterable[Row]) -> list[Sums]:
    """What each day, and each counterpart, says; of orders there are three ways to say it."""
    if kind == PairKind.THIRD:
        return [
            Sums(row["at"], row["place"] == 6, row["a"], row["d"], 0, 0)
            for row in rows
            if row["place"] in (3, 6)
        ]
    day, since = (3, 5) if kind == PairKind.ORDER else (1, 2)
    return [
        Sums(row["at"], row["place"] == since, row["a"], row["b"], row["c"], row["e"] or 0)
        for row in rows
        if row["place"] in (day, since)
    ]


def _by_day(rows: Iterable[Row], column: str, asked: Asked) -> list[int]:
    steps = [0] * asked.steps
    for row in rows:
        place = bisect_right(asked.edges, row["at"]) - 1 if row["place"] == 3 else -1
        if 0 <= place < asked.steps:
            steps[place] += row[column] or 0
    return steps

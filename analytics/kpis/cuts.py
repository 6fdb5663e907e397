"""KPIs by group: trade by store and channel from the roll-ups, members by what they are and where they ordered from a count
once a day."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from analytics.kpis import groups, places
from analytics.kpis.groups import OF_MEMBERS, OF_TRADE, Part
from analytics.kpis.measuring import Figure, is_by_place
from analytics.kpis.quantities import TRADE, Asked
from analytics.kpis.registry import Kpi
from analytics.models import Cut
from analytics.periods import Period
from members.models import Program

# The windows in which members are counted by group.
WINDOWS = (30, 90, 365)
# Each of these of one member, whose row is `f`, within the days after `after` up to `last`; `early` is as long before.
WITHIN = "SELECT count(*) FROM unnest(f.days) d WHERE d > %(after)s AND d <= %(last)s"
MEMBER = f"""
    SELECT f.member_id, f.joined_on, f.revenue_minor - f.returned_minor AS net, f.orders > 0 AS has_bought,
        ({WITHIN}) AS times, f.days[1] AS first_on, f.days[2] AS second_on,
        (SELECT coalesce(sum(u.amount), 0) FROM unnest(f.days, f.amounts) u(day, amount)
            WHERE u.day > %(after)s AND u.day <= %(last)s) AS spent,
        EXISTS (SELECT FROM unnest(f.days) d WHERE d > %(early)s AND d <= %(after)s) AS was_here,
        EXISTS (SELECT FROM unnest(f.used) d WHERE d > %(after)s AND d <= %(last)s) AS has_used,
        %(after)s::date AS after, %(last)s::date AS last
    FROM analytics_memberfigure f WHERE f.program_id = %(program)s
"""
SUMS: Mapping[str, str] = {
    "members": "count(*)",
    "buyers": "count(*) FILTER (WHERE times > 0)",
    "repeaters": "count(*) FILTER (WHERE times > 1)",
    "orders_known": "sum(times)",
    "spent_by_known": "sum(spent)",
    "buyers_before": "count(*) FILTER (WHERE was_here)",
    "retained": "count(*) FILTER (WHERE was_here AND times > 0)",
    "users": "count(*) FILTER (WHERE has_used)",
    "engaged": "count(*) FILTER (WHERE has_used OR times > 0)",
    "newcomers": "count(*) FILTER (WHERE joined_on > after AND joined_on <= last)",
    "converted": "count(*) FILTER (WHERE has_bought AND joined_on > after AND joined_on <= last)",
    "firsts": "count(*) FILTER (WHERE first_on > after AND first_on <= last)",
    "came_again": "count(*) FILTER (WHERE second_on IS NOT NULL AND first_on > after AND first_on <= last)",
    "net_ever": "sum(net)",
    "bought_ever": "count(*) FILTER (WHERE has_bought)",
    "foretold": "sum(s.value_minor)",
    "scored": "count(s.value_minor)",
}
# Of members alone, trade is what they ordered.
SAME = {
    "orders": "orders_known", "member_orders": "orders_known", "revenue": "spent_by_known",
    "member_revenue": "spent_by_known", "joined": "newcomers",
}  # fmt: skip
# The groups of a member: (by, group).
GROUPS = """
    SELECT 'tier', coalesce((
        SELECT t.key FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
        WHERE s.member_id = b.member_id AND s.ended_at IS NULL ORDER BY t.rank DESC LIMIT 1), '')
    UNION ALL SELECT 'language', m.language
    UNION ALL SELECT 'joined', extract(year FROM b.joined_on)::text
    UNION ALL SELECT 'segment', a.audience_id::text FROM members_audiencemember a WHERE a.member_id = b.member_id
"""
SUMMED = ", ".join(f"{sql}::bigint AS {name}" for name, sql in SUMS.items())
SCORED = "LEFT JOIN (SELECT member_id, value_minor FROM members_memberscore) s ON s.member_id = b.member_id"
COUNT = f"""
    WITH base AS MATERIALIZED ({MEMBER})
    SELECT g.of, g.value, {SUMMED}
    FROM base b JOIN members_member m ON m.holder_id = b.member_id {SCORED} CROSS JOIN LATERAL ({GROUPS}) AS g(of, value)
    GROUP BY 1, 2
"""
# By place; all windows at once.
PLACES = f"SELECT of, value, days, {SUMMED} FROM ({places.nightly(WINDOWS)}) AS b {SCORED} GROUP BY 1, 2, 3"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Found:
    """Groups with their figures, the largest denominators first. `as_of` and `days` are of a count once a day; None: the
    roll-ups answered for the period itself."""

    rows: list[Row]
    as_of: date | None = None
    days: int | None = None


def possible(kpi: Kpi) -> tuple[str, ...]:
    """By what a KPI can be divided."""
    by_place = is_of_trade(kpi) or (is_by_place(kpi) and is_kept(kpi))
    return (*(OF_TRADE if by_place else ()), *(OF_MEMBERS if is_kept(kpi) else ()))


def is_of_trade(kpi: Kpi) -> bool:
    """Whether roll-ups divide it by store and channel, for any days."""
    return TRADE.names.issuperset(kpi.quantities)


def is_kept(kpi: Kpi) -> bool:
    """Whether it is counted by what members are, or where they ordered."""
    return {SAME.get(name, name) for name in kpi.quantities} <= SUMS.keys()


def read(*, program: Program, kpi: Kpi, period: Period, by: str, part: Part | None = None) -> Found:
    """The KPI by store or channel within the period, in a `part` of trade, or by what members are, and
    where they ordered, within the nearest of WINDOWS."""
    if by in OF_TRADE and is_of_trade(kpi):
        return Found(_sorted(_by_trade(program, kpi, period, by, part or Part(program))))
    length = (period.end - period.first).days
    days = min(WINDOWS, key=lambda window: abs(window - length))
    cuts = Cut.objects.filter(program=program, by=by, days=days)
    names = {str(value): name for value, name in groups.names(program, by).items()}
    rows = [
        Row(names.get(cut.group, cut.group), figure_of(kpi, cut.sums))
        for cut in cuts
        if by != "segment" or cut.group in names
    ]
    return Found(_sorted(rows), max((cut.ends_on for cut in cuts), default=None), days)


def count_all(*, program: Program, now: datetime) -> int:
    """Count every group in every window that ends with yesterday; what was counted before goes. How many rows there are.

    All members are walked through and all orders, which takes minutes where there are many millions: who calls says for how
    long at most. What members are stands when the places fail."""
    last = timezone.localdate(now, program.zone) - timedelta(days=1)
    cuts = Cut.objects.filter(program=program)
    with _unhurried() as cursor:
        cuts.exclude(by__in=OF_TRADE).delete()
        for days in WINDOWS:
            Cut.objects.bulk_create(_count(cursor, program, last, days, now), batch_size=1000)
    with _unhurried() as cursor:
        cuts.filter(by__in=OF_TRADE).delete()
        Cut.objects.bulk_create(_count_places(cursor, program, last, now), batch_size=1000)
    return cuts.count()


@contextmanager
def _unhurried() -> Iterator[Any]:
    """A transaction whose statements may take long, and sort in memory."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        yield cursor


def _count(cursor: Any, program: Program, last: date, days: int, now: datetime) -> list[Cut]:
    values = {
        "program": program.pk,
        "last": last,
        "after": last - timedelta(days=days),
        "early": last - timedelta(days=2 * days),
    }
    cursor.execute(COUNT, values)
    return [_cut(program, last, now, by, group, days, row) for by, group, *row in cursor.fetchall()]


def _count_places(cursor: Any, program: Program, last: date, now: datetime) -> list[Cut]:
    values: dict[str, Any] = {"program": program.pk, "last": last}
    for days in WINDOWS:
        values[f"after_{days}"] = last - timedelta(days=days)
        values[f"early_{days}"] = last - timedelta(days=2 * days)
    cursor.execute(PLACES, values)
    return [_cut(program, last, now, by, group, days, row) for by, group, days, *row in cursor.fetchall()]


def _cut(
    program: Program, last: date, now: datetime, by: str, group: str, days: int, row: Iterable[Any]
) -> Cut:
    sums = {name: int(value or 0) for name, value in zip(SUMS, row, strict=True)}
    return Cut(program=program, by=by, group=group, days=days, ends_on=last, counted_at=now, sums=sums)


def sums_of(*, part: Part, days: int) -> tuple[Mapping[str, int] | None, date | None]:
    """What one group of members, or those of one place, came to within one of WINDOWS, and its last day; None: it is not counted yet."""
    ((by, group),) = part.chosen.items()
    words = {str(group.value)}
    if by == "tier" and groups.names(part.program, by).get("") == group.name:
        words.add("")
    counted = Cut.objects.filter(program=part.program, by=by, days=days)
    if (ends_on := counted.values_list("ends_on", flat=True).first()) is None:
        return None, None
    cuts = list(counted.filter(group__in=words))
    # A place where nobody ordered has no row: it came to nothing. Of members only large groups are asked for: one without
    # a row came up since.
    if not cuts and by not in OF_TRADE:
        return None, None
    return {name: sum(cut.sums.get(name, 0) for cut in cuts) for name in SUMS}, ends_on


def figure_of(kpi: Kpi, sums: Mapping[str, int]) -> Figure:
    return _figure(kpi, {name: sums.get(SAME.get(name, name), 0) for name in kpi.quantities})


def _by_trade(program: Program, kpi: Kpi, period: Period, by: str, part: Part) -> list[Row]:
    asked = Asked(program, (period.first, period.end), (period.end - period.first).days, part.where)
    column = "store_id" if by == "store" else by
    found = TRADE.read_by(asked, kpi.quantities, column)
    names = groups.names(program, by)
    return [Row(names.get(of, str(of)), _figure(kpi, sums)) for of, sums in found.items()]


def _figure(kpi: Kpi, sums: Mapping[str, int]) -> Figure:
    below = sums[kpi.below] if kpi.below else None
    return Figure(sums[kpi.above], below, kpi.is_rest, kpi.is_known(sums))


def _sorted(rows: Iterable[Row]) -> list[Row]:
    known = [row for row in rows if row.figure.denominator != 0]
    return sorted(known, key=lambda row: -(row.figure.denominator or row.figure.numerator))

"""How far a member is from the next tier, as expressions over Member: what rewards counts (31, 32, 37), by the same windows.

Both change with time alone: a year begins, a day drops out of a rolling window. So they are asked at a moment.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, F, Func, Value
from django.db.models.expressions import Combinable

from campaigns.audiences import offered, totals
from loyaltysite.kit.conditions.predicate import Moment
from rewards import rulebook
from rewards.policies import add_months
from rewards.tiers import schemes, worths
from rewards.tiers.schemes import Scheme

NOTHING = Value(None, output_field=BigIntegerField())
# The year of membership that a day falls in begins on the day of joining, or the last of its month.
MEMBERSHIP = """(SELECT CASE WHEN y.begun > {today} THEN (j.day + make_interval(years => y.years - 1))::date ELSE y.begun END
    FROM (SELECT ({joined} AT TIME ZONE {zone})::date AS day) j CROSS JOIN LATERAL (
        SELECT a.years, (j.day + make_interval(years => a.years))::date AS begun
        FROM (SELECT (extract(year FROM {today}) - extract(year FROM j.day))::int AS years) a) y)"""
# Since the tier was reached, as claims.counting_from has it: the day after the first of an unbroken run of claims to the
# tier that is held, or the day on which a higher one ended; claims that fell while provisional were never made.
REACHED = """coalesce((WITH claim AS (
        SELECT s.tier_id, s.since, s.ended_at, t.rank FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
        WHERE s.member_id = {member} AND s.origin <> 'manual' AND (s.ended_at < s.confirms_at) IS NOT TRUE
    ), best AS (
        SELECT tier_id, rank, since FROM claim WHERE ended_at IS NULL ORDER BY rank DESC, since DESC LIMIT 1
    ) SELECT greatest(
        (SELECT max((c.ended_at AT TIME ZONE {zone})::date) FROM claim c
            WHERE c.ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM best b WHERE c.rank <= b.rank)),
        (SELECT (max(c.since) AT TIME ZONE {zone})::date + 1 FROM claim c JOIN best b ON b.tier_id = c.tier_id
            WHERE c.since <= b.since AND NOT EXISTS (SELECT FROM claim e WHERE e.tier_id = c.tier_id
                AND e.since < c.since AND coalesce(e.ended_at, 'infinity') >= c.since))
    )), '-infinity')"""


# Of the total that counts and the threshold above; greatest and least pass over a missing argument.
LACK = "greatest(0, n.threshold - n.total)"
SHARE = "least(100, greatest(0, floor(n.total * 100 / n.threshold)::bigint))"
# Of all members at once.
ALL = """SELECT n.subject, CASE WHEN n.threshold - n.total IS NOT NULL THEN {figure} END AS figure FROM (
    SELECT m.holder_id AS subject, {total} AS total, {threshold} AS threshold
    FROM members_member m LEFT JOIN campaigns_figures f ON f.member_id = m.holder_id
    LEFT JOIN ({counted}) c ON c.holder_id = m.holder_id WHERE m.program_id = {program}) n"""


def missing(moment: Moment | None) -> Combinable:
    """What is missing to the next tier in what the tiers count (money in minor units); nothing on the highest."""
    return _expression(moment, LACK)


def way(moment: Moment | None) -> Combinable:
    """How much of the next tier is reached, in whole percent, rounded down; nothing on the highest."""
    return _expression(moment, SHARE)


def missings(moment: Moment | None) -> str | None:
    """The same of all members."""
    return _table(moment, LACK)


def ways(moment: Moment | None) -> str | None:
    """The same of all members."""
    return _table(moment, SHARE)


def is_money() -> bool:
    """Whether the tiers of the program in scope count money."""
    scheme = _scheme()
    return scheme is not None and scheme.counted in schemes.MONEY


class Distance(Func):
    """One correlated row of the total that counts and of the threshold above the rank, or none where either is not
    known; both expressions in it are those of the member: id, joined_at, rank."""

    output_field = BigIntegerField()

    def __init__(self, *expressions: Any, scheme: Scheme, today: date, figure: str) -> None:
        super().__init__(*expressions, scheme=scheme, today=today, figure=figure)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        member, joined, rank = (compiler.compile(each) for each in self.get_source_expressions())
        scheme, today = self.extra["scheme"], self.extra["today"]
        total = _worth(scheme, member[0]) if scheme.is_valued else _sum(scheme, today, member[0], joined[0])
        threshold = _threshold(scheme, rank[0])
        # A row without one of the two must not come to be.
        text = f"""(SELECT {self.extra["figure"]} FROM (SELECT {total} AS total, {threshold} AS threshold) n
            WHERE n.threshold - n.total IS NOT NULL)"""  # noqa: S608 - numbers of ours
        return text, tuple(rank[1])


def _expression(moment: Moment | None, figure: str) -> Combinable:
    scheme = _scheme()
    if scheme is None or not any(level.threshold > 0 for level in scheme.levels):
        return NOTHING
    if moment is None:
        raise ValueError("the distance to a tier is asked at a moment")
    return Distance(F("pk"), F("joined_at"), totals.rank(), scheme=scheme, today=moment.today, figure=figure)


def _table(moment: Moment | None, figure: str) -> str | None:
    """None where the figures of members are not counted, and where each has a window that only their own past tells."""
    scheme, program = _scheme(), offered.program_in_scope()
    if scheme is None or program is None or moment is None or not totals.is_counted():
        return None
    if scheme.window == schemes.SINCE_REACHED or not any(level.threshold > 0 for level in scheme.levels):
        return None
    if scheme.is_valued:
        worth = worths.WORTH % worths.values_of(scheme.weights)
        total = "c.worth"
        counted = f"SELECT s.member_id AS holder_id, {worth} AS worth FROM members_memberscore s"  # noqa: S608 - ours
    else:
        window = _window(scheme, moment.today, "m.holder_id", "m.joined_at")
        own = "JOIN members_member m ON m.holder_id = k.holder_id" if "m.joined_at" in window else ""
        total = "coalesce(c.total, 0)"
        counted = f"""SELECT k.holder_id, sum(k.{scheme.column}) AS total FROM rewards_metric k {own}
            WHERE k.program_id = {program.pk} AND {window} GROUP BY k.holder_id"""  # noqa: S608 - names of ours
    base = totals.base_rank()
    rank = "f.rank" if base is None else f"greatest(coalesce(f.rank, {base}), {base})"
    return ALL.format(
        figure=figure, total=total, threshold=_threshold(scheme, rank), counted=counted, program=program.pk
    )


def _threshold(scheme: Scheme, rank: str) -> str:
    """What the tier above a rank asks."""
    steps = [(level.rank, scheme.next_above(level)) for level in scheme.levels]
    whens = " ".join(f"WHEN {number} THEN {above.threshold}" for number, above in steps if above)
    first = scheme.next_above(None)
    return f"CASE coalesce({rank}, -1) WHEN -1 THEN {first.threshold if first else 'NULL'} {whens} END"


def _sum(scheme: Scheme, today: date, member: str, joined: str) -> str:
    """What was counted in the buckets of today; nothing counted is zero."""
    window = _window(scheme, today, member, joined)
    return f"(SELECT coalesce(sum(k.{scheme.column}), 0) FROM rewards_metric k WHERE k.holder_id = {member} AND {window})"  # noqa: S608 - names of ours


def _worth(scheme: Scheme, member: str) -> str:
    """What the member was worth when scored last; who never was has no worth, not one of zero."""
    worth = worths.WORTH % worths.values_of(scheme.weights)
    return f"(SELECT {worth} FROM members_memberscore s WHERE s.member_id = {member})"  # noqa: S608 - whole numbers of ours


def _window(scheme: Scheme, today: date, member: str, joined: str) -> str:
    """The buckets that count today; texts of ours alone, no parameter."""
    zone, day = f"'{scheme.zone.key}'", f"date '{today.isoformat()}'"
    if scheme.window == schemes.MEMBERSHIP_YEAR:
        return f"k.bucket = {MEMBERSHIP.format(today=day, joined=joined, zone=zone)}"
    if scheme.window == schemes.SINCE_REACHED:
        return f"k.bucket >= {REACHED.format(member=member, zone=zone)}"
    if scheme.window == schemes.ROLLING:
        first = add_months(today, -scheme.months) + schemes.DAY
        return f"k.bucket >= date '{first.isoformat()}'"
    return f"k.bucket = date '{scheme.bucket(today, date.min).isoformat()}'"


def _scheme() -> Scheme | None:
    program = offered.program_in_scope()
    if program is None:
        return None
    database = str(connection.settings_dict["NAME"])
    return rulebook.of(program.pk, database=database, catalogue=program.catalogue).scheme

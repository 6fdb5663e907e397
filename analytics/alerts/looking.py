"""What is looked at each morning, up to the day before: rules, redemption, tiers, and the day itself.

Every limit is a name in this module; docs/steering.md tells them to the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import median
from typing import Any

from django.db import connection

from analytics import queries, tables
from analytics.alerts import anomaly, remedies
from analytics.alerts.finding import Finding
from analytics.models import ACTIVE, Alert
from analytics.periods import Period
from analytics.queries import Reading
from campaigns.audiences import fields, sizes
from campaigns.presets import groups
from members.models import Program
from rewards.models import EarningRule, Reward, Unit
from rewards.queries import base_of, tiers_of, units_of

Kind = Alert.Kind

# Four weeks against the median of the four times four weeks before.
SPAN, SPANS = 28, 5
# A rule is missed when it gave for less than this share of what it usually does, and not by chance.
LOW_RULE, LEAST_TIMES, CHANCE = 0.5, 20, 4.0
# Redemption over 90 days: under this share of what it was in the 90 days before, or, once a program is half a year
# old, under this share of what was given.
REDEEMED_OVER, LOW_REDEMPTION, LEAST_REDEMPTION, LEAST_GIVEN = 90, 0.6, 0.1, 500
# Nobody rose for 60 days, and there are enough members who could have.
STALLED_OVER, LEAST_ACTIVE = 60, 50
DAYS = anomaly.WEEK * (anomaly.WEEKS + 1) + 1


@dataclass(frozen=True, slots=True)
class Past:
    """The program's days up to the last whole one, oldest first."""

    reading: Reading
    trade: queries.Trade
    points: dict[int, queries.Points]
    active: int

    @property
    def orders(self) -> tuple[int, ...]:
        return self.trade.orders.values


def findings(*, program: Program, today: date, now: datetime) -> list[Finding]:
    """All that is amiss up to the day before `today`. A handful of statements, each over roll-ups."""
    past = _read(program, today)
    return [
        *low_earning(past),
        *weak_redemption(past),
        *stalled_tiers(past, now=now),
        *unusual_days(past),
    ]


def _read(program: Program, today: date) -> Past:
    length = max(SPAN * SPANS, 2 * REDEEMED_OVER, DAYS)
    edges = tuple(today - timedelta(days=count) for count in range(length, -1, -1))
    reading = Reading(program, Period("past", edges, edges[:1], "day"), live=True)
    presence = queries.presence_over(reading)
    return Past(
        reading,
        queries.trade_over(reading),
        queries.points_over(reading),
        presence[ACTIVE].last if ACTIVE in presence else 0,
    )


# --- low earning ------------------------------------------------------------------------------------------------------


def low_earning(past: Past) -> Iterator[Finding]:
    """Rules for orders that gave for far fewer orders than they used to, measured by how many orders there were."""
    reading = past.reading
    orders = _spans(past.orders)
    if not orders[-1]:
        return
    given = {
        rule_id: reading.flow(places, "times").values
        for (rule_id,), places in reading.ask(tables.RULE_DAY, ("rule_id",)).items()
    }
    for rule in _rules_in_force(past):
        spans = _spans(given.get(rule.pk, (0,) * len(past.orders)))
        rates = [times / count for times, count in zip(spans, orders, strict=True) if count]
        usual = median(rates[:-1]) * orders[-1] if len(rates) > 1 else 0.0
        times = spans[-1]
        gap = usual - times
        if usual >= LEAST_TIMES and times < LOW_RULE * usual and gap > CHANCE * sqrt(usual):
            facts = {"rule": rule.name, "times": times, "usual": round(usual), "days": SPAN}
            yield Finding(Kind.LOW_EARNING, rule.key, facts, remedies.of_rule(rule))


def _rules_in_force(past: Past) -> list[EarningRule]:
    """Live rules for orders whose present definition holds for the whole of the last span."""
    since = past.reading.period.end - timedelta(days=SPAN)
    found = EarningRule.objects.filter(
        program=past.reading.program,
        state="live",
        versions__until__isnull=True,
        versions__since__date__lt=since,
        versions__definition__trigger__on="order",
    )
    return list(found.distinct().order_by("name"))


def _spans(days: Sequence[int]) -> list[int]:
    """Sums of SPANS times SPAN days, the last one ends with the last day."""
    last = len(days)
    return [sum(days[last - SPAN * (place + 1) : last - SPAN * place]) for place in range(SPANS - 1, -1, -1)]


# --- weak redemption --------------------------------------------------------------------------------------------------


def weak_redemption(past: Past) -> Iterator[Finding]:
    """Units that members earn and hardly use, though there is something to use them for."""
    program = past.reading.program
    if not Reward.objects.filter(program=program, state=Reward.State.LIVE).exists():
        return
    is_old = past.trade.members.values[0] > 0
    for unit in units_of(program):
        found = past.points.get(unit.pk)
        if found is not None:
            yield from _redemption_of(unit, found, is_old)


def _redemption_of(unit: Unit, points: queries.Points, is_old: bool) -> Iterator[Finding]:
    given, used = points.issued.values, points.spent.values
    now_given, now_used = sum(given[-REDEEMED_OVER:]), sum(used[-REDEEMED_OVER:])
    then_given = sum(given[-2 * REDEEMED_OVER : -REDEEMED_OVER])
    then_used = sum(used[-2 * REDEEMED_OVER : -REDEEMED_OVER])
    if now_given < LEAST_GIVEN * 10**unit.precision:
        return
    share = now_used / now_given
    before = then_used / then_given if then_given else None
    is_weaker = before is not None and before >= LEAST_REDEMPTION and share < LOW_REDEMPTION * before
    is_weak = is_old and share < LEAST_REDEMPTION
    if is_weaker or is_weak:
        facts = {"unit": unit.key, "used": now_used, "given": now_given, "share": round(share, 4)}
        facts |= {"before": None if before is None else round(before, 4), "days": REDEEMED_OVER}
        yield Finding(Kind.WEAK_REDEMPTION, unit.key, facts, remedies.of_redemption())


# --- stalled tiers ----------------------------------------------------------------------------------------------------

RISEN = """
    SELECT count(*)
    FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
    WHERE s.program_id = %(program)s AND t.rank > %(base)s AND s.since >= %(since)s
"""


def stalled_tiers(past: Past, *, now: datetime) -> Iterator[Finding]:
    """A ladder that nobody climbs: nobody reached a tier for 60 days, while members come and it is that old at least."""
    program = past.reading.program
    tiers = tiers_of(program)
    base = base_of(tiers)
    known = past.trade.members.values[-STALLED_OVER - 1]
    if base is None or len(tiers) < 2 or past.active < LEAST_ACTIVE or known < LEAST_ACTIVE:
        return
    since = now - timedelta(days=STALLED_OVER)
    with connection.cursor() as cursor:
        cursor.execute(RISEN, {"program": program.pk, "base": base.rank, "since": since})
        (risen,) = cursor.fetchone()
    if risen == 0:
        near = _near(program, now)
        facts: dict[str, Any] = {"active": past.active, "days": STALLED_OVER, "near": near}
        yield Finding(Kind.STALLED_TIERS, "", facts, remedies.of_tiers(near))


def _near(program: Program, now: datetime) -> int | None:
    """How many members spent four fifths of what the next tier asks for; None where tiers count something else."""
    tree = groups.near(program)
    return sizes.measure(program=program, condition=fields.parse(tree), now=now).number if tree else None


# --- unusual days -----------------------------------------------------------------------------------------------------


def unusual_days(past: Past) -> Iterator[Finding]:
    """Figures of the last day that are far from what is usual on its weekday."""
    day = past.reading.period.last
    for name, values, is_count in series_of(past):
        found = anomaly.judge(values, is_count=is_count)
        if found is None:
            continue
        figure, _, unit = name.partition(":")
        facts = {
            "figure": figure,
            "unit": unit,
            "day": day.isoformat(),
            "value": round(found.value),
            "usual": round(found.usual),
            "score": round(found.score, 1),
        }
        remedy = remedies.of_anomaly(
            program=past.reading.program, figure=figure, unit=unit, is_high=found.is_high
        )
        yield Finding(Kind.ANOMALY, name, facts, remedy)


def series_of(past: Past) -> Iterator[tuple[str, Sequence[float], bool]]:
    """The daily figures that are watched, since the first day with an order: name, values, whether it counts things."""
    begun = next((place for place, count in enumerate(past.orders) if count), len(past.orders))
    members = past.trade.members
    joined = [
        later - earlier
        for earlier, later in zip((members.before, *members.values), members.values, strict=False)
    ]
    yield "orders", past.orders[begun:], True
    yield "sales", past.trade.revenue_minor.values[begun:], False
    yield "joined", joined[begun:], True
    for unit in units_of(past.reading.program):
        if unit.pk in past.points:
            points = past.points[unit.pk]
            yield f"given:{unit.key}", points.issued.values[begun:], False
            yield f"used:{unit.key}", points.spent.values[begun:], False

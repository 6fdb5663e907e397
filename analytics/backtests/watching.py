"""After a draft is published: what it really costs, beside the band in which the back-test says it should stay.

What is compared is the cost per sale: the value of the points that orders gave at once, per money that earns. The band
holds 99 of 100 periods of as many days as it has been live, drawn from the days of the back-test in runs of a week
(moving-block bootstrap, Künsch 1989), so that weekends and good weeks stay together. The draw has a fixed seed: the same
back-test always gives the same band.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.utils.translation import gettext_noop
from django_scopes import scope, scopes_disabled

from analytics.backtests import changes, results
from analytics.models import Backtest
from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Event, Program
from rewards import rules
from rewards.engine import canonical
from rewards.models import RuleVersion
from rewards.policies import day_start, local_time
from rewards.tiers import editing

log = logging.getLogger(__name__)

KIND = "backtest.outside"
BLOCK, DRAWS = 7, 2_000
LOW, HIGH = 0.5, 99.5
# What is judged: so many whole days at least, so many of the latest at most, and for how long after publishing.
LEAST, WINDOW, FOR = 7, 28, 90
Watch = Backtest.Watch
REASON = gettext_noop("Its cost left the band of its back-test.")

LIVE = """
    SELECT (o.occurred_at AT TIME ZONE %(zone)s)::date, sum(o.basis_minor)::bigint, coalesce(sum(g.worth), 0)
    FROM members_order o JOIN rewards_pricing p ON p.fact_id = o.fact_id
    LEFT JOIN LATERAL (
        SELECT sum(a.awarded * u.worth_numerator / (u.worth_denominator * power(10, u.precision))) AS worth
        FROM rewards_award a JOIN rewards_unit u ON u.id = a.unit_id WHERE a.fact_id = o.fact_id
    ) g ON true
    WHERE o.id IN (SELECT e.order_id FROM members_event e
            WHERE e.program_id = %(program)s AND e.kind = 'order' AND e.recorded_at >= %(since)s)
        AND o.program_id = %(program)s AND o.occurred_at >= %(since)s AND o.occurred_at < %(until)s
        AND o.member_id IS NOT NULL
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Band:
    """Cost per sale: where it is expected, and where it stays 99 times of 100."""

    low: float
    middle: float
    high: float

    def holds(self, share: float) -> bool:
        return self.low <= share <= self.high


def band(*, days: Sequence[tuple[float, float]], length: int, seed: int = 1) -> Band | None:
    """The band of periods of `length` days drawn from these (cost, sales) days; None without any sales."""
    table = np.asarray(days, dtype=float).reshape(-1, 2)
    if not len(table) or table[:, 1].sum() <= 0:
        return None
    block = min(BLOCK, len(table))
    dice = np.random.default_rng(seed)
    starts = dice.integers(0, len(table) - block + 1, size=(DRAWS, -(-length // block)))
    places = (starts[:, :, None] + np.arange(block)).reshape(DRAWS, -1)[:, :length]
    drawn = table[places].sum(axis=1)
    shares = drawn[drawn[:, 1] > 0]
    low, high = np.percentile(shares[:, 0] / shares[:, 1], [LOW, HIGH])
    return Band(float(low), float(table[:, 0].sum() / table[:, 1].sum()), float(high))


def days_of(backtest: Backtest) -> list[tuple[float, float]]:
    """What orders cost under the draft and sales of each day of the period, in minor units; days without sales are days too.
    Events are left out, as in what is measured."""
    found = results.of(backtest)
    total = found.sums
    # Older results do not know the cost of orders alone.
    costs = total.sold or {day: row[3] for day, row in total.days.items()}
    day, last, days = backtest.first, backtest.last, []
    while day <= last:
        key = day.isoformat()
        basis = total.days[key][1] if key in total.days else 0
        days.append((costs.get(key, 0) / found.scale, float(basis)))
        day += timedelta(days=1)
    return days


def look_all(*, now: datetime) -> int:
    """Look after every back-test whose draft is or may come in force; how many left their band now. One that fails is tried
    again with the next call and holds up no other."""
    with scopes_disabled():
        open_ones = Backtest.objects.filter(
            state=Backtest.State.DONE, watch__in=[Watch.WAITING, Watch.INSIDE, Watch.OUTSIDE]
        )
        found = list(open_ones.select_related("program").order_by("pk"))
    left = 0
    for one in found:
        try:
            left += look(backtest=one, now=now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # whatever it was, the others are waiting
            log.exception(
                "a back-test was not looked after",
                extra={"backtest": one.pk, "program": one.program.slug},
            )
    return left


def look(*, backtest: Backtest, now: datetime) -> bool:
    """Whether it left the band now: then an event says so, and its rules are retired if that was wanted."""
    program = backtest.program
    with scope(program=program), transaction.atomic():
        kept = Backtest.objects.select_for_update(of=("self",)).get(pk=backtest.pk)
        since = live_since(kept, program)
        if since is None:
            return False
        share, spent, told = _measure(kept, program, since, now)
        was = kept.watch
        kept.live_since, kept.live = since, told
        kept.watch = _judge(kept, since, share, spent, now)
        kept.save(update_fields=["live_since", "live", "watch"])
        if kept.watch != Watch.OUTSIDE or was == Watch.OUTSIDE:
            return False
        _alert(kept, program, now)
    return True


def live_since(backtest: Backtest, program: Program) -> datetime | None:
    """Since when all that was drafted is in force; None while it is not. Only rules and tiers are looked for: they are what
    changes the cost of a sale."""
    wanted = changes.of_json(backtest.changes)
    moments = [_published(backtest, key, draft["definition"]) for key, draft in wanted.rules.items()]
    if wanted.tiers is not None:
        live = editing.read(program)
        is_live = live is not None and changes.of_tiers(live) == changes.of_tiers(
            changes.tiers_of(wanted.tiers)
        )
        moments.append((backtest.live_since or backtest.finished_at) if is_live else None)
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _published(backtest: Backtest, key: str, definition: dict[str, Any]) -> datetime | None:
    """When a version with this very definition came in force after the back-test began, and still is."""
    versions = RuleVersion.objects.filter(
        program=backtest.program_id, rule__key=key, published_at__gte=backtest.created_at, until=None
    )
    for version in versions.order_by("-number"):
        if canonical.normalize(version.definition) == canonical.normalize(definition):
            return version.since
    return None


def _measure(
    backtest: Backtest, program: Program, since: datetime, now: datetime
) -> tuple[float | None, Band | None, dict[str, Any]]:
    """Cost per sale of the latest whole days, the band for as many, and both as they are kept."""
    today = local_time(now, program.zone).date()
    begin = max(local_time(since, program.zone).date() + timedelta(days=1), today - timedelta(days=WINDOW))
    length = (today - begin).days
    if length < 1:
        return None, None, {"days": 0}
    rows = _live(program, begin, today)
    cost, sales = sum(row[2] for row in rows), sum(row[1] for row in rows)
    found = band(days=days_of(backtest), length=length, seed=backtest.pk)
    share = cost / sales if sales else None
    told = {"days": length, "first": begin.isoformat(), "share": share, "cost": cost, "sales": sales}
    if found is not None:
        told["band"] = [found.low, found.middle, found.high]
    return share, found, told


def _live(program: Program, first: date, last: date) -> list[tuple[date, int, float]]:
    values: dict[str, Any] = {
        "zone": program.time_zone,
        "program": program.pk,
        "since": day_start(first, program.zone),
        "until": day_start(last, program.zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(LIVE, values)
        return [(day, int(sales), float(worth)) for day, sales, worth in cursor.fetchall()]


def _judge(
    backtest: Backtest, since: datetime, share: float | None, found: Band | None, now: datetime
) -> str:
    if now - since > timedelta(days=FOR):
        return Watch.OVER
    if share is None or found is None or backtest.live["days"] < LEAST:
        return backtest.watch if backtest.watch == Watch.OUTSIDE else Watch.INSIDE
    return Watch.INSIDE if found.holds(share) else Watch.OUTSIDE


def _alert(backtest: Backtest, program: Program, now: datetime) -> None:
    """Tell it, and retire the rules where that was chosen; one that others build on stays, and the event says so. All stay
    where one has a budget: a replay does not cut by it, so what leaves the band may be the budget at work."""
    stayed: list[str] = []
    ended: list[str] = []
    drafts = changes.of_json(backtest.changes).rules if backtest.pauses else {}
    if any(draft["definition"].get("budget") is not None for draft in drafts.values()):
        stayed, drafts = [*drafts], {}
    for key in drafts:
        try:
            with transaction.atomic():
                rules.retire(program=program, key=key, by=None, now=now, reason=str(REASON))
            ended.append(key)
        except DomainError:
            stayed.append(key)
    data = {"backtest": backtest.pk, **backtest.live, "retired": ended, "stayed": stayed}
    Event.objects.create(program=program, kind=KIND, occurred_at=now, recorded_at=now, data=data)
    audit.record(
        program=program,
        actor=None,
        action=KIND,
        subject="backtest",
        subject_id=str(backtest.pk),
        after=data,
        now=now,
    )

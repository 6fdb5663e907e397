"""What carries a claim to a tier: from which day on it counts, how much that comes to, and how long it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from rewards.policies import add_months
from rewards.tiers.records import MANUAL, REVIEW, StandingRow
from rewards.tiers.schemes import DAY, SINCE_REACHED, Level, Scheme, day_of
from rewards.tiers.tallies import Tally

FOREVER = datetime.max.replace(tzinfo=UTC)


def valid_until(level: Level, day: date, tally: Tally) -> datetime:
    """How long the level holds when it is reached on this day."""
    if level.is_never_lost:
        return FOREVER
    return tally.scheme.validity_of(day, tally.joined_on) or FOREVER


def total(row: StandingRow, standings: Sequence[StandingRow], tally: Tally) -> int:
    """The most that carries a claim: of one period whose validity is as long, or of the days of its window."""
    scheme = tally.scheme
    first = first_bucket(row, standings, tally)
    if not scheme.is_periodic:
        return tally.between(first, date.max)
    level, until = scheme.by_id[row.tier_id], row.valid_until
    carrying = [
        tally.of(bucket)
        for bucket in tally.metrics
        if bucket >= first and (until is None or valid_until(level, bucket, tally) >= until)
    ]
    if row.origin == REVIEW and scheme.grace_days:
        carrying.append(sum(carrying))
    return max(carrying, default=0)


def first_bucket(row: StandingRow, standings: Sequence[StandingRow], tally: Tally) -> date:
    """The first bucket that can carry a provisional claim."""
    scheme = tally.scheme
    if scheme.window == SINCE_REACHED:
        return counting_from(standings, scheme, before=row.since, tier_id=row.tier_id)
    day = day_of(row.since, scheme.zone)
    if row.origin == REVIEW:
        day -= DAY * (1 + scheme.grace_days)
    if scheme.is_periodic:
        # A late order may have earned it in the period before.
        return scheme.bucket(add_months(day, -12), tally.joined_on)
    return scheme.window_start(day, tally.joined_on)


def counting_from(
    standings: Sequence[StandingRow],
    scheme: Scheme,
    *,
    before: datetime = FOREVER,
    tier_id: int | None = None,
) -> date:
    """The first day that counts since the tier held just before a moment was reached: the day after its first
    claim (its last, if it was `tier_id` itself that was claimed again), or the day on which a higher one ended.
    Claims that fell while provisional count as never made."""
    rows = [
        row for row in standings if row.origin != MANUAL and row.since < before and not _is_void(row, before)
    ]
    held = [row for row in rows if row.ended_at is None or row.ended_at >= before]
    ranks = {row.tier_id: scheme.by_id[row.tier_id].rank for row in rows}
    best = max(held, key=lambda row: (ranks[row.tier_id], row.since), default=None)
    days = [
        day_of(row.ended_at, scheme.zone)
        for row in rows
        if row.ended_at
        and row.ended_at < before
        and (best is None or ranks[row.tier_id] > ranks[best.tier_id])
    ]
    if best is not None:
        reached = best.since if best.tier_id == tier_id else _reached(best, rows)
        days.append(day_of(reached, scheme.zone) + DAY)
    return max(days, default=date.min)


def _reached(best: StandingRow, rows: Sequence[StandingRow]) -> datetime:
    """When the unbroken run of claims to the same tier began."""
    reached = best.since
    for row in sorted(rows, key=lambda row: row.since, reverse=True):
        if row.tier_id == best.tier_id and (row.ended_at is None or row.ended_at >= reached):
            reached = min(reached, row.since)
    return reached


def _is_void(row: StandingRow, before: datetime) -> bool:
    """Whether a claim fell before it was confirmed."""
    return row.ended_at is not None and row.ended_at < before and row.is_provisional(row.ended_at)

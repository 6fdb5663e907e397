"""A chunk of a back-test: a range of members, replayed by one worker, kept in one transaction.

Claimed with a lease and a fence. Whoever dies inside leaves nothing behind, and the chunk is taken again when the lease has
run out; whoever was only thought dead finds the fence moved, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django_scopes import scope, scopes_disabled

from analytics import margins
from analytics.backtests import changes, loading
from analytics.backtests.changes import Sides
from analytics.backtests.folding import Replay
from analytics.backtests.loading import Wish
from analytics.backtests.stories import Story
from analytics.backtests.tallying import MemberRow, Tally
from analytics.models import Backtest, BacktestChunk
from loyaltysite.kit import collection
from rewards.engine import rules as engine_rules
from rewards.models import Household
from rewards.policies import day_start
from rewards.tiers.schemes import DAY

LEASE = timedelta(minutes=5)
# Members in one chunk: a few seconds of work.
SIZE = 2_000
TEXTS = ("sku", "name")

LAY_OUT = """
    INSERT INTO analytics_backtestchunk (program_id, backtest_id, lo, hi, members, fence, is_done, sums)
    SELECT %(program)s, %(backtest)s, min(holder_id), max(holder_id), count(*), 0, false, '{}'
    FROM (SELECT holder_id, (row_number() OVER (ORDER BY holder_id) - 1) / %(size)s AS part
        FROM members_member WHERE program_id = %(program)s) m
    GROUP BY part
"""
CLAIM = """
    UPDATE analytics_backtestchunk SET lease_until = %(until)s, fence = fence + 1
    WHERE id = (
        SELECT c.id FROM analytics_backtestchunk c JOIN analytics_backtest b ON b.id = c.backtest_id
        WHERE c.backtest_id = %(backtest)s AND b.state = 'running' AND NOT c.is_done
            AND (c.lease_until IS NULL OR c.lease_until <= %(now)s)
        ORDER BY c.id FOR UPDATE OF c SKIP LOCKED LIMIT 1)
    RETURNING id, lo, hi, fence
"""
# The first chunk takes what is before it too, and the last one what comes after it.
BETWEEN = f"""
    SELECT CASE WHEN min(lo) < %(lo)s THEN %(lo)s ELSE 0 END, coalesce(min(lo) FILTER (WHERE lo > %(lo)s), {2**62})
    FROM analytics_backtestchunk WHERE backtest_id = %(backtest)s
"""  # noqa: S608 - our own number
COPY = """
    COPY analytics_backtestmember (backtest_id, program_id, member_id, orders, before, after, tier_before, tier_after)
    FROM STDIN
"""


class Overtaken(Exception):
    """Somebody else has the chunk meanwhile, or nobody wants it any more: nothing of this is kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    chunk: int
    lo: int
    hi: int
    fence: int


@dataclass(slots=True)
class Bench:
    """What a worker needs for all chunks of a back-test: both rulebooks, compiled once, and the days."""

    backtest: Backtest
    sides: Sides
    first: datetime
    until: datetime
    wish: Wish
    has_households: bool


def lay_out(*, backtest: Backtest, size: int = SIZE) -> int:
    """Divide the program's members into chunks; how many members there are. For the caller's transaction."""
    with connection.cursor() as cursor:
        values = {"program": backtest.program_id, "backtest": backtest.pk, "size": size}
        cursor.execute(LAY_OUT, values)
        cursor.execute(
            "SELECT coalesce(sum(members), 0) FROM analytics_backtestchunk WHERE backtest_id = %s",
            [backtest.pk],
        )
        return int(cursor.fetchone()[0])


def set_up(*, backtest: Backtest) -> Bench:
    """Compile what the back-test compares. Within the program's scope."""
    program = backtest.program
    found = changes.sides(program=program, changes=changes.of_json(backtest.changes))
    book = found.live.book
    first, until = day_start(backtest.first, book.zone), day_start(backtest.last + DAY, book.zone)
    if backtest.basis == Backtest.Basis.NOW:
        today = book.engine_at(backtest.created_at).versions
        found.live.fixed = found.draft.fixed = today
    definitions = [
        str(v.definition) for side in (found.live, found.draft) for v in side.book.versions.values()
    ]
    wish = Wish(
        book=book,
        lo=0,
        hi=0,
        until=min(until, backtest.created_at),
        kinds=_kinds(found),
        texts=frozenset(name for name in TEXTS if any(f"'{name}'" in text for text in definitions)),
        margin=margins.of_lines_sql("l", "p"),
        has_prices=bool(found.prices),
    )
    return Bench(backtest, found, first, until, wish, Household.objects.filter(program=program).exists())


def _kinds(sides: Sides) -> tuple[str, ...]:
    """The events that some rule of either world rewards."""
    found = set()
    for version in sides.draft.book.versions.values():
        rule = engine_rules.parse(version.definition, rule_id=version.rule_id, version_id=version.pk)
        found.add(rule.kind)
    return tuple(sorted(found - {engine_rules.ORDER}))


def wish_for(bench: Bench, lo: int, hi: int) -> Wish:
    """What is to be read of these members."""
    return replace(bench.wish, lo=lo, hi=hi)


def take(*, backtest_id: int, now: datetime) -> Claim | None:
    """The next chunk that nobody works on; None when there is none left, or the back-test was stopped."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"backtest": backtest_id, "now": now, "until": now + LEASE})
        row = cursor.fetchone()
    return Claim(*row) if row else None


def work(bench: Bench, claim: Claim) -> Tally:
    """Replay the members of a chunk; nothing is written."""
    tally = Tally(bench.sides, bench.until)
    replay = Replay(bench.sides, first=bench.first, until=bench.until)
    wish = wish_for(bench, claim.lo, claim.hi)
    with collection.paused(when=True):
        for story in loading.stories(wish):
            tally.add(replay.fold(story))
        for story in _households(bench, claim) if bench.has_households else ():
            tally.hold(*replay.share(story))
    tally.close()
    tally.sums.versions = sorted(bench.sides.live.used)
    return tally


def _households(bench: Bench, claim: Claim) -> list[Story]:
    """Those whose numbers lie from the first member of the chunk on and before the first of the next one, so that each is in
    one chunk, whatever becomes of its head."""
    with connection.cursor() as cursor:
        cursor.execute(BETWEEN, {"backtest": bench.backtest.pk, "lo": claim.lo})
        after, until = cursor.fetchone()
    return loading.households(wish_for(bench, after, until - 1))


def keep(bench: Bench, claim: Claim, tally: Tally) -> None:
    """The one transaction of a chunk. Raises Overtaken."""
    backtest = bench.backtest
    with transaction.atomic():
        mine = BacktestChunk.objects.filter(
            pk=claim.chunk, fence=claim.fence, is_done=False, backtest__state=Backtest.State.RUNNING
        )
        if not mine.update(is_done=True, lease_until=None, sums=tally.sums.as_json()):
            raise Overtaken
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for row in tally.rows:
                copy.write_row(_columns(backtest, row))


def _columns(backtest: Backtest, row: MemberRow) -> tuple[object, ...]:
    return (
        backtest.pk, backtest.program_id, row.member_id, row.orders, row.before, row.after, row.tier_before,
        row.tier_after,
    )  # fmt: skip


def run(*, backtest_id: int, clock: Callable[[], datetime], until: datetime | None = None) -> bool:
    """Work chunks until none is left or it is time to go; whether none was left to take."""
    with scopes_disabled():
        backtest = Backtest.objects.select_related("program").get(pk=backtest_id)
    with scope(program=backtest.program):
        bench = set_up(backtest=backtest)
        while until is None or clock() < until:
            claim = take(backtest_id=backtest_id, now=clock())
            if claim is None:
                return True
            try:
                keep(bench, claim, work(bench, claim))
            except Overtaken:
                continue
    return False

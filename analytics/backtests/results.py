"""What a back-test comes to: chunks added up, who gains and loses, segments, and why the ten most affected are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from analytics import margins
from analytics.backtests import changes, chunks, loading, sums
from analytics.backtests.chunks import Bench
from analytics.backtests.folding import Folded, Replay
from analytics.backtests.stories import Bought
from analytics.backtests.sums import Row, Sums
from analytics.models import Backtest, BacktestChunk, BacktestMember
from campaigns.models import Segment

# Definitions of the figures; raised when one of them changes.
VERSION = 2
MOST_AFFECTED = 10
# Categories and stores beyond so many are one row.
MOST_ROWS = 40
REST = "…"
# Steps of gains and losses on either side.
STEPS = 4
NO_REASONS: Mapping[str, Any] = {"rules": [], "order": None, "paid": [0, 0]}

SHARES = """
    SELECT count(*) FILTER (WHERE after > before), count(*) FILTER (WHERE after < before),
        coalesce(sum(after - before) FILTER (WHERE after > before), 0)::bigint,
        coalesce(sum(before - after) FILTER (WHERE after < before), 0)::bigint,
        coalesce(percentile_disc(0.9) WITHIN GROUP (ORDER BY abs(after - before)) FILTER (WHERE after <> before), 0)::bigint
    FROM analytics_backtestmember WHERE backtest_id = %s
"""
SPREAD = """
    SELECT width_bucket(after - before, %s::bigint[]), count(*), sum(after - before)::bigint FROM analytics_backtestmember
    WHERE backtest_id = %s AND after <> before GROUP BY 1
"""
SEGMENTS = """
    SELECT a.audience_id, count(*), sum(m.before)::bigint, sum(m.after)::bigint, count(*) FILTER (WHERE m.after > m.before),
        count(*) FILTER (WHERE m.after < m.before)
    FROM analytics_backtestmember m JOIN members_audiencemember a ON a.member_id = m.member_id
    WHERE m.backtest_id = %s AND a.audience_id = ANY(%s) GROUP BY 1
"""
TIDY = """
    DELETE FROM analytics_backtestmember WHERE backtest_id = %s AND before = after AND tier_before = tier_after
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The result as it is kept. Values are whole 1/scale minor units; `minor` makes money of them."""

    sums: Sums
    scale: int
    more: Mapping[str, Any]

    def minor(self, value: int) -> int:
        """A value in minor units, rounded half up."""
        return (2 * value + self.scale) // (2 * self.scale)

    @property
    def cost(self) -> tuple[int, int]:
        """What members were given, less what they paid more for the same rewards and what ended sooner, in both worlds."""
        total = self.sums
        before, after = self.value(total.before), self.value(total.after)
        after -= total.paid[1] - total.paid[0]
        if self.more.get("expiry"):
            after -= total.ended[1] - total.ended[0]
        return before, after

    @property
    def real(self) -> int:
        """What the ledger says that these orders and events gave."""
        return self.value(self.sums.real)

    def value(self, amounts: Mapping[str, int]) -> int:
        return sum(amount * self.more["weights"].get(unit, 0) for unit, amount in amounts.items())


def of(backtest: Backtest) -> Result:
    """The result of one that is done."""
    kept = backtest.result
    return Result(sums.of_json(kept["sums"]), backtest.scale, kept["more"])


def make(*, backtest: Backtest, now: datetime) -> None:
    """Add up what the chunks came to, and keep it. For the caller's transaction, within the program's scope."""
    parts = BacktestChunk.objects.filter(backtest=backtest)
    total = sums.together(parts.values_list("sums", flat=True).order_by("pk"))
    bench = chunks.set_up(backtest=backtest)
    for rows in (total.stores, total.categories):
        _shorten(rows)
    names = changes.names_of(bench.sides)
    more = {
        "weights": dict(bench.sides.weights),
        "expiry": bench.sides.is_expiry_changed,
        "rules": {key: names.get(int(key), key) for key in total.rules},
        "limits": {str(key): amount for key, amount in bench.sides.budgets.items()},
        "margin": margins.source(backtest.program),
        "shares": _shares(backtest),
        "segments": _segments(backtest),
        "affected": _affected(bench, names),
    }
    backtest.versions = [
        {"rule": version.rule.key, "number": version.number}
        for number, version in sorted(bench.sides.live.book.versions.items())
        if number in set(total.versions)
    ]
    backtest.result = {"sums": total.as_json(), "more": more}
    backtest.scale, backtest.version = bench.sides.scale, VERSION
    backtest.state, backtest.finished_at, backtest.error = Backtest.State.DONE, now, ""
    backtest.save(update_fields=["versions", "result", "scale", "version", "state", "finished_at", "error"])
    with connection.cursor() as cursor:
        cursor.execute(TIDY, [backtest.pk])
    parts.delete()


def _shorten(rows: dict[str, Row]) -> None:
    """Leave the largest, and the rest together."""
    if len(rows) <= MOST_ROWS:
        return
    largest = sorted(rows, key=lambda key: -rows[key][1])
    for key in largest[MOST_ROWS:]:
        sums.add(rows, REST, rows.pop(key))


def _shares(backtest: Backtest) -> dict[str, Any]:
    """Who gains and loses, and by how much: steps of one width on either side of nothing, open at their ends."""
    with connection.cursor() as cursor:
        cursor.execute(SHARES, [backtest.pk])
        winners, losers, won, lost, usual = cursor.fetchone()
        step = _nice(usual / STEPS)
        edges = [step * place for place in range(-STEPS, STEPS + 1)]
        cursor.execute(SPREAD, [edges, backtest.pk])
        found = {place: [count, value] for place, count, value in cursor.fetchall()}
    counts = [found.get(place, [0, 0]) for place in range(len(edges) + 1)]
    return {"winners": winners, "losers": losers, "won": won, "lost": lost, "edges": edges, "counts": counts}


def _nice(number: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= number:
                return digit * power
        power *= 10


def _segments(backtest: Backtest) -> list[dict[str, Any]]:
    """Those of today: who is in them now."""
    names = dict(Segment.objects.filter(program=backtest.program).values_list("pk", "name"))
    with connection.cursor() as cursor:
        cursor.execute(SEGMENTS, [backtest.pk, list(names)])
        rows = cursor.fetchall()
    fields = ("members", "before", "after", "winners", "losers")
    return [{"name": names[pk], **dict(zip(fields, row, strict=True))} for pk, *row in sorted(rows)]


def _affected(bench: Bench, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """The members with the largest differences, and what made them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id FROM analytics_backtestmember WHERE backtest_id = %s AND after <> before"
            " ORDER BY abs(after - before) DESC, member_id LIMIT %s",
            [bench.backtest.pk, MOST_AFFECTED],
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = BacktestMember.objects.filter(backtest=bench.backtest, member_id__in=ids).in_bulk(
        [(bench.backtest.pk, pk) for pk in ids]
    )
    replay = Replay(bench.sides, first=bench.first, until=bench.until)
    found = []
    for pk in ids:
        row = rows[bench.backtest.pk, pk]
        told = {
            "member": pk,
            "orders": row.orders,
            "before": row.before,
            "after": row.after,
            "tiers": [row.tier_before, row.tier_after],
        }
        # Who was merged into another meanwhile has no past of their own any more.
        reasons = NO_REASONS
        for story in loading.stories(chunks.wish_for(bench, pk, pk)):
            reasons = _reasons(replay.fold(story), bench, names)
        found.append({**told, **reasons})
    return found


def _reasons(member: Folded, bench: Bench, names: Mapping[int, str]) -> dict[str, Any]:
    """What each rule gave them in both worlds, the most different first, and the order that differs most."""
    weights = bench.sides.weights
    rules: dict[str, list[int]] = {}
    widest, order = 0, None
    for deed in member.deeds:
        values = [0, 0]
        for place, priced in enumerate((deed.before, deed.after)):
            for award in priced.pricing.awards:
                value = award.awarded * weights[award.unit]
                rules.setdefault(names.get(award.rule_id, ""), [0, 0])[place] += value
            values[place] = sum(amount * weights[unit] for unit, amount in priced.left.items())
        if isinstance(deed.what, Bought) and abs(values[1] - values[0]) > widest:
            widest, order = abs(values[1] - values[0]), deed.what.id
    told = sorted(rules.items(), key=lambda rule: -abs(rule[1][1] - rule[1][0]))
    most = [[name, *values] for name, values in told if values[0] != values[1]][:5]
    return {"rules": most, "order": order, "paid": [member.before.paid, member.after.paid]}

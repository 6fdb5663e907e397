"""Where members stand: their shares are folded, what that changes is written, and the log is told.

Events: badge.progress at each quarter of the way to a level, badge.won and challenge.completed, badge.lost. They hold keys
and figures only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import F, Q

from members.models import Event, Member, Program
from rewards.badges import folding, sums
from rewards.badges.deeds import Share
from rewards.badges.folding import Tally
from rewards.models import Badge, BadgeProgress, BadgeWin

if TYPE_CHECKING:
    from rewards.badges.counting import Known

STEPS = (75, 50, 25)
CHUNK = 2_000
type Pair = tuple[int, int]  # badge, member

SHARES = """
    SELECT s.badge_id, s.member_id, s.anchor, s.at, s.value, s.key, s.team
    FROM unnest(%s::bigint[], %s::bigint[]) AS p(b, m)
    JOIN rewards_badgeshare s ON s.badge_id = p.b AND s.member_id = p.m
"""
WRITE = """
    INSERT INTO rewards_badgeprogress (badge_id, member_id, program_id, period, value, best, at, until, level, step)
    SELECT b, m, %s, p, v, x, t, u, l, s
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::timestamptz[],
        %s::int[], %s::int[]) AS r(b, m, p, v, x, t, u, l, s)
    ON CONFLICT (badge_id, member_id) DO UPDATE SET period = excluded.period, value = excluded.value,
        best = excluded.best, at = excluded.at, until = excluded.until, level = excluded.level, step = excluded.step
"""


@dataclass(frozen=True, slots=True)
class Now:
    """What a settling works with."""

    program: Program
    now: datetime
    is_quiet: bool


@dataclass(slots=True)
class Outcome:
    """What is to be written."""

    progress: list[tuple[Any, ...]]
    won: list[BadgeWin]
    lost: list[BadgeWin]
    moved: list[BadgeWin]
    events: list[Event]


def settle(
    program: Program,
    found: Mapping[int, Known],
    pairs: Collection[Pair],
    *,
    now: datetime,
    is_quiet: bool = False,
    is_recount: bool = False,
) -> None:
    """Let these pairs of badge and member stand where their shares say; who waits for being counted anew does so until a
    recount comes there. `is_quiet` tells no steps of the way."""
    here = (pair for pair in pairs if pair[0] in found and _has_sums(found[pair[0]]))
    ordered = sorted(pair for pair in here if is_recount or not _waits(found[pair[0]].badge, pair[1]))
    for start in range(0, len(ordered), CHUNK):
        _settle(Now(program, now, is_quiet), found, ordered[start : start + CHUNK])


def _has_sums(each: Known) -> bool:
    """Whether it is known what teams have reached, where they do it together."""
    return each.goal.group is None or each.badge.summed_at is not None


def _waits(badge: Badge, member: int) -> bool:
    """Whether the shares of the member may be those of what the badge was before it was changed."""
    return badge.counted_at is None and member > badge.counted_to


def settle_due(program: Program, found: Mapping[int, Known], *, now: datetime, limit: int) -> int:
    """Those whose figure changes by itself: a window has passed, a row was broken; how many. Who waits for being counted
    anew is left out."""
    is_counted = Q(badge__counted_at__isnull=False) | Q(member_id__lte=F("badge__counted_to"))
    rows = BadgeProgress.objects.filter(is_counted, badge_id__in=list(found), until__lte=now)
    due = rows.order_by("until", "badge_id", "member_id")
    pairs = list(due.values_list("badge_id", "member_id")[:limit])
    settle(program, found, pairs, now=now)
    return len(pairs)


def shares_of(pairs: Collection[Pair]) -> dict[Pair, list[Share]]:
    """All shares of these pairs."""
    found: dict[Pair, list[Share]] = {}
    badges, members = [badge for badge, _member in pairs], [member for _badge, member in pairs]
    with connection.cursor() as cursor:
        cursor.execute(SHARES, [badges, members])
        for badge, member, anchor, at, value, key, team in cursor.fetchall():
            found.setdefault((badge, member), []).append(Share(anchor, at, value, key, team))
    return found


def _settle(when: Now, found: Mapping[int, Known], pairs: list[Pair]) -> None:
    badges, members = {badge for badge, _member in pairs}, {member for _badge, member in pairs}
    shares = shares_of(pairs)
    joined = dict(Member.objects.filter(pk__in=members).values_list("pk", "joined_at"))
    rows = BadgeProgress.objects.filter(badge_id__in=badges, member_id__in=members)
    stood = {(row.badge_id, row.member_id): row for row in rows}
    wins: dict[Pair, list[BadgeWin]] = {}
    for win in BadgeWin.objects.filter(badge_id__in=badges, member_id__in=members, lost_at__isnull=True):
        wins.setdefault((win.badge_id, win.member_id), []).append(win)
    together = {number for number in badges if found[number].goal.group is not None}
    reached = sums.reached_by(
        {(pair[0], share.team) for pair, mine in shares.items() if pair[0] in together for share in mine}
    )
    outcome = Outcome([], [], [], [], [])
    for pair in pairs:
        if pair not in shares and pair not in stood and pair not in wins:
            continue
        each = found[pair[0]]
        mine = shares.get(pair, [])
        if pair[0] in together:
            tally = folding.fold_together(
                each.goal, mine, {share.team: reached.get((pair[0], share.team), {}) for share in mine}
            )
        else:
            tally = folding.fold(each.goal, mine, joined_at=joined[pair[1]], now=when.now)
        _compare(when, each, pair[1], tally, stood.get(pair), wins.get(pair, []), outcome)
    _write(when, outcome)


def _compare(
    when: Now,
    each: Known,
    member: int,
    tally: Tally,
    stood: BadgeProgress | None,
    wins: list[BadgeWin],
    outcome: Outcome,
) -> None:
    """What of the wins is new and what is no more, and how far the member is."""
    badge = each.badge
    had = {(win.level, win.period): win for win in wins}
    for place, at in sorted(tally.reached.items(), key=lambda item: (item[1], item[0])):
        if place not in had:
            win = BadgeWin(
                program=when.program, badge=badge, member_id=member, level=place[0], period=place[1], won_at=at,
                recorded_at=when.now,
            )  # fmt: skip
            outcome.won.append(win)
    kept = 0
    for place, win in had.items():
        if place in tally.reached or badge.is_kept:
            kept += _is_current(each, tally, place[1])
            if win.won_at != tally.reached.get(place, win.won_at):
                # What came later was done earlier.
                win.won_at = tally.reached[place]
                outcome.moved.append(win)
        else:
            win.lost_at = when.now
            outcome.lost.append(win)
    new = [place for place in tally.reached if place not in had and _is_current(each, tally, place[1])]
    level = min(kept + len(new), len(each.goal.levels))
    step = _step(when, each, member, tally, level, stood, outcome)
    row = (badge.pk, member, tally.period, tally.value, tally.best, tally.at, tally.until, level, step)
    if stood is None or row != (
        badge.pk, member, stood.period, stood.value, stood.best, stood.at, stood.until, stood.level, stood.step
    ):  # fmt: skip
        outcome.progress.append(row)


def _is_current(each: Known, tally: Tally, period: str) -> bool:
    return not each.goal.window.repeats or period == tally.period


def _step(
    when: Now,
    each: Known,
    member: int,
    tally: Tally,
    level: int,
    stood: BadgeProgress | None,
    outcome: Outcome,
) -> int:
    """The quarter of the way to the next level that was told last; a step is told once on each way."""
    if level >= len(each.goal.levels) or each.goal.group is not None:
        return 0
    target = each.goal.levels[level].target
    percent = next((step for step in STEPS if tally.value * 100 >= target * step), 0)
    is_same_way = stood is not None and stood.level == level and stood.period == tally.period
    told = stood.step if stood is not None and is_same_way else 0
    if percent <= told:
        return told
    if not when.is_quiet:
        data = {
            "level": each.goal.levels[level].key,
            "step": percent,
            "value": plain(tally.value),
            "target": plain(target),
        }
        outcome.events.append(_event(when, "badge.progress", each.badge, member, data, when.now))
    return percent


def plain(value: Decimal) -> int | float:
    """A figure as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)


def _write(when: Now, outcome: Outcome) -> None:
    if outcome.progress:
        columns = [list(column) for column in zip(*outcome.progress, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [when.program.pk, *columns])
    BadgeWin.objects.bulk_create(outcome.won)
    BadgeWin.objects.bulk_update(outcome.lost, ["lost_at"])
    BadgeWin.objects.bulk_update(outcome.moved, ["won_at"])
    outcome.events += _told(when, outcome)
    Event.objects.bulk_create(outcome.events)


def _told(when: Now, outcome: Outcome) -> Iterator[Event]:
    for win in outcome.won:
        kind = "challenge.completed" if win.badge.kind == Badge.Kind.CHALLENGE else "badge.won"
        yield _event(when, kind, win.badge, win.member_id, _data(win), win.won_at)
    for win in outcome.lost:
        yield _event(when, "badge.lost", win.badge, win.member_id, _data(win), when.now)


def _data(win: BadgeWin) -> dict[str, Any]:
    return {"win": win.pk, "level": win.level} | ({"period": win.period} if win.period else {})


def _event(when: Now, kind: str, badge: Badge, member: int, data: dict[str, Any], at: datetime) -> Event:
    told = {"badge": badge.pk, "key": badge.key} | data
    return Event(
        program=when.program, holder_id=member, kind=kind, occurred_at=at, recorded_at=when.now, data=told
    )  # fmt: skip

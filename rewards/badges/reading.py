"""What a member has won and has still to win, and how a program's badges do: for pages and the API. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q

from members.models import Member, Program
from rewards.badges import counting, teams
from rewards.badges.goals import Goal, Level
from rewards.badges.teams import Part
from rewards.models import Badge, BadgeProgress, BadgeWin, ChallengeEntry

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class View:
    """A badge as it stands with one member. `wins` are in force, the latest first; `level` is the highest won and `next`
    the one to reach, if there is one; `share` is how much of the way to it is done, from 0 to 1. Where teams do it
    together `value` and `next` are the team's, and `part` says what of it is the member's."""

    badge: Badge
    goal: Goal
    value: Decimal
    wins: tuple[BadgeWin, ...]
    level: Level | None
    next: Level | None
    until: datetime | None
    entry: ChallengeEntry | None
    is_open: bool
    part: Part | None = None

    @property
    def share(self) -> float:
        if self.next is None:
            return 1.0
        return float(min(Decimal(1), self.value / self.next.target))

    @property
    def left(self) -> Decimal:
        return max(NOTHING, self.next.target - self.value) if self.next else NOTHING

    @property
    def is_won(self) -> bool:
        return bool(self.wins)


def of_member(*, program: Program, member: Member, now: datetime) -> list[View]:
    """Everything that is up, and what was won of what has ended; in the order in which it was made. Five statements,
    and those of teams.parts_of where teams do something together."""
    wins: dict[int, list[BadgeWin]] = {}
    for win in BadgeWin.objects.filter(member=member, lost_at__isnull=True).order_by("-won_at", "-pk"):
        wins.setdefault(win.badge_id, []).append(win)
    rows = Badge.objects.filter(program=program).exclude(state=Badge.State.DRAFT)
    badges = list(rows.filter(Q(state=Badge.State.LIVE) | Q(pk__in=list(wins))).order_by("created_at", "pk"))
    progress = {row.badge_id: row for row in BadgeProgress.objects.filter(member_id=member.pk)}
    entries = {entry.badge_id: entry for entry in ChallengeEntry.objects.filter(member=member)}
    parts = _parts(badges, program, member)
    return [
        view(
            badge, program, wins.get(badge.pk, []), progress.get(badge.pk), entries.get(badge.pk), now, parts.get(badge.pk)
        )
        for badge in badges
    ]  # fmt: skip


def one_of_member(*, program: Program, badge: Badge, member: Member, now: datetime) -> View:
    """The same of one badge."""
    wins = list(BadgeWin.objects.filter(badge=badge, member=member, lost_at__isnull=True).order_by("-won_at"))
    progress = BadgeProgress.objects.filter(badge=badge, member_id=member.pk).first()
    entry = ChallengeEntry.objects.filter(badge=badge, member=member).first()
    part = _parts([badge], program, member).get(badge.pk)
    return view(badge, program, wins, progress, entry, now, part)


def _parts(badges: Sequence[Badge], program: Program, member: Member) -> dict[int, Part]:
    grouped = [badge for badge in badges if badge.definition.get("group")]
    return teams.parts_of({badge.pk: counting.known(badge, program).goal for badge in grouped}, member)


def view(
    badge: Badge,
    program: Program,
    wins: Sequence[BadgeWin],
    progress: BadgeProgress | None,
    entry: ChallengeEntry | None,
    now: datetime,
    part: Part | None = None,
) -> View:
    goal = counting.known(badge, program).goal
    # A window that has passed unseen counts from nothing again; the job of the minute does the rest.
    is_over = progress is not None and progress.until is not None and progress.until <= now
    value = progress.value if progress is not None and not is_over else NOTHING
    period = progress.period if progress is not None and not is_over else ""
    here = {win.level for win in wins if not goal.window.repeats or win.period == period}
    ever = {win.level for win in wins}
    level = next((each for each in reversed(goal.levels) if each.key in ever), None)
    following = next((each for each in goal.levels if each.key not in here), None)
    if part is not None:
        value = part.value
        following = next((each for each in goal.levels if value < each.target), None)
    is_open = (
        badge.state == Badge.State.LIVE
        and (badge.starts_at is None or badge.starts_at <= now)
        and (badge.ends_at is None or now < badge.ends_at)
    )
    until = progress.until if progress is not None and not is_over else None
    return View(
        badge, goal, value, tuple(wins), level, following, badge.ends_at or until, entry, is_open, part
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many take part with anything done, hold the badge, and have lost it again."""

    on_the_way: int = 0
    won: int = 0
    lost: int = 0


def counts(badges: Collection[int]) -> dict[int, Counts]:
    """Of these badges, two statements."""
    ways = dict(
        BadgeProgress.objects.filter(badge_id__in=badges, value__gt=0)
        .values("badge_id")
        .annotate(times=Count("member_id"))
        .values_list("badge_id", "times")
    )
    rows = (
        BadgeWin.objects.filter(badge_id__in=badges)
        .values("badge_id")
        .annotate(
            held=Count("member_id", filter=Q(lost_at__isnull=True), distinct=True),
            lost=Count("pk", filter=Q(lost_at__isnull=False)),
        )
    )
    found = {row["badge_id"]: (row["held"], row["lost"]) for row in rows}
    return {badge: Counts(ways.get(badge, 0), *found.get(badge, (0, 0))) for badge in badges}


def spread(badge: Badge, level: Level) -> list[int]:
    """How many members stand at nothing to a tenth of the way to a level, a tenth to two, … and at or beyond it; those
    without any progress are not counted."""
    found = [0] * 11
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least(10, floor(value * 10 / %s))::int AS tenth, count(*) FROM rewards_badgeprogress"
            " WHERE badge_id = %s AND value > 0 GROUP BY tenth",
            [level.target, badge.pk],
        )
        for tenth, times in cursor.fetchall():
            found[tenth] = times
    return found

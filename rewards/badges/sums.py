"""What teams bring together: to which team a deed counts, and the sum of each, moved by what its shares were moved by.

Adding all shares up anew gives the same sums; when a level was reached is a function of the shares too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from django.db import connection
from psycopg.types.json import Jsonb

from members.models import Member, Program
from rewards.badges.deeds import Deed
from rewards.badges.goals import Goal, Group
from rewards.models import Badge, BadgeTeam, HouseholdPlace

if TYPE_CHECKING:
    from rewards.badges.counting import Known

EVERYBODY = "all"
NOTHING = Decimal(0)

type Team = tuple[int, str]  # badge, team
type Place = tuple[str, datetime, datetime | None]  # household, from, until
type Reached = dict[str, datetime]  # by level

ADD = """
    INSERT INTO rewards_badgeteam (badge_id, team, program_id, value, reached)
    SELECT b, t, %s, v, '{}' FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS s(b, t, v)
    ON CONFLICT (badge_id, team) DO UPDATE SET value = rewards_badgeteam.value + excluded.value
    RETURNING badge_id, team, value, reached
"""
SUM_UP = """
    INSERT INTO rewards_badgeteam (badge_id, team, program_id, value, reached)
    SELECT badge_id, team, program_id, sum(value), '{}' FROM rewards_badgeshare
    WHERE badge_id = %s AND team <> '' GROUP BY badge_id, team, program_id
"""
# Shares are above nothing, so that the first moment with enough is the one at which it was reached.
REACHED = """
    WITH course AS (
        SELECT s.badge_id, s.team, s.at,
            sum(s.value) OVER (PARTITION BY s.badge_id, s.team ORDER BY s.at, s.anchor, s.key) AS total
        FROM unnest(%s::bigint[], %s::text[]) AS asked(b, t)
        JOIN rewards_badgeshare s ON s.badge_id = asked.b AND s.team = asked.t
    )
    SELECT c.badge_id, c.team, l.key, min(c.at)
    FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS l(b, key, target)
    JOIN course c ON c.badge_id = l.b AND c.total >= l.target
    GROUP BY c.badge_id, c.team, l.key
"""
KEEP = """
    UPDATE rewards_badgeteam r SET reached = s.found, turned_to = s.turned
    FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::bigint[]) AS s(b, t, found, turned)
    WHERE r.badge_id = s.b AND r.team = s.t
"""


@dataclass(slots=True)
class Change:
    """By how much a team's sum moves, and the first moment at which it does."""

    value: Decimal
    first: datetime


# --- whose deed it is -------------------------------------------------------------------------------------------------


def sorter(found: Iterable[Known], members: Collection[int]) -> Callable[[Group, Deed], str]:
    """Says to which team a deed of these members counts; "" to none. A statement each for tags and households, if a goal
    goes by them."""
    ways = {each.goal.group.by for each in found if each.goal.group is not None}
    tags: dict[int, list[str]] = {}
    if "tags" in ways:
        tags = dict(Member.objects.filter(pk__in=members).values_list("pk", "tags"))
    places: dict[int, list[Place]] = {}
    if "households" in ways:
        rows = HouseholdPlace.objects.filter(member__in=members).order_by("joined_at", "pk")
        for member, household, since, until in rows.values_list(
            "member_id", "household_id", "joined_at", "left_at"
        ):
            places.setdefault(member, []).append((str(household), since, until))
    return partial(_team, tags, places)


def _team(
    tags: Mapping[int, Sequence[str]], places: Mapping[int, Sequence[Place]], group: Group, deed: Deed
) -> str:
    if group.by == "all":
        return EVERYBODY
    if group.by == "stores":
        return deed.occasion.store
    if group.by == "tags":
        own = tags.get(deed.member_id, ())
        return next((tag for tag in group.tags if tag in own), "")
    there = (
        household
        for household, since, until in places.get(deed.member_id, ())
        if since <= deed.at and (until is None or deed.at < until)
    )
    return next(there, "")


# --- sums -------------------------------------------------------------------------------------------------------------


def move(program: Program, goals: Mapping[int, Goal], changes: Mapping[Team, Change]) -> None:
    """Let the sums of these teams move; whose levels that changes is settled anew (see rewards/badges/turning.py)."""
    if not changes:
        return
    ordered = sorted(changes)
    badges, names = [badge for badge, _team in ordered], [team for _badge, team in ordered]
    with connection.cursor() as cursor:
        cursor.execute(ADD, [program.pk, badges, names, [changes[each].value for each in ordered]])
        rows = cursor.fetchall()
    known: dict[Team, Reached] = {}
    for badge, team, value, reached in rows:
        moments = _read(reached)
        here = {level.key for level in goals[badge].levels if value >= level.target}
        is_before = any(changes[badge, team].first <= at for at in moments.values())
        if here != moments.keys() or is_before:
            known[badge, team] = moments
    found = _reached(goals, known)
    _keep({each: found.get(each, {}) for each in known if found.get(each, {}) != known[each]}, turns=True)


def sum_up(badge: Badge, goal: Goal) -> None:
    """The sums of all teams of a badge, from the shares alone."""
    BadgeTeam.objects.filter(badge=badge).delete()
    if goal.group is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(SUM_UP, [badge.pk])
    there = BadgeTeam.objects.filter(badge=badge, value__gte=goal.levels[0].target)
    teams = [(badge.pk, team) for team in there.values_list("team", flat=True)]
    _keep(_reached({badge.pk: goal}, teams), turns=False)


def reached_by(teams: Collection[Team]) -> dict[Team, Reached]:
    """Which levels these teams have reached, and when. One statement at most."""
    if not teams:
        return {}
    rows = BadgeTeam.objects.filter(
        badge_id__in={badge for badge, _team in teams}, team__in={team for _badge, team in teams}
    )
    found = rows.exclude(reached={}).values_list("badge_id", "team", "reached")
    return {(badge, team): _read(reached) for badge, team, reached in found}


def _reached(goals: Mapping[int, Goal], teams: Collection[Team]) -> dict[Team, Reached]:
    if not teams:
        return {}
    badges = sorted({badge for badge, _team in teams})
    levels = [(badge, level.key, level.target) for badge in badges for level in goals[badge].levels]
    asked, names = [badge for badge, _team in teams], [team for _badge, team in teams]
    found: dict[Team, Reached] = {}
    with connection.cursor() as cursor:
        cursor.execute(REACHED, [asked, names, *(list(column) for column in zip(*levels, strict=True))])
        for badge, team, level, at in cursor.fetchall():
            found.setdefault((badge, team), {})[level] = at
    return found


def _keep(found: Mapping[Team, Reached], *, turns: bool) -> None:
    if not found:
        return
    rows = [
        (badge, team, Jsonb({level: at.isoformat() for level, at in reached.items()}), 0 if turns else None)
        for (badge, team), reached in found.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [list(column) for column in zip(*rows, strict=True)])


def _read(reached: object) -> Reached:
    raw = json.loads(reached) if isinstance(reached, str) else reached
    assert isinstance(raw, dict)  # noqa: S101 - as the column has it
    return {level: datetime.fromisoformat(at) for level, at in raw.items()}

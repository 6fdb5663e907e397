"""When a team has reached a level, or has not any more, those who brought enough of it are settled, some at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from members.models import Program
from rewards.badges import standing
from rewards.models import BadgeTeam

if TYPE_CHECKING:
    from rewards.badges.counting import Known

MEMBERS = """
    SELECT DISTINCT member_id FROM rewards_badgeshare
    WHERE badge_id = %s AND team = %s AND team <> '' AND member_id > %s ORDER BY member_id LIMIT %s
"""


def turn(program: Program, found: Mapping[int, Known], *, now: datetime, limit: int) -> int:
    """Settle at most so many members of teams whose levels have changed; how many. Who brought something later stands
    right already. Call it within a transaction that keeps other counters out."""
    badges = [number for number, each in found.items() if each.goal.group and each.badge.summed_at]
    if not badges:
        return 0
    done = 0
    for row in BadgeTeam.objects.filter(badge_id__in=badges, turned_to__isnull=False).order_by(
        "badge_id", "team"
    ):
        left = limit - done
        if left <= 0:
            break
        members = _members(row, left)
        standing.settle(program, found, {(row.badge_id, member) for member in members}, now=now)
        place = members[-1] if len(members) == left else None
        BadgeTeam.objects.filter(badge_id=row.badge_id, team=row.team).update(turned_to=place)
        done += len(members)
    return done


def _members(row: BadgeTeam, most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [row.badge_id, row.team, row.turned_to, most])
        return [member for (member,) in cursor.fetchall()]

"""The leaderboard of a challenge: who chose to be shown, by figure, then by who was there first; set-based.

Equal figures share a rank. Whoever is not shown has a rank too, and nobody but that member learns of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from members.models import Member
from rewards.models import Badge

TOP, AROUND = 10, 2

# The rank counts figures that are higher, of those shown; within one rank the first there stands first.
SHOWN = """
    SELECT p.member_id, p.value, p.at, m.number, e.shown_as,
        rank() OVER (ORDER BY p.value DESC) AS place,
        row_number() OVER (ORDER BY p.value DESC, p.at, p.member_id) AS line
    FROM rewards_challengeentry e
    JOIN rewards_badgeprogress p ON p.badge_id = e.badge_id AND p.member_id = e.member_id
    JOIN members_member m ON m.holder_id = e.member_id
    WHERE e.badge_id = %(badge)s AND e.is_shown AND p.value > 0 AND m.state = 'active'
"""
BOARD = f"""
    WITH shown AS ({SHOWN}), mine AS (SELECT line FROM shown WHERE member_id = %(member)s)
    SELECT member_id, value, place, line, number, shown_as, (SELECT count(*) FROM shown)
    FROM shown
    WHERE line <= %(top)s OR line BETWEEN (SELECT line FROM mine) - %(around)s AND (SELECT line FROM mine) + %(around)s
    ORDER BY line
"""  # noqa: S608 - only our own words
# What the rank of somebody who is not shown would be.
OWN = """
    SELECT 1 + count(*) FROM rewards_challengeentry e
    JOIN rewards_badgeprogress p ON p.badge_id = e.badge_id AND p.member_id = e.member_id
    JOIN members_member m ON m.holder_id = e.member_id
    WHERE e.badge_id = %(badge)s AND e.is_shown AND m.state = 'active' AND p.value > %(value)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """`is_after_gap` where members between this one and the one before are left out."""

    place: int
    name: str
    value: Decimal
    is_own: bool
    is_after_gap: bool


@dataclass(frozen=True, slots=True)
class Board:
    """`count` are those shown; `own_place` is the member's, whether shown or not; None without any progress."""

    lines: list[Line]
    count: int
    own_place: int | None


def read(*, badge: Badge, member: Member | None = None, top: int = TOP) -> Board:
    """The first ones, and the member with the neighbours above and below. Two statements at most."""
    values: dict[str, Any] = {
        "badge": badge.pk,
        "member": member.pk if member else 0,
        "top": top,
        "around": AROUND,
    }
    with connection.cursor() as cursor:
        cursor.execute(BOARD, values)
        rows = cursor.fetchall()
    lines, last = [], 0
    for number, value, place, line, card, shown_as, _count in rows:
        is_own = member is not None and number == member.pk
        lines.append(Line(place, name_of(card, shown_as), value, is_own, line > last + 1))
        last = line
    own = next((line.place for line in lines if line.is_own), None)
    if own is None and member is not None:
        own = _place_of(badge, member, values)
    return Board(lines, rows[0][6] if rows else 0, own)


def name_of(number: str, shown_as: str) -> str:
    """The name that the member chose, else the beginning of the number."""
    return shown_as or _("Member %(digit)s…") % {"digit": number[:1]}


def _place_of(badge: Badge, member: Member, values: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT value FROM rewards_badgeprogress WHERE badge_id = %(badge)s AND member_id = %(member)s",
            values,
        )
        row = cursor.fetchone()
        if row is None or not row[0]:
            return None
        cursor.execute(OWN, values | {"value": row[0]})
        return int(cursor.fetchone()[0])

"""The segments that presets ask for, made from what the program knows today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.audiences import segments
from campaigns.models import Segment
from campaigns.presets.preset import Group
from members.models import Program, User
from rewards import queries
from rewards.models import TierScheme

# The share of members by value that are called the best, and from which percent of the way a tier is near.
BEST, NEAR = 0.95, 80
SPEND = """
    SELECT percentile_disc(%s) WITHIN GROUP (ORDER BY spend) FROM (
        SELECT sum(total_minor - returned_minor) AS spend FROM members_order
        WHERE program_id = %s AND member_id IS NOT NULL GROUP BY member_id
    ) spends WHERE spend > 0
"""


def make(program: Program, group: Group, by: User, now: datetime) -> Segment | None:
    """The segment with this key in force, the one that is there or a new one; None where nobody could be in it."""
    known = Segment.objects.filter(program=program, key=group.key).first()
    if known is not None:
        return known
    tree = group.tree(program)
    if tree is None:
        return None
    segments.create(program=program, name=str(group.name), key=group.key, tree=tree, by=by, now=now)
    return segments.publish(program=program, key=group.key, by=by, now=now)


def best(program: Program) -> dict[str, Any] | None:
    """Who spent as much as the best five percent have today; None while nobody has ordered."""
    with connection.cursor() as cursor:
        cursor.execute(SPEND, [BEST, program.pk])
        (spend,) = cursor.fetchone() or (None,)
    return {"field": "orders.spend", "op": ">=", "value": int(spend)} if spend else None


def near(program: Program) -> dict[str, Any] | None:
    """Who has gone four fifths of the way to the tier above theirs, whatever the tiers count; None where there is no tier
    to reach."""
    has_scheme = TierScheme.objects.filter(program=program).exists()
    if not has_scheme or not any(tier.threshold > 0 for tier in queries.tiers_of(program)):
        return None
    return {"field": "standing.way", "op": ">=", "value": NEAR}

"""Whether acting pays: members for whom an action was chosen, against those of them who were left out by lot.

By intention to treat: whoever was drawn counts from the day on which an action was first chosen for them, whether anything
reached them or not, and stays on the side where the lot put them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.experiments import figures, outcomes
from campaigns.experiments.figures import Difference
from members.models import Program

# The days after the choice that are compared; members whose days are not over yet are not in it.
DAYS = 90
LEAST = 30
NOTE = """
    INSERT INTO analytics_chosen (member_id, program_id, action, is_held_out, since)
    SELECT s.member_id, s.program_id, s.action, s.is_held_out, %(now)s FROM members_memberscore s
    WHERE s.program_id = %(program)s AND s.action <> 'none' ORDER BY s.member_id
    ON CONFLICT (member_id) DO NOTHING
"""
PEOPLE = """
    SELECT c.member_id, CASE WHEN c.is_held_out THEN 0 ELSE 1 END AS arm, NULL::date AS day, c.since,
        c.since + %(days)s * interval '1 day' AS until
    FROM analytics_chosen c
    WHERE c.program_id = %(program)s AND c.since + %(days)s * interval '1 day' <= %(now)s
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """Of those acted on less those left out, for each member, within DAYS of the choice; money in minor units."""

    treated: int
    held_out: int
    conversion: Difference
    revenue: Difference


def note(*, program: Program, now: datetime) -> int:
    """Write down for whom an action is chosen for the first time; how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"program": program.pk, "now": now})
        return int(cursor.rowcount)


def effect(*, program: Program, now: datetime, days: int = DAYS) -> Effect | None:
    """None while fewer than LEAST on either side have had all their days."""
    found = outcomes.measure(program=program, people=PEOPLE, values={"days": days, "now": now})
    held_out, treated = (found.get((arm, None), outcomes.Totals()) for arm in (0, 1))
    if min(held_out.n, treated.n) < LEAST:
        return None
    conversion = figures.proportions(treated.of("conversion"), held_out.of("conversion"))
    revenue = figures.means(treated.of("revenue"), held_out.of("revenue"))
    if conversion is None or revenue is None:
        return None
    return Effect(treated.n, held_out.n, conversion, revenue)


def told(found: Effect | None) -> dict[str, Any]:
    """As a run keeps it: shares and minor units, each [treated, held out, difference, low, high]; empty for none."""
    if found is None:
        return {}
    kept: dict[str, Any] = {"treated": found.treated, "held_out": found.held_out, "days": DAYS}
    for name in ("conversion", "revenue"):
        one: Difference = getattr(found, name)
        kept[name] = [one.treated, one.control, one.value, one.low, one.high]
    return kept

"""Who is let in: one statement for one member or a million. The entry key is the rule of re-entry.

`once` has one key for ever; `each` is named by the order or event, `period` by the calendar, `cooldown` by how many times
the member was in before, so that two at the same moment are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from campaigns.journeys import conditions, dues
from campaigns.journeys.shape import Graph
from campaigns.models import Journey, JourneyStep, JourneyVersion
from members.models import Program

PERIODS = {"day": "YYYY-MM-DD", "week": 'IYYY-"W"IW', "month": "YYYY-MM", "year": "YYYY"}
KEYS = {
    "once": "'once'",
    "each": "coalesce('order:' || c.order_id, 'event:' || c.event_id, c.name)",
    "period": "to_char(c.at AT TIME ZONE %(zone)s, %(form)s)",
    "cooldown": """'time:' || (
        SELECT count(*) FROM campaigns_enrolment b WHERE b.journey_id = %(journey)s AND b.member_id = c.member_id)""",
}
# In the order of their ids, so that two who let the same people in at once never wait for each other crosswise.
ENTER = """
    INSERT INTO campaigns_enrolment (program_id, journey_id, version_id, member_id, entry_key, step_id, status, due_at, hop,
        holdout, woken, context, event_id, entered_at, reason)
    SELECT %(program)s, %(journey)s, %(version)s, k.member_id, k.entry_key, %(step)s, 'waiting', {due}, 0,
        wafa_lot(%(salt)s, k.member_id) < %(holdout)s, false, k.context, k.event_id, k.at, ''
    FROM (
        SELECT DISTINCT ON (c.member_id, entry_key) c.member_id, c.event_id, c.at, c.context, {key} AS entry_key
        FROM ({source}) c ORDER BY c.member_id, entry_key, c.at
    ) k
    JOIN members_member m ON m.holder_id = k.member_id
    WHERE m.program_id = %(program)s AND m.state = 'active' AND m.merged_into_id IS NULL {asked} {rest} {once}
"""
# Many may let in the same member at the same moment; or one alone, who holds the journey: then it is enough to look whether
# the member is in, and a row costs a third less.
CAREFUL = "ON CONFLICT (journey_id, member_id, entry_key) DO NOTHING RETURNING id"
ALONE = """AND NOT EXISTS (
    SELECT FROM campaigns_enrolment b WHERE b.journey_id = %(journey)s AND b.member_id = k.member_id
        AND b.entry_key = k.entry_key) RETURNING id"""
REST = """AND NOT EXISTS (
    SELECT FROM campaigns_enrolment b WHERE b.journey_id = %(journey)s AND b.member_id = k.member_id
        AND b.entered_at > k.at - %(cooldown)s)"""


@dataclass(frozen=True, slots=True)
class Door:
    """A live version and its first step."""

    program: Program
    journey: Journey
    version: JourneyVersion
    step: JourneyStep
    graph: Graph


def enter(
    door: Door,
    *,
    source: str,
    values: Mapping[str, Any],
    now: datetime,
    before: str = "",
    is_alone: bool = False,
) -> tuple[int, int]:
    """Let in everybody whom `source` selects (member_id, event_id, order_id, at, name, context; `name` names this time
    where no event does) and who may enter; how many came and how many entered. `before` may be a query that `source`
    reads. `is_alone` says that the caller holds the journey: somebody else who enters all the same is an IntegrityError.
    One statement; for the caller's transaction, within the program's scope."""
    statement, asked = sentence(door, source=source, now=now, once=ALONE if is_alone else CAREFUL)
    first = f"{before}," if before else ""
    came = "(SELECT count(*) FROM came)" if before else "count(*)"
    whole = f"WITH {first} new AS ({statement}) SELECT {came}, count(*) FROM new"  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.execute(whole, {**values, **asked})
        number, entered = cursor.fetchone()
    return int(number), int(entered)


def sentence(door: Door, *, source: str, now: datetime, once: str = CAREFUL) -> tuple[str, dict[str, Any]]:
    """The statement that lets in, and its values."""
    entry, where = door.graph.entry, door.graph.trigger.where
    asked, values = "", dict[str, Any]()
    if where:
        question, bound = conditions.named(where, now=now.astimezone(door.program.zone), prefix="where")
        asked, values = f"AND m.holder_id IN ({question})", bound
    due, more = dues.expression(door.step, door.program, now, member="k.member_id")
    statement = ENTER.format(
        source=source, key=KEYS[entry.mode], asked=asked, due=due,
        rest=REST if entry.mode == "cooldown" else "", once=once,
    )  # fmt: skip
    return statement, values | more | {
        "program": door.program.pk,
        "journey": door.journey.pk,
        "version": door.version.pk,
        "step": door.step.pk,
        "salt": door.journey.salt,
        "holdout": door.graph.holdout * 100,
        "zone": door.program.time_zone,
        "form": PERIODS.get(entry.period or "", ""),
        "cooldown": timedelta(days=entry.days or 0),
    }

"""What each kind of step does for everybody in the chunk at once. Who is held out goes the same way and gets nothing.

A step sets outcome, reason, way and the next step in the temporary table (see tables.py); it never loops over members,
but for rewards, which are shared rows and given one by one in small chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from campaigns.audiences import lists
from campaigns.experiments import assigning
from campaigns.journeys import conditions, giving
from campaigns.journeys.tables import ASKED, CHUNK
from campaigns.messages import outbox, vouchers
from campaigns.models import JourneyStep, Segment
from loyaltysite.kit.errors import DomainError
from members import tags
from members.models import Program

HELD_OUT = f"UPDATE {CHUNK} SET outcome = 'held_out' WHERE holdout AND moves = 'on' AND outcome = 'done'"  # noqa: S608
MEMBERS = f"SELECT array_agg(DISTINCT member_id) FROM {ASKED}"  # noqa: S608
WOKEN = f"""
    UPDATE {CHUNK} SET way = CASE WHEN woken THEN 'then' ELSE 'else' END,
        next_id = CASE WHEN woken THEN %(then)s::bigint ELSE %(other)s::bigint END
    WHERE moves = 'on'
"""  # noqa: S608 - names of our own
TAKE = """
    UPDATE journey_chunk SET way = %(name)s, next_id = %(next)s::bigint
    WHERE moves = 'on' AND way = '' AND {chosen}
"""
LATE = f"""
    UPDATE {CHUNK} SET outcome = 'skipped', reason = 'late'
    WHERE moves = 'on' AND outcome = 'done' AND due_at < %(since)s
"""  # noqa: S608 - names of our own
SAID = """
    UPDATE journey_chunk c SET outcome = s.outcome, reason = s.reason, moves = s.moves, until = s.until
    FROM (
        SELECT a.enrolment_id,
            CASE WHEN d.enrolment_id IS NOT NULL THEN 'stay' WHEN x.enrolment_id IS NOT NULL THEN 'out' ELSE 'on' END AS moves,
            d.due_at AS until,
            CASE WHEN d.enrolment_id IS NOT NULL THEN 'deferred' WHEN x.enrolment_id IS NOT NULL THEN 'left'
                WHEN m.id IS NOT NULL THEN 'queued' WHEN n.reason = 'holdout' THEN 'held_out' ELSE 'not_sent' END AS outcome,
            CASE WHEN d.enrolment_id IS NOT NULL OR x.enrolment_id IS NOT NULL THEN 'capped'
                ELSE coalesce(n.reason, '') END AS reason
        FROM journey_asked a
        LEFT JOIN deferred d USING (enrolment_id)
        LEFT JOIN exited x USING (enrolment_id)
        LEFT JOIN campaigns_message m ON m.enrolment_id = a.enrolment_id
            AND m.idem_key = a.enrolment_id || ':' || %(key)s || ':' || a.hop || ':' || %(channel)s
        LEFT JOIN campaigns_decision n ON n.enrolment_id = a.enrolment_id AND n.until IS NULL
            AND n.idem_key = a.enrolment_id || ':' || %(key)s || ':' || a.hop || ':' || %(channel)s
    ) s WHERE c.enrolment_id = s.enrolment_id
"""
QUEUED = """
    SELECT m.id FROM campaigns_message m JOIN journey_chunk c ON c.enrolment_id = m.enrolment_id
    WHERE c.outcome = 'queued' AND m.idem_key = c.enrolment_id || ':' || %(key)s || ':' || c.hop || ':' || %(channel)s
    ORDER BY m.id
"""
TAKEN_BACK = "UPDATE journey_chunk SET outcome = 'not_sent', reason = %(reason)s WHERE outcome = 'queued'"
TASK = f"""
    INSERT INTO campaigns_stafftask (program_id, member_id, enrolment_id, step_id, hop, title, due_at, made_at)
    SELECT %(program)s, member_id, enrolment_id, %(step)s, hop, %(title)s, %(due)s, %(now)s FROM {ASKED}
"""  # noqa: S608 - names of our own
TELL = f"""
    INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
    SELECT %(program)s, member_id, 'event.journey', %(now)s, %(now)s,
        jsonb_build_object('topic', %(topic)s::text, 'journey', %(journey)s::text, 'enrolment', enrolment_id) FROM {ASKED}
"""  # noqa: S608 - names of our own


@dataclass(frozen=True, slots=True)
class Work:
    """One step for one chunk. `now` is the moment that counts; `is_dry` says that nothing of this will stay."""

    program: Program
    step: JourneyStep
    journey: str
    late_hours: int
    now: datetime
    is_dry: bool = False


def carry_out(work: Work) -> None:
    """For the caller's transaction, within the program's scope, after the chunk was filled."""
    if work.step.kind in EFFECTS:
        run(HELD_OUT)
    if work.step.kind in WORK:
        WORK[work.step.kind](work)


def run(statement: str, values: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or {})


def members() -> list[int]:
    """Ids of those for whom the step is carried out."""
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS)
        (found,) = cursor.fetchone()
    return list(found or [])


# --- the way ----------------------------------------------------------------------------------------------------------


def _wake(work: Work) -> None:
    then, other = (way["step"] for way in work.step.ways)
    run(WOKEN, {"then": then, "other": other})


def _branch(work: Work) -> None:
    """The first path whose condition holds; everybody else takes the last one."""
    local = work.now.astimezone(work.program.zone)
    for way in work.step.ways:
        chosen, values = "true", dict[str, Any]()
        if way["where"] is not None:
            question, values = conditions.named(way["where"], now=local, prefix="where", table=CHUNK)
            chosen = f"member_id IN ({question})"
        run(TAKE.format(chosen=chosen), values | {"name": way["name"], "next": way["step"]})


def _split(work: Work) -> None:
    """By a lot that is the same whenever it is asked: the step's key and the journey's are its salt."""
    _by_lot(work, f"{work.journey}:{work.step.key}")


def _experiment(work: Work) -> None:
    """The same under a salt of its own, and who went where is kept (see campaigns/experiments/)."""
    found = assigning.of(work.step)
    _by_lot(work, found.salt if found else f"{work.journey}:{work.step.key}")
    if found is not None:
        run(assigning.EXPOSE, assigning.values(found, work.now))


def _by_lot(work: Work, salt: str) -> None:
    top = 0
    for way in work.step.ways:
        top += way["share"] * 100
        values = {"salt": salt, "top": top, "name": way["name"], "next": way["step"]}
        run(TAKE.format(chosen="wafa_lot(%(salt)s, member_id) < %(top)s"), values)


# --- effects ----------------------------------------------------------------------------------------------------------


def _message(work: Work) -> None:
    config = work.step.config
    run(LATE, {"since": work.now - timedelta(hours=work.late_hours)})
    step = outbox.Step(
        message_id=config["message"], channel=config["channel"], key=work.step.key, version_id=work.step.version_id,
        kind=config["purpose"], topic=config.get("topic", ""), capped=config["capped"], late_hours=work.late_hours,
    )  # fmt: skip
    try:
        outbox.queue(program=work.program, step=step, rows=ASKED, now=work.now)
    except DomainError as error:
        giving.refuse_all(error.code)
        return
    run(SAID, {"key": work.step.key, "channel": config["channel"]})
    if config.get("coupon") and not work.is_dry:
        _add_codes(work)


def _add_codes(work: Work) -> None:
    """What was queued carries a code of its coupon; a coupon that is over sends the messages without one back."""
    config = work.step.config
    with connection.cursor() as cursor:
        cursor.execute(QUEUED, {"key": work.step.key, "channel": config["channel"]})
        ids = [number for (number,) in cursor.fetchall()]
    if not ids:
        return
    try:
        with transaction.atomic():
            vouchers.attach(program=work.program, coupon=config["coupon"], messages=ids, now=work.now)
    except DomainError as error:
        outbox.take_back(program=work.program, ids=ids, reason="content", now=work.now)
        run(TAKEN_BACK, {"reason": error.code})


def _tag(work: Work) -> None:
    config = work.step.config
    act = tags.add_each if config["do"] == "add" else tags.remove_each
    act(program=work.program, member_ids=members(), tag=config["tag"], now=work.now)


def _segment(work: Work) -> None:
    found = Segment.objects.get(pk=work.step.config["segment"])
    act = lists.add if work.step.config["do"] == "add" else lists.remove
    try:
        act(program=work.program, key=found.key, members=members(), now=work.now)
    except DomainError as error:
        giving.refuse_all(error.code)


def _webhook(work: Work) -> None:
    """A row of the log, which the program's webhooks are told (docs/webhooks.md)."""
    topic = work.step.config["topic"]
    run(TELL, {"program": work.program.pk, "now": work.now, "topic": topic, "journey": work.journey})


def _task(work: Work) -> None:
    due = work.now + timedelta(days=work.step.config["days"])
    values = {"program": work.program.pk, "step": work.step.pk, "now": work.now, "due": due}
    run(TASK, values | {"title": work.step.config["title"]})


WORK: dict[str, Callable[[Work], None]] = {
    "wait_event": _wake,
    "branch": _branch,
    "split": _split,
    "experiment": _experiment,
    "message": _message,
    "points": lambda work: giving.points(work.program, work.step, work.now, is_dry=work.is_dry),
    "reward": lambda work: giving.rewards(work.program, work.step, work.now, is_dry=work.is_dry),
    "tier": lambda work: giving.tier(work.program, work.step, work.now),
    "tag": _tag,
    "segment": _segment,
    "webhook": _webhook,
    "task": _task,
}
# Who is held out does not get these; of messages the gate says so itself.
EFFECTS = frozenset({"points", "reward", "tier", "tag", "segment", "webhook", "task"})

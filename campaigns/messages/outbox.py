"""The outbox: whatever is to be said stands here first, in the transaction that decided it, and only once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.messages import gate, manners
from campaigns.models import Kind, Message, Template
from loyaltysite.kit.errors import Conflict
from members import audit
from members.models import Member, Program, User

# What waits until the member comes by, or the list is printed.
OWN, OWN_HOURS = ("inapp", "till", "print"), 14 * 24
# What the engine reads of those who had enough: put off until then, or sent out of the journey.
TABLES = """
    CREATE TEMPORARY TABLE IF NOT EXISTS deferred (enrolment_id bigint, due_at timestamptz) ON COMMIT DROP;
    CREATE TEMPORARY TABLE IF NOT EXISTS exited (enrolment_id bigint) ON COMMIT DROP;
    TRUNCATE deferred, exited
"""
ONE = "asked_one"
ASK = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS {ONE} (enrolment_id bigint, member_id bigint, hop int, priority int,
        context jsonb, holdout boolean) ON COMMIT DROP;
    TRUNCATE {ONE}
"""
CANCEL = """
    WITH gone AS (
        UPDATE campaigns_message m SET state = 'cancelled', reason = %(reason)s
        WHERE m.program_id = %(program)s AND m.state IN ('queued', 'held') AND {which}
        RETURNING m.*
    ),
    {aftermath}
    SELECT count(*) FROM gone
"""


class TemplateNotLive(Conflict):
    code = "template_not_live"
    message = _("Publish the template first.")


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be said. `message_id` is a template's; `topic` and `kind` are the template's where they are empty.
    `capped` says what becomes of who had enough: skip, defer or exit. `prefix` begins the key of what no journey says."""

    message_id: int
    channel: str
    key: str = ""
    version_id: int | None = None
    kind: str = ""
    topic: str = ""
    capped: str = "defer"
    late_hours: int | None = None
    prefix: str = ""


def queue(*, program: Program, step: Step, rows: str, now: datetime) -> dict[str, int]:
    """Decide on each row of the temporary table `rows` (enrolment_id, member_id, hop, priority, context, holdout), for the
    caller's transaction; how many by outcome: queued, deferred, or the reason (campaigns.models.Reason).

    A message is queued under `<enrolment>:<step>:<hop>:<channel>`; a row of which there is one is passed over. Afterwards
    the temporary tables `deferred` (enrolment_id, due_at) and `exited` (enrolment_id) hold those who had enough. The number
    of statements does not grow with the rows. Raises TemplateNotLive."""
    values = _values(program, step, now)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        if values["caps"] != "[]":
            for statement in gate.places_of(rows):
                cursor.execute(statement, values)
        cursor.execute(gate.judge(rows), values)
        return {str(outcome): int(n) for outcome, n in cursor.fetchall()}


def queue_one(
    *,
    program: Program,
    member: Member,
    step: Step,
    now: datetime,
    enrolment_id: int | None = None,
    hop: int = 0,
    context: Mapping[str, Any] | None = None,
) -> str:
    """The same for one member, outside of any journey; what became of it. A repeat with the same prefix does nothing and
    says "repeat". Raises TemplateNotLive."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ASK)
        cursor.execute(
            f"INSERT INTO {ONE} VALUES (%s, %s, %s, 5, %s, false)",  # noqa: S608 - our own name
            [enrolment_id, member.pk, hop, json.dumps(dict(context or {}))],
        )
        counts = queue(program=program, step=step, rows=ONE, now=now)
    return next(iter(counts), "repeat")


def drop(*, program: Program, journey: int, now: datetime) -> int:
    """What waits for a journey that is stopped is not sent, whether its members are still in it or not; how many. For the
    caller's transaction."""
    return _cancel(OF_JOURNEY, {"journey": journey}, program, "exit", now)


@transaction.atomic
def call_back(*, program: Program, ids: Collection[int], by: User, now: datetime) -> int:
    """What staff do not want sent after all; how many still waited."""
    count = _cancel("m.id = ANY (%(ids)s)", {"ids": list(ids)}, program, "withdrawn", now)
    if count:
        audit.record(
            program=program, actor=by, action="message.call_back", subject="message",
            subject_id=min(ids), after={"count": count}, now=now,
        )  # fmt: skip
    return count


def take_back(*, program: Program, ids: Collection[int], reason: str, now: datetime) -> int:
    """What was queued a moment ago is not sent after all; how many. For the caller's transaction."""
    return _cancel("m.id = ANY (%(ids)s)", {"ids": list(ids)}, program, reason, now)


def hold(*, program: Program, journey: int) -> int:
    """What waits for a journey that is paused stays where it is; how many. For the caller's transaction."""
    return _turn(HOLD, program, journey)


def release(*, program: Program, journey: int) -> int:
    """It may go out again: what comes too late by then is told to be late when it is looked at; how many."""
    return _turn(RELEASE, program, journey)


def forget(*, member: Member, now: datetime) -> int:
    """What waits for a member who leaves; how many."""
    program = Program(pk=member.program_id)
    return _cancel("m.member_id = %(member)s", {"member": member.pk}, program, "inactive", now)


OF_JOURNEY = """
    m.version_id IN (SELECT v.id FROM campaigns_journeyversion v WHERE v.journey_id = %(journey)s)
"""
TURN = """
    UPDATE campaigns_message m SET state = '{after}' WHERE m.program_id = %(program)s AND m.state = '{before}'
        AND {which}
"""
HOLD = TURN.format(before="queued", after="held", which=OF_JOURNEY)
RELEASE = TURN.format(before="held", after="queued", which=OF_JOURNEY)


# --- parts ------------------------------------------------------------------------------------------------------------


def _cancel(which: str, values: dict[str, Any], program: Program, reason: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        statement = CANCEL.format(which=which, aftermath=gate.AFTERMATH)
        cursor.execute(statement, {"program": program.pk, "reason": reason, "now": now, **values})
        return int(cursor.fetchone()[0])


def _turn(statement: str, program: Program, journey: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"program": program.pk, "journey": journey})
        return int(cursor.rowcount)


def _values(program: Program, step: Step, now: datetime) -> dict[str, Any]:
    with scope(program=program):
        template = Template.objects.filter(program=program, pk=step.message_id).first()
    if template is None or template.live_id is None:
        raise TemplateNotLive(field="message")
    rules = manners.rules_of(program)
    kind = step.kind or template.kind
    is_marketing = kind == Kind.MARKETING
    own = OWN_HOURS if step.channel in OWN else rules.manners.late_hours
    late = timedelta(hours=step.late_hours or own)
    return {
        "program": program.pk,
        "zone": program.time_zone,
        "template": template.pk,
        "content": template.live_id,
        "version": step.version_id,
        "step": step.key,
        "prefix": f"{step.prefix}:" if step.prefix else "",
        "channel": step.channel,
        "kind": kind,
        "topic": step.topic or template.topic,
        "consent": gate.CONSENTS.get(step.channel, "") if is_marketing else "",
        "address": gate.ADDRESSES.get(step.channel, ""),
        "percent": rules.percent if is_marketing else 0,
        "salt": rules.salt,
        "caps": json.dumps(rules.caps_for(step.channel, kind)),
        "capped": step.capped,
        "is_quiet": rules.is_quiet(step.channel, kind),
        "quiet_from": rules.manners.quiet_from,
        "quiet_until": rules.manners.quiet_until,
        "now": now,
        "late": now + late,
    }


def message_of(*, program: Program, key: str) -> Message | None:
    """The message under a key, if there is one."""
    with scope(program=program):
        return Message.objects.filter(idem_key=key).first()

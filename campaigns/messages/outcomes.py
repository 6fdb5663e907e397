"""What became of a message: recorded once it is known, by us, by the provider later, or by staff."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import F
from django_scopes import scope, scopes_disabled

from campaigns.channels.letter import Fate, Letter, Outcome
from campaigns.messages import gate, suppressions
from campaigns.messages.letters import Unsendable
from campaigns.models import Kind, Message
from members import audit
from members.models import Event, Program, User

log = logging.getLogger(__name__)

# Pauses after each try that surely reached nobody.
PAUSES = (10, 60, 300, 900, 3600, 3600, 3600)
States = Message.State

RECORD = """
    UPDATE campaigns_message m SET state = f.state, provider = %(way)s, provider_id = f.provider_id, trouble = f.trouble,
        lease_until = NULL, sent_at = CASE WHEN f.state = 'sent' THEN %(now)s::timestamptz ELSE m.sent_at END,
        not_before = coalesce(f.again, m.not_before)
    FROM jsonb_to_recordset(%(found)s::jsonb)
        AS f(id bigint, state text, provider_id text, trouble text, again timestamptz)
    WHERE m.id = f.id AND m.state = 'sending'
"""
REFUSE = """
    WITH gone AS (
        UPDATE campaigns_message m SET state = 'cancelled', reason = f.reason, trouble = f.trouble, lease_until = NULL
        FROM jsonb_to_recordset(%(found)s::jsonb) AS f(id bigint, reason text, trouble text)
        WHERE m.id = f.id AND m.state = 'sending'
        RETURNING m.*
    ),
    {aftermath}
    SELECT count(*) FROM gone
"""


def record(
    *,
    program: Program,
    way: str,
    messages: Iterable[Message],
    found: Sequence[tuple[Letter, Outcome]],
    now: datetime,
) -> None:
    """Keep what is known of each letter; a repeat changes nothing. `messages` are theirs, as they were claimed."""
    if not found:
        return
    rows = {row.pk: row for row in messages}
    with scope(program=program), transaction.atomic():
        told = [_told(rows[letter.message_id], outcome, now) for letter, outcome in found]
        with connection.cursor() as cursor:
            cursor.execute(RECORD, {"way": way, "found": orjson.dumps(told).decode(), "now": now})
        for letter, outcome in found:
            if outcome.fate == Fate.BOUNCED:
                message = rows[letter.message_id]
                suppressions.add(message=message, address=letter.to, reason="bounce", now=now)


def refuse(*, program: Program, refused: Collection[tuple[int, Unsendable]], now: datetime) -> None:
    """Those of which no letter can be made are not sent, and do not count."""
    if not refused:
        return
    told = [{"id": pk, "reason": each.reason, "trouble": each.trouble} for pk, each in refused]
    statement = REFUSE.format(aftermath=gate.AFTERMATH)
    with scope(program=program), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, {"found": orjson.dumps(told).decode(), "now": now})


def recover(*, now: datetime) -> int:
    """After a sender died: marketing is unknown, what is needed is due again; how many."""
    with scopes_disabled():
        lost = Message.objects.filter(state=States.SENDING, lease_until__lt=now)
        unknown = lost.filter(kind=Kind.MARKETING).update(
            state=States.UNKNOWN, lease_until=None, trouble="sender_died"
        )
        again = Message.objects.filter(state=States.SENDING, lease_until__lt=now).update(
            state=States.QUEUED, lease_until=None
        )
    return unknown + again


def settle(*, message: Message, state: str, by: User, now: datetime) -> bool:
    """Staff say what became of a message that nobody knows of: sent, failed, or to be sent once more ("queued")."""
    if state not in {States.SENT, States.FAILED, States.QUEUED}:
        return False
    again: dict[str, Any] = (
        {"not_before": now, "expires_at": now + timedelta(days=1)} if state == States.QUEUED else {}
    )
    with scope(program=message.program), transaction.atomic():
        unknown = Message.objects.filter(pk=message.pk, state=States.UNKNOWN)
        changed = unknown.update(state=state, sent_at=now if state == States.SENT else None, **again)
        if changed:
            audit.record(
                program=message.program, actor=by, action="message.settle", subject="message",
                subject_id=message.pk, after={"state": state}, now=now,
            )  # fmt: skip
    return bool(changed)


def report(*, message: Message, kind: str, now: datetime, address: str = "") -> None:
    """What a provider says later: delivered, bounced, complained, opened or clicked. Repeats change nothing; a bounce or
    a complaint stops the address."""
    with scope(program=message.program), transaction.atomic():
        mine = Message.objects.filter(pk=message.pk)
        if kind == "delivered":
            open_states = (States.SENT, States.UNKNOWN, States.SENDING)
            mine.filter(state__in=open_states).update(
                state=States.DELIVERED, delivered_at=now, lease_until=None, sent_at=_or(F("sent_at"), now)
            )
        elif kind == "bounced":
            mine.exclude(state=States.CANCELLED).update(state=States.BOUNCED, lease_until=None)
            suppressions.add(message=message, address=address, reason="bounce", now=now)
        elif kind == "complained":
            suppressions.add(message=message, address=address, reason="complaint", now=now)
        elif kind in {"opened", "clicked"}:
            note(message=message, kind=kind, now=now)


def note(*, message: Message, kind: str, now: datetime) -> bool:
    """A message was opened, clicked, put away or its code redeemed, for the first time; whether it was. The log learns of
    it, so that journeys can wait for it."""
    field = f"{kind}_at"
    with scope(program=message.program), transaction.atomic():
        changed = Message.objects.filter(pk=message.pk, **{f"{field}__isnull": True}).update(**{field: now})
        if changed:
            Event.objects.create(
                program_id=message.program_id,
                holder_id=message.member_id,
                kind=f"message.{kind}",
                occurred_at=now,
                recorded_at=now,
                data={"message": message.pk, "template": message.template_id, "channel": message.channel},
            )
    return bool(changed)


# --- parts ------------------------------------------------------------------------------------------------------------


def _or(kept: Any, value: datetime) -> Any:
    from django.db.models import Value
    from django.db.models.functions import Coalesce

    return Coalesce(kept, Value(value))


def _told(message: Message, outcome: Outcome, now: datetime) -> dict[str, Any]:
    state, again = _state(message, outcome, now)
    return {
        "id": message.pk,
        "state": state,
        "provider_id": outcome.provider_id,
        "trouble": outcome.trouble,
        "again": again,
    }


def _state(message: Message, outcome: Outcome, now: datetime) -> tuple[str, datetime | None]:
    """Its state, and when it is tried again."""
    needed = message.kind == Kind.TRANSACTIONAL
    is_retry = outcome.fate == Fate.RETRY or (outcome.fate == Fate.UNKNOWN and needed)
    if not is_retry:
        return str(outcome.fate), None
    if message.attempts > len(PAUSES):
        return str(States.FAILED), None
    return str(States.QUEUED), now + timedelta(seconds=PAUSES[message.attempts - 1])

"""What tests of messages build with: a template in force, members who agreed, and rows as a journey's step asks them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from campaigns.messages import outbox
from campaigns.models import Decision, Manners, Message, Template, TemplateVersion
from members import consent
from members.models import Member, Program
from tests.rewards import builders as b

NOON = b.moment("2026-06-10")
CONTENT = {
    "email": {"en": {"subject": "Hello {{ member.name }}", "html": "<p>Hello {{ member.name }}</p>"}},
    "sms": {"en": {"text": "Hello {{ member.name }}"}},
    "push": {"en": {"title": "Hello", "text": "Hello {{ member.name }}"}},
    "inapp": {"en": {"title": "Hello", "text": "Hello {{ member.name }}", "place": "banner"}},
}

_numbers = itertools.count(1)


def template(program: Program, *, content: dict[str, Any] | None = None, **facts: Any) -> Template:
    """In force since long ago."""
    given = {"name": f"Template {next(_numbers)}"} | facts
    with scope(program=program):
        made = Template.objects.create(program=program, draft=content or CONTENT, **given)
        version = TemplateVersion.objects.create(
            program=program,
            template=made,
            number=1,
            content=content or CONTENT,
            digest="-",
            published_at=b.LONG_AGO,
        )
        made.live, made.state = version, "live"
        made.save()
    return made


def join(program: Program, name: str, *, agrees: Iterable[str] = ("email",), **facts: Any) -> Member:
    """A member who agreed to offers on these channels."""
    member = b.join(program, name, name=name.title(), **facts)
    for channel in agrees:
        consent.grant(member=member, channel=channel, topic="offers", source="test", now=b.LONG_AGO)
    return member


def behave(program: Program, **values: Any) -> Manners:
    """The manners of a program; without quiet hours unless they are given."""
    quiet = {"quiet_from": "00:00", "quiet_until": "00:00"}
    with scope(program=program):
        return Manners.objects.update_or_create(program=program, defaults=quiet | values)[0]


def ask(
    program: Program,
    template: Template,
    *members: Member,
    now: datetime = NOON,
    enrolments: Iterable[int] | None = None,
    priorities: Iterable[int] | None = None,
    holdout: bool = False,
    hop: int = 0,
    keep: bool = False,
    **step: Any,
) -> dict[str, int]:
    """Queue one message for each, as a chunk of a journey does; how many by outcome."""
    numbers = list(enrolments or (member.pk for member in members))
    order = list(priorities or (5 for _ in members))
    facts = {"channel": "email", "key": "s1", "version_id": 1} | step
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE chunk (enrolment_id bigint, member_id bigint, hop int, priority int,"
            " context jsonb, holdout boolean) ON COMMIT DROP"
        )
        for number, member, priority in zip(numbers, members, order, strict=True):
            cursor.execute(
                "INSERT INTO chunk VALUES (%s, %s, %s, %s, %s, %s)",
                [number, member.pk, hop, priority, json.dumps({}), holdout],
            )
        counts = outbox.queue(
            program=program, step=outbox.Step(message_id=template.pk, **facts), rows="chunk", now=now
        )
        if keep:
            cursor.execute("SELECT enrolment_id, due_at FROM deferred ORDER BY 1")
            counts["put_off"] = cursor.fetchall()
            cursor.execute("SELECT enrolment_id FROM exited ORDER BY 1")
            counts["sent_out"] = [number for (number,) in cursor.fetchall()]
        if connection.in_atomic_block:
            cursor.execute("DROP TABLE chunk")
    return counts


def say(
    program: Program,
    member: Member,
    *,
    template: int,
    channel: str = "email",
    now: datetime = NOON,
    **step: Any,
) -> Message | None:
    """One message outside of journeys; none where the gate stopped it."""
    prefix = f"said-{next(_numbers)}"
    asked = outbox.Step(message_id=template, channel=channel, prefix=prefix, **step)
    outbox.queue_one(program=program, member=member, step=asked, now=now)
    found = messages(program)
    return found[-1] if found else None


def messages(program: Program, **wanted: Any) -> list[Message]:
    with scope(program=program):
        return list(Message.objects.filter(**wanted).order_by("pk"))


def decisions(program: Program, **wanted: Any) -> list[Decision]:
    with scope(program=program):
        return list(Decision.objects.filter(**wanted).order_by("pk"))

"""Messages leave: claimed, committed, handed over, recorded. Marketing goes at most once, what is needed at least once.

What stops a message is read again in the claim: consent that was withdrawn since, an address that bounced, a time that
is over. A claim is a lease. When its holder dies, marketing is unknown and stays so until the provider reports or staff
decide; what is needed goes out again under the same key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django_scopes import scope

from campaigns import marks
from campaigns.channels import providers
from campaigns.channels.letter import Fate, Letter, Outcome, Way
from campaigns.messages import gate, letters, manners, outcomes, timing
from campaigns.models import Carrier, Message, Provider, TemplateVersion
from loyaltysite.kit import buckets
from loyaltysite.kit.errors import DomainError
from members.models import Program

log = logging.getLogger(__name__)

# Letters in one hand: it grows while they go quickly, so that a death in the middle leaves about a second's work unknown.
LEAST, BATCH, LARGEST = 10, 100, 800
LONG = 1.0
# What is in hand for so long is over before its lease is; what has not begun by then goes back.
HAND_SECONDS = 120.0
SECOND = 1000

# The pairs of channel and program that something is due for, by jumping from one to the next in the index.
DUE = """
    WITH RECURSIVE pair AS (
        (SELECT channel, program_id FROM campaigns_message WHERE state = 'queued' ORDER BY channel, program_id LIMIT 1)
        UNION ALL
        SELECT n.channel, n.program_id FROM pair p CROSS JOIN LATERAL (
            SELECT m.channel, m.program_id FROM campaigns_message m
            WHERE m.state = 'queued' AND (m.channel, m.program_id) > (p.channel, p.program_id)
            ORDER BY m.channel, m.program_id LIMIT 1) n
    )
    SELECT p.channel, p.program_id FROM pair p WHERE EXISTS (
        SELECT FROM campaigns_message m WHERE m.state = 'queued' AND m.channel = p.channel AND m.program_id = p.program_id
            AND m.not_before <= %(now)s)
"""
CLAIM = """
WITH due AS (
    SELECT m.id, m.member_id, m.kind, m.topic, m.expires_at, m.day, p.state AS member_state, p.merged_into_id,
        EXISTS (SELECT FROM campaigns_journeyversion v JOIN campaigns_journey j ON j.id = v.journey_id
            WHERE v.id = m.version_id AND j.state = 'stopped') AS is_over
    FROM campaigns_message m JOIN members_member p ON p.holder_id = m.member_id {clock}
    WHERE {due} AND NOT {is_late}
    ORDER BY m.not_before LIMIT %(most)s FOR UPDATE OF m SKIP LOCKED
),
judged AS (
    SELECT d.*, CASE WHEN d.is_over THEN 'exit' {stopped} WHEN d.expires_at < %(now)s THEN 'late' ELSE '' END AS stop
    FROM (SELECT due.*, CASE WHEN due.kind = 'marketing' THEN %(asked)s ELSE '' END AS consent FROM due) d
),
moved AS (
    UPDATE campaigns_message m SET state = CASE WHEN j.stop = '' THEN 'sending' ELSE 'cancelled' END, reason = j.stop,
        attempts = CASE WHEN j.stop = '' THEN m.attempts + 1 ELSE m.attempts END,
        lease_until = CASE WHEN j.stop = '' THEN %(until)s::timestamptz END
    FROM judged j WHERE m.id = j.id
    RETURNING m.*
),
gone AS (SELECT * FROM moved WHERE state = 'cancelled'),
{aftermath}
SELECT id, state FROM moved ORDER BY not_before, id
"""


def send(*, clock: Callable[[], datetime], seconds: float) -> int:
    """Send what is due, for so long at most; how many were claimed or cancelled. Safe to run twice, late, or on any number of
    workers."""
    until, done = time.monotonic() + seconds, 0
    outcomes.recover(now=clock())
    sizes: dict[tuple[str, int], int] = {}
    while time.monotonic() < until:
        taken = 0
        for channel, program in _due(clock()):
            size, begin = sizes.get((channel, program.pk), BATCH), time.monotonic()
            sent = send_some(program=program, channel=channel, clock=clock, most=size)
            sizes[channel, program.pk] = _size(size, sent, time.monotonic() - begin)
            taken += sent
            if time.monotonic() >= until:
                break
        if not taken:
            break
        done += taken
    return done


def send_some(
    *, program: Program, channel: str, clock: Callable[[], datetime], most: int | None = None
) -> int:
    """One batch of a program's channel; how many were claimed or cancelled."""
    with scope(program=program):
        provider, rules = providers.of(program=program, channel=channel), manners.rules_of(program)
        size = most or BATCH
        timing.put_right(program=program, channel=channel, rules=rules, now=clock(), most=size)
        room = _room(provider, size)
        ids, over = (
            claim(program=program, channel=channel, now=clock(), most=room, rules=rules) if room else ([], 0)
        )
        if ids:
            marks.reached("send.claimed")
            _hand_over(program, channel, provider, ids, clock)
    return len(ids) + over


def claim(
    *, program: Program, channel: str, now: datetime, most: int = BATCH, rules: manners.Rules | None = None
) -> tuple[list[int], int]:
    """Take what is due and may still be sent, and commit; the others are cancelled, each with its reason. Ids of those
    taken, and how many were cancelled. With `rules`, what came into the night or another day is left to be put right."""
    watched = timing.watches(program=program, channel=channel, rules=rules) if rules else None
    values: dict[str, Any] = {
        "program": program.pk,
        "channel": channel,
        "asked": gate.CONSENTS.get(channel, ""),
        "address": gate.ADDRESSES.get(channel, ""),
        "now": now,
        "until": now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS),
        "most": most,
        **(watched or {}),
    }
    statement = CLAIM.format(
        stopped=gate.STOPPED.format(row="d", consent="d.consent", topic="d.topic"),
        aftermath=gate.AFTERMATH,
        due=timing.DUE,
        clock=timing.CLOCK if watched else "",
        is_late=timing.IS_LATE if watched else "false",
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        moved = cursor.fetchall()
    ids = [number for number, state in moved if state == Message.State.SENDING]
    return ids, len(moved) - len(ids)


# --- parts ------------------------------------------------------------------------------------------------------------


def _size(size: int, taken: int, seconds: float) -> int:
    """Of the next batch, after one of this size took so long."""
    if seconds > LONG:
        return max(LEAST, size // 2)
    is_quick = taken >= size and seconds < LONG / 2
    return min(LARGEST, size * 2) if is_quick else size


def _due(now: datetime) -> list[tuple[str, Program]]:
    """What is printed waits for its list (campaigns/messages/printing.py)."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": now})
        found = cursor.fetchall()
    programs = Program.objects.in_bulk({number for _channel, number in found})
    return [(channel, programs[number]) for channel, number in found if channel != Carrier.PRINT]


def _room(provider: Provider | None, most: int) -> int:
    """How many the provider takes now: a bucket that holds what goes in one second, so that no backlog is a burst."""
    if provider is None or not provider.per_second:
        return most
    name = f"provider:{provider.pk}"
    taken = 0
    while taken < most and buckets.take(name, per_minute=provider.per_second, window=SECOND).is_allowed:
        taken += 1
    return taken


def _hand_over(
    program: Program,
    channel: str,
    provider: Provider | None,
    ids: Sequence[int],
    clock: Callable[[], datetime],
) -> None:
    rows = _read(ids)
    made = letters.of(program=program, messages=rows, now=clock())
    refused = [(row.pk, each) for row, each in made if isinstance(each, letters.Unsendable)]
    ready = [each for _row, each in made if isinstance(each, Letter)]
    outcomes.refuse(program=program, refused=refused, now=clock())
    name, found = "", []
    for way, letter, outcome in _go(provider, channel, _in_time(ready)):
        name = way
        found.append((letter, outcome))
        marks.reached("send.handed")
    found += [(letter, Outcome(Fate.RETRY, trouble="slow")) for letter in ready[len(found) :]]
    outcomes.record(program=program, way=name, messages=rows, found=found, now=clock())
    marks.reached("send.recorded")


def _read(ids: Sequence[int]) -> list[Message]:
    """Each with its content, which is one object for all of the same."""
    rows = list(Message.objects.filter(pk__in=ids).order_by("not_before", "pk"))
    versions = TemplateVersion.objects.in_bulk({row.content_id for row in rows})
    for row in rows:
        row.content = versions[row.content_id]
    return rows


def _in_time(ready: Sequence[Letter]) -> Iterator[Letter]:
    until = time.monotonic() + HAND_SECONDS
    for letter in ready:
        if time.monotonic() > until:
            return
        yield letter


def _go(
    provider: Provider | None, channel: str, ready: Iterable[Letter]
) -> Iterator[tuple[str, Letter, Outcome]]:
    try:
        way: Way = providers.way_of(provider, channel)
    except (DomainError, OSError, KeyError, ValueError) as error:
        log.warning("a provider cannot be used", extra={"channel": channel, "error": type(error).__name__})
        for letter in ready:
            yield "", letter, Outcome(Fate.RETRY, trouble="no_provider")
        return
    for letter, outcome in way.send(ready):
        yield way.name, letter, outcome

"""Messages go out at least once: claimed, committed, sent, and tried again for three days while nobody answers.

A claim is a lease: whoever dies in between, the message is due again when it ends, under the same number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django_scopes import scope, scopes_disabled

from members.models import Webhook, WebhookMessage
from members.webhooks import endpoints, payloads
from members.webhooks.requests import Answer, Call, post

log = logging.getLogger(__name__)

# Pauses after each failed try; after the last one it is given up.
MINUTE, HOUR = 60, 3_600
PAUSES = (
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
    24 * HOUR,
)
LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(days=1)
# When nothing has arrived for so long, we stop by ourselves.
SILENCE = timedelta(days=5)
KEPT = timedelta(days=30)
# So many messages are under way together, and so many of them to one address.
AT_ONCE, EACH = 8, 2
# Of an address that fails one message finds out whether it answers again.
CLAIM = """
    UPDATE members_webhookmessage t SET tries = t.tries + 1, tried_at = %(now)s, due_at = %(until)s
    FROM (
        SELECT m.id FROM members_webhook w CROSS JOIN LATERAL (
            SELECT d.id FROM members_webhookmessage d WHERE d.webhook_id = w.id AND d.due_at <= %(now)s
            ORDER BY d.due_at LIMIT CASE WHEN w.failing_since IS NULL THEN %(each)s ELSE 1 END
            FOR UPDATE SKIP LOCKED
        ) m WHERE w.state = 'live' LIMIT %(most)s
    ) due
    WHERE t.id = due.id RETURNING t.id
"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    message: WebhookMessage
    call: Call | None


def send(*, clock: Callable[[], datetime], seconds: float) -> int:
    """Send what is due, for so long at most; how many were tried. Safe to run twice, late, or on any number of workers."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        ids = _claim(clock())
        if not ids:
            break
        _send([each for program in _load(ids) for each in program], clock)
        done += len(ids)
    return done


def forget(*, now: datetime) -> int:
    """Remove messages after a month, whatever became of them; how many."""
    with scopes_disabled():
        return WebhookMessage.objects.filter(made_at__lt=now - KEPT).delete()[0]


# --- parts ------------------------------------------------------------------------------------------------------------


def _send(outgoing: Sequence[Outgoing], clock: Callable[[], datetime]) -> None:
    """All at once; what came of each is kept as soon as it is known, and no fault of one touches another."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        under_way = {threads.submit(_post, each): each.message for each in outgoing}
        for answered in as_completed(under_way):
            message = under_way[answered]
            try:
                _record(message, answered.result(), clock())
            except Exception:
                log.exception("what came of a webhook's message is lost", extra={"message_id": message.pk})


def _post(each: Outgoing) -> Answer:
    return post(each.call) if each.call else Answer(None, "no_secret")


def _claim(now: datetime) -> list[int]:
    values: dict[str, Any] = {"now": now, "until": now + LEASE, "each": EACH, "most": AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return [number for (number,) in cursor.fetchall()]


def _load(ids: Sequence[int]) -> list[list[Outgoing]]:
    with scopes_disabled():
        rows = list(
            WebhookMessage.objects.filter(pk__in=ids)
            .select_related("webhook", "program")
            .order_by("program_id", "pk")
        )
    found = []
    for program, group in groupby(rows, key=attrgetter("program")):
        with scope(program=program):
            found.append([Outgoing(message, _call(message)) for message in group])
    return found


def _call(message: WebhookMessage) -> Call | None:
    try:
        return _signed(message)
    except Exception:
        log.exception("a webhook's message cannot be written", extra={"message_id": message.pk})
        return None


def _signed(message: WebhookMessage) -> Call | None:
    moment = message.tried_at
    assert moment is not None  # noqa: S101 - the claim has just set it
    keys = payloads.secrets_of(message.webhook, moment)
    if not keys:
        return None
    content = payloads.body(message, message.program)
    return Call(message.webhook.url, content, payloads.headers(message, content, keys, moment))


def _record(message: WebhookMessage, answer: Answer, now: datetime) -> None:
    """What came of it. Whoever holds the message now, if the lease was over, is not disturbed."""
    with scope(program=message.program), transaction.atomic():
        if not answer.is_taken or message.webhook.failing_since:
            # The address before its messages, as whoever ends it does.
            Webhook.objects.select_for_update(no_key=True).get(pk=message.webhook_id)
        mine = WebhookMessage.objects.filter(pk=message.pk, tries=message.tries, state="waiting")
        told = {"status": answer.status, "trouble": answer.trouble}
        if answer.is_taken:
            mine.update(state="sent", due_at=None, **told)
            _arrives(message)
            return
        is_over = answer.is_gone or message.tries > len(PAUSES)
        if is_over:
            mine.update(state="failed", due_at=None, **told)
        else:
            mine.update(due_at=now + _pause(message, answer, now), **told)
        _fails(message, answer, now)


def _pause(message: WebhookMessage, answer: Answer, now: datetime) -> timedelta:
    """Longer each time, and as long as the receiver asks; a little different for each, so that not all come at once."""
    seconds = PAUSES[message.tries - 1] * (1 + message.pk % 100 / 1000)
    return max(timedelta(seconds=seconds), min(_asked(answer, now), LONGEST_WAIT))


def _asked(answer: Answer, now: datetime) -> timedelta:
    """Retry-After, in seconds or as a date."""
    text = answer.retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**6))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta()
    return moment.replace(tzinfo=moment.tzinfo or UTC) - now


def _arrives(message: WebhookMessage) -> None:
    Webhook.objects.filter(pk=message.webhook_id, failing_since__isnull=False).update(failing_since=None)


def _fails(message: WebhookMessage, answer: Answer, now: datetime) -> None:
    webhook = Webhook.objects.get(pk=message.webhook_id)
    if answer.is_gone:
        endpoints.stop(webhook=webhook, reason="gone", now=now)
    elif webhook.failing_since is None:
        Webhook.objects.filter(pk=webhook.pk, failing_since__isnull=True).update(failing_since=now)
    elif webhook.failing_since <= now - SILENCE:
        endpoints.stop(webhook=webhook, reason="silent", now=now)

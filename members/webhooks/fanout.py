"""Of each event a message for every address that wants it; written with the delivery, so that none is lost or doubled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from members import followers
from members.models import Event, Program, Webhook, WebhookMessage
from members.webhooks import topics
from members.webhooks.endpoints import FOLLOWER

# What had happened so long before it was told is history, such as a file of last year's orders.
PAST = timedelta(days=7)


def tell(program: Program, events: Sequence[Event], now: datetime) -> None:
    """A follower's handle, see members/followers.py."""
    listening = list(Webhook.objects.filter(program=program).exclude(state=Webhook.State.ENDED))
    WebhookMessage.objects.bulk_create(
        (
            WebhookMessage(
                program=program, webhook=webhook, event_id=event.pk, kind=event.kind, number=f"evt_{event.pk}",
                made_at=now, due_at=now,
            )
            for event in events
            for webhook in listening
            if topics.covers(webhook.topics, event.kind) and event.recorded_at - event.occurred_at <= PAST
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def register() -> None:
    """Called by the app's ready()."""
    followers.register(followers.Follower(FOLLOWER, tell))

"""A program's webhooks: made, changed, given a new secret, paused and ended; each step audited."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit, followers
from members.models import Program, User, Webhook, WebhookMessage
from members.webhooks import addresses, payloads, topics

FOLLOWER = "webhooks"
# So long the secret before signs as well.
FORMER = timedelta(days=1)
MOST = 20
State = Webhook.State


class WebhookNameMissing(DomainError):
    code = "webhook_name_missing"
    message = _("Give it a name that says what listens there.")


class TopicUnknown(DomainError):
    code = "topic_unknown"
    message = _("Choose from the list.")


class TooMany(Conflict):
    code = "webhooks_too_many"
    message = _("There may be at most %(most)d webhooks.")


class WebhookEnded(Conflict):
    code = "webhook_ended"
    message = _("This webhook has ended. Make a new one.")


def create(
    *, program: Program, name: str, url: str, wanted: Collection[str], by: User, now: datetime
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which the owner's page does not show again.

    Raises WebhookNameMissing, AddressRefused, TopicUnknown, TooMany."""
    values = _checked(name, url, wanted)
    secret = payloads.draw()
    with scope(program=program), transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        if _in_use(program).count() >= MOST:
            raise TooMany(most=MOST)
        webhook = Webhook.objects.create(
            program=program,
            secret_sealed=payloads.seal(secret, program.pk),
            created_by=by,
            created_at=now,
            **values,
        )
        _record(webhook, "webhook.create", by, now, after=_told(webhook))
        _follow(program)
    return webhook, secret


def change(
    *, webhook: Webhook, name: str, url: str, wanted: Collection[str], by: User, now: datetime
) -> Webhook:
    """Messages that wait go to the new address. A repeat changes nothing.

    Raises WebhookNameMissing, AddressRefused, TopicUnknown, WebhookEnded."""
    values = _checked(name, url, wanted)
    with scope(program=webhook.program), transaction.atomic():
        fresh = _lock(webhook)
        before = _told(fresh)
        for field, value in values.items():
            setattr(fresh, field, value)
        after = _told(fresh)
        if after != before:
            fresh.save(update_fields=list(values))
            _record(
                fresh, "webhook.change", by, now, before=audit.changed(before, after),
                after=audit.changed(after, before),
            )  # fmt: skip
    return fresh


def renew_secret(*, webhook: Webhook, by: User, now: datetime) -> str:
    """A new secret; the one before signs for another day, so that the receiver can change over. Raises WebhookEnded."""
    secret = payloads.draw()
    with scope(program=webhook.program), transaction.atomic():
        fresh = _lock(webhook)
        fresh.former_sealed, fresh.former_until = fresh.secret_sealed, now + FORMER
        fresh.secret_sealed = payloads.seal(secret, fresh.program_id)
        fresh.save(update_fields=["former_sealed", "former_until", "secret_sealed"])
        _record(fresh, "webhook.secret", by, now)
    return secret


def pause(*, webhook: Webhook, by: User, now: datetime) -> Webhook:
    """Nothing goes out; what happens meanwhile waits. A repeat changes nothing. Raises WebhookEnded."""
    return _move(webhook, State.PAUSED, "webhook.pause", by, now)


def resume(*, webhook: Webhook, by: User, now: datetime) -> Webhook:
    """Send on, what waits first. A repeat changes nothing. Raises WebhookEnded."""
    return _move(webhook, State.LIVE, "webhook.resume", by, now)


def end(*, webhook: Webhook, by: User, now: datetime) -> Webhook:
    """For good: what waits is not sent any more. Raises WebhookEnded."""
    with scope(program=webhook.program), transaction.atomic():
        # As create() does first: of the last one's end and a new one's making, one sees the other.
        Program.objects.select_for_update(no_key=True).get(pk=webhook.program_id)
        return _move(webhook, State.ENDED, "webhook.end", by, now)


def stop(*, webhook: Webhook, reason: str, now: datetime) -> None:
    """Pause it by itself, because the receiver said so ("gone") or nothing arrives ("silent"). For the program in scope."""
    fresh = Webhook.objects.select_for_update(of=("self",)).select_related("program").get(pk=webhook.pk)
    if fresh.state == State.LIVE:
        _set(fresh, State.PAUSED, "webhook.stop", None, now, reason=reason)


def test(*, webhook: Webhook, now: datetime) -> WebhookMessage:
    """A message about nothing, to try the address. Raises WebhookEnded."""
    with scope(program=webhook.program), transaction.atomic():
        fresh = _lock(webhook)
        return WebhookMessage.objects.create(
            program=fresh.program, webhook=fresh, kind=topics.TEST, number=f"test_{secrets.token_hex(8)}",
            made_at=now, due_at=now,
        )  # fmt: skip


def send_again(*, webhook: Webhook, message_id: int, now: datetime) -> bool:
    """Take a message up again that was given up or delivered, under its old number; whether there is one."""
    with scope(program=webhook.program), transaction.atomic():
        fresh = _lock(webhook)
        rows = WebhookMessage.objects.filter(webhook=fresh, pk=message_id).exclude(state="waiting")
        return bool(rows.update(state="waiting", tries=0, due_at=now, trouble=""))


# --- parts ------------------------------------------------------------------------------------------------------------


def _checked(name: str, url: str, wanted: Collection[str]) -> dict[str, object]:
    if not name.strip():
        raise WebhookNameMissing(field="name")
    if not set(wanted) <= set(topics.KEYS):
        raise TopicUnknown(field="topics")
    addresses.parse(url.strip())
    return {
        "name": name.strip()[:120],
        "url": url.strip(),
        "topics": [key for key in topics.KEYS if key in wanted],
    }


def _in_use(program: Program) -> QuerySet[Webhook]:
    return Webhook.objects.filter(program=program).exclude(state=State.ENDED)


def _follow(program: Program) -> None:
    """The log is followed as long as somebody is to be told."""
    if _in_use(program).exists():
        followers.follow(program=program, follower=FOLLOWER)
    else:
        followers.unfollow(program=program, follower=FOLLOWER)


def _lock(webhook: Webhook) -> Webhook:
    fresh = Webhook.objects.select_for_update(of=("self",)).select_related("program").get(pk=webhook.pk)
    if fresh.state == State.ENDED:
        raise WebhookEnded
    return fresh


def _move(webhook: Webhook, state: str, action: str, by: User, now: datetime) -> Webhook:
    with scope(program=webhook.program), transaction.atomic():
        fresh = _lock(webhook)
        if fresh.state != state:
            _set(fresh, state, action, by, now)
    return fresh


def _set(fresh: Webhook, state: str, action: str, by: User | None, now: datetime, reason: str = "") -> None:
    before, fresh.state, fresh.stopped_for = fresh.state, state, reason
    fresh.failing_since = None if state == State.LIVE else fresh.failing_since
    fresh.save(update_fields=["state", "stopped_for", "failing_since"])
    _record(fresh, action, by, now, before={"state": before}, after={"state": state}, reason=reason)
    if state == State.ENDED:
        WebhookMessage.objects.filter(webhook=fresh, state="waiting").update(state="failed", due_at=None)
        _follow(fresh.program)


def _told(webhook: Webhook) -> dict[str, object]:
    """The address by its host and a print: some receivers keep a secret in its path."""
    mark = hashlib.sha256(webhook.url.encode()).hexdigest()[:8]
    return {
        "name": webhook.name,
        "host": urlsplit(webhook.url).hostname,
        "address": mark,
        "topics": list(webhook.topics),
    }


def _record(
    webhook: Webhook,
    action: str,
    by: User | None,
    now: datetime,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        program=webhook.program, actor=by, action=action, subject="webhook", subject_id=str(webhook.pk),
        before=before, after=after, reason=reason, now=now,
    )  # fmt: skip

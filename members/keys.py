"""API keys: the secret is shown once and only its digest is kept; a key belongs to one program and may be revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import ApiAnswer, ApiKey, Program, Scope, User

MARK = "wafa"
MOST_PER_MINUTE = 1_000_000
ANSWERS_LIVE = timedelta(days=30)
CHUNK = 10_000


class KeyNameMissing(DomainError):
    code = "key_name_missing"
    message = _("Give the key a name that says what uses it.")


class KeyScopesInvalid(DomainError):
    code = "key_scopes_invalid"
    message = _("Choose at least one thing that the key may do.")


class KeyEndInvalid(DomainError):
    code = "key_end_invalid"
    message = _("The end lies in the past.")


class KeyLimitInvalid(DomainError):
    code = "key_limit_invalid"
    message = _("Give a whole number from 1 to 1,000,000.")


class KeyReasonMissing(DomainError):
    code = "reason_missing"
    message = _("Give a reason.")


class KeysUnanswered(Conflict):
    code = "keys_unanswered"
    message = _("Nobody else would answer for your own keys: let them end, or ask another owner to do this.")


class KeyRevoked(Conflict):
    code = "key_already_revoked"
    message = _("This key was revoked already.")


def create(
    *,
    program: Program,
    name: str,
    scopes: Collection[str],
    by: User,
    now: datetime,
    expires_at: datetime | None = None,
    reads_per_minute: int = 600,
    writes_per_minute: int = 300,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere and cannot be shown again.

    Raises KeyNameMissing, KeyScopesInvalid, KeyEndInvalid, KeyLimitInvalid.
    """
    if not name.strip():
        raise KeyNameMissing(field="name")
    if not scopes or not set(scopes) <= set(Scope.values):
        raise KeyScopesInvalid(field="scopes")
    if expires_at is not None and expires_at <= now:
        raise KeyEndInvalid(field="expires_at")
    for field, limit in (("reads_per_minute", reads_per_minute), ("writes_per_minute", writes_per_minute)):
        if not 1 <= limit <= MOST_PER_MINUTE:
            raise KeyLimitInvalid(field=field)
    prefix = secrets.token_hex(4)
    secret = f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    with scope(program=program), transaction.atomic():
        key = ApiKey.objects.create(
            program=program,
            name=name.strip()[:120],
            prefix=prefix,
            digest=digest(secret),
            scopes=[value for value in Scope.values if value in scopes],
            reads_per_minute=reads_per_minute,
            writes_per_minute=writes_per_minute,
            created_by=by,
            created_at=now,
            expires_at=expires_at,
        )
        _audit(key, "key.create", by, now, after={"name": key.name, "scopes": key.scopes})
    return key, secret


@transaction.atomic
def revoke(*, key: ApiKey, reason: str, by: User, now: datetime) -> ApiKey:
    """No request with this key is answered from now on. Raises KeyReasonMissing, KeyRevoked."""
    if not reason.strip():
        raise KeyReasonMissing(field="reason")
    with scope(program=key.program):
        fresh = ApiKey.objects.select_for_update().get(pk=key.pk)
        if fresh.revoked_at is not None:
            raise KeyRevoked
        fresh.revoked_at, fresh.revoked_by, fresh.revoke_reason = now, by, reason.strip()[:300]
        fresh.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
        _audit(fresh, "key.revoke", by, now, reason=fresh.revoke_reason)
    return fresh


def part_with(*, program: Program, user: User, keeps: bool, by: User | None, now: datetime) -> int:
    """The keys in force that act in the name of somebody who is owner no longer: `by` answers for them from now on
    where they are kept, else they are revoked. How many they were; `by` may be unknown, and then they end.

    Call it in the transaction of the change. Raises KeysUnanswered.
    """
    with scope(program=program):
        found = of_author(program=program, user=user, now=now).select_for_update(of=("self",))
        mine = list(found.order_by("pk"))
        if mine and keeps and by in {None, user}:
            raise KeysUnanswered(field="keys")
        for key in mine:
            if keeps and by is not None:
                key.handed_to = by
                key.save(update_fields=["handed_to"])
                _audit(key, "key.hand_over", by, now, before={"author": user.pk}, after={"author": by.pk})
            else:
                revoke(key=key, reason=str(_("Its maker is no longer an owner.")), by=by or user, now=now)
    return len(mine)


def of_author(*, program: Program, user: User, now: datetime) -> QuerySet[ApiKey]:
    """The keys in force that act in this person's name."""
    ours = Q(handed_to=user) | Q(handed_to=None, created_by=user)
    in_force = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(ours, in_force, program=program, revoked_at=None)


def digest(secret: str) -> bytes:
    """What is kept of a secret. Its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def forget_answers(*, program: Program, now: datetime, limit: int) -> int:
    """Remove stored answers older than 30 days, at most `limit` of them; how many went."""
    gone = 0
    with scope(program=program):
        while gone < limit:
            old = ApiAnswer.objects.filter(answered_at__lt=now - ANSWERS_LIVE)
            names = list(old.values_list("key", flat=True)[: min(CHUNK, limit - gone)])
            if not names:
                break
            gone += ApiAnswer.objects.filter(program=program, key__in=names).delete()[0]
    return gone


def _audit(
    key: ApiKey,
    action: str,
    by: User,
    now: datetime,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        program=key.program,
        actor=by,
        action=action,
        subject="key",
        subject_id=key.prefix,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )

"""Stored answers: a request that moves value is answered once, and its repeats get the same bytes (SEMANTICS 15).

An answer is written in the transaction of its effect, so that neither is ever there without the other. A marker in Redis
tells that a request is still running; without it the database lets one of two equal requests through and the other is
given its answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import psycopg
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members.api.callers import Caller, Kept
from members.models import ApiAnswer

TABLE = "members_apianswer"
LONGEST = 255


class KeyMissing(DomainError):
    code = "idempotency_key_missing"
    message = _("Send an Idempotency-Key with every request that moves value.")
    status = 400


class KeyUnusable(DomainError):
    code = "idempotency_key_invalid"
    message = _("An Idempotency-Key has 1 to 255 printable ASCII characters.")
    status = 400


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was used for another request.")


class StillRunning(Conflict):
    code = "request_running"
    message = _("A request with this Idempotency-Key is still running.")


class TooDeep(DomainError):
    code = "too_deep"
    message = _("The content is nested too deeply.")
    status = 400


def check_key(key: str | None) -> str:
    """The key itself. Raises KeyMissing, KeyUnusable."""
    if key is None or not key.strip():
        raise KeyMissing(field="Idempotency-Key")
    if len(key) > LONGEST or not (key.isascii() and key.isprintable()):
        raise KeyUnusable(field="Idempotency-Key")
    return key


def canonical(method: str, path: str, content: Any) -> bytes:
    """What tells a repeat from another request: method, path and the content in canonical JSON. Raises TooDeep."""
    try:
        written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise TooDeep from error
    return f"v1 {method} {path} ".encode() + written


def values(caller: Caller, key: str, mark: bytes, status: int, body: bytes, now: datetime) -> dict[str, Any]:
    """The columns of a stored answer."""
    return {
        "program_id": caller.program.pk,
        "key": key,
        "fingerprint": mark,
        "status": status,
        "body": body,
        "answered_at": now,
    }


def is_taken(error: psycopg.Error | IntegrityError) -> bool:
    """Whether this says that the key has an answer already."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return isinstance(cause, psycopg.errors.UniqueViolation) and cause.diag.table_name == TABLE


def find(caller: Caller, key: str) -> Kept | None:
    """The answer kept under a key, if there is one by now."""
    row = ApiAnswer.objects.filter(program=caller.program, key=key).first()
    return None if row is None else Kept(bytes(row.fingerprint), row.status, bytes(row.body))


def store(caller: Caller, key: str, mark: bytes, status: int, body: bytes, now: datetime) -> None:
    """Keep an answer; call it in the transaction of its effect. Raises IntegrityError when the key has one already."""
    ApiAnswer.objects.create(**values(caller, key, mark, status, body, now))

"""Who calls: the key of a request, its program, and the answer kept under its idempotency key, in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from loyaltysite.kit import clock
from loyaltysite.kit.db import raw_cursor
from loyaltysite.kit.errors import NotAllowed
from members import keys
from members.models import Program, User

SEEN_EVERY = timedelta(minutes=1)

FIND = "SELECT * FROM wafa_caller(%s, %s)"  # members/sql/caller.sql
# Many requests at once write it once.
SEEN = """
    UPDATE members_apikey SET last_used_at = %s
    WHERE id = %s AND last_used_at IS NOT DISTINCT FROM %s
"""


class KeyInvalid(AuthenticationFailed):
    default_code = "key_invalid"
    default_detail = _("This API key is not known.")


class KeyEnded(AuthenticationFailed):
    default_code = "key_ended"
    default_detail = _("This API key has ended or was revoked.")


class AuthorGone(NotAllowed):
    """Teams end such keys or hand them over; this is for whoever was taken out in another way."""

    code = "author_gone"
    message = _("In whose name this key acts is no longer an owner of the program. Make a new key.")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before under the same idempotency key."""

    fingerprint: bytes
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """A key at work. It has proved its secret, is neither revoked nor over, and speaks for one program."""

    key_id: int
    prefix: str
    scopes: frozenset[str]
    reads_per_minute: int
    writes_per_minute: int
    author_id: int
    program: Program
    kept: Kept | None = None
    is_authenticated: bool = True

    @property
    def author(self) -> User:
        """Who answers for what the key does. More than the id is read only where it is asked for."""
        return User.from_db(None, ["id"], [self.author_id])


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer wafa_…`. No cookie is looked at, so nothing here can be forged across sites."""

    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        word, _space, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        secret = secret.strip()
        if word.lower() != "bearer" or not secret:
            return None
        caller = find(secret, kept_as=request.META.get("HTTP_IDEMPOTENCY_KEY", ""), now=clock.now())
        return caller, caller.prefix

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def find(secret: str, *, kept_as: str, now: datetime) -> Caller:
    """The caller with this secret. Raises KeyInvalid, KeyEnded and AuthorGone."""
    if "\0" in kept_as or len(kept_as) > 255:
        kept_as = ""
    with raw_cursor() as cursor:
        row = cursor.execute(FIND, [kept_as, keys.digest(secret)], prepare=True).fetchone()
        if row is None:
            raise KeyInvalid
        (
            key_id,
            prefix,
            scopes,
            reads,
            writes,
            author,
            is_owner,
            ends,
            revoked,
            seen,
            program_id,
            version,
            mark,
            *answer,
        ) = row
        if revoked is not None or (ends is not None and ends <= now):
            raise KeyEnded
        if not is_owner:
            raise AuthorGone
        if seen is None or now - seen >= SEEN_EVERY:
            cursor.execute(SEEN, [now, key_id, seen])
    kept = None if mark is None else Kept(bytes(mark), answer[0], bytes(answer[1]))
    program = _program(program_id, version)
    return Caller(key_id, prefix, frozenset(scopes), reads, writes, author, program, kept)


_programs: dict[int, tuple[str, Program]] = {}


def _program(program_id: int, version: str) -> Program:
    """The program's settings, read again whenever its row has been written."""
    known: Mapping[int, tuple[str, Program]] = _programs
    found = known.get(program_id)
    if found is None or found[0] != version or found[1].pk != program_id:
        found = _programs[program_id] = version, Program.objects.get(pk=program_id)
    return found[1]

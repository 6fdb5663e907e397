"""A person leaves and is gone: nothing that names them stays, the books stay as they are, and a keyed mark of each
identity keeps an import from bringing them back.

The member's row stays without a name, an identity or its number, so that orders and entries keep their sums. Who comes
back by own will is a new member, and takes up again what was owed and what was once for ever (the burden).
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django_scopes import scope

from members import accounts, audit, identities, numbers
from members.models import (
    Activity,
    Address,
    Consent,
    Erasure,
    ErasureMark,
    Event,
    Holder,
    Identity,
    Member,
    MemberScore,
    Merge,
    Note,
    Preference,
    Program,
    User,
    WaitingFact,
)

log = logging.getLogger(__name__)

SALT = "wafa.members.erasure"
# In place of what staff wrote about a person where something must stand.
SAID = "-"
# In a burden: who carries it too, by a contact that nobody has proven.
CARRIERS = "carriers"

type Known = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """What an app above does in the same transaction. `guard` locks the member together with whatever else `forget` moves,
    in the order of their ids, before anything else is locked. `forget` removes what it holds of the person and returns what a
    return must take up again (JSON); `resume` takes it up for the new member, under the number of the erasure."""

    guard: Callable[[Member], None]
    forget: Callable[[Member, datetime], dict[str, Any]]
    resume: Callable[[Member, Mapping[str, Any], int, datetime], None]


_parts: dict[str, Part] = {}


def register(app: str, part: Part) -> None:
    """Called once by each app at start-up."""
    _parts[app] = part


def keys() -> list[bytes]:
    """All keys that a mark may be of, the present one first: WAFA_MARK_KEY, or those derived from the secret keys."""
    found = [settings.MARK_KEY.encode()] if settings.MARK_KEY else []
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [*found, *(salted_hmac(SALT, "", secret=each, algorithm="sha256").digest() for each in secrets)]


def mark(*, program_id: int, kind: str, value: str, key: bytes) -> bytes:
    """HMAC-SHA256 of an identity in its normal form; another one in each program."""
    return hmac.digest(key, f"{program_id}|{kind}|{value}".encode(), "sha256")


def marked(*, program: Program, known: Collection[Known]) -> set[Known]:
    """Which of these (kind, normal value) pairs belonged to somebody who is gone. One statement, none for none."""
    return set(_found(program, known))


def _found(program: Program, known: Collection[Known]) -> dict[Known, int]:
    """The erasure behind each marked pair."""
    wanted = {
        mark(program_id=program.pk, kind=kind, value=value, key=key): (kind, value)
        for key in keys()
        for kind, value in known
    }
    if not wanted:
        return {}
    with scope(program=program):
        rows = ErasureMark.objects.filter(digest__in=list(wanted)).values_list("digest", "erasure_id")
        return {wanted[bytes(digest)]: erasure for digest, erasure in rows}


@transaction.atomic
def erase(*, member: Member, now: datetime, by: User | None = None) -> None:
    """Forget a person for good; a repeat changes nothing. `by` is the member of staff who did it, if one did.

    Names, identities, consents, preferences, the sign-in and what apps above hold go; orders, entries and balances
    stay with the nameless member, who is closed."""
    program = member.program
    with scope(program=program):
        # The guard first: nothing is earned, spent or recorded for the person meanwhile.
        for part in _parts.values():
            part.guard(member)
        Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
        fresh = Member.objects.get(pk=member.pk)
        known = list(Identity.objects.filter(member=fresh).values_list("kind", "value"))
        if _is_gone(fresh, known):
            return
        for other in Member.objects.filter(merged_into=fresh).order_by("pk"):
            # The same person's other card.
            erase(member=other, now=now)
        burden = {app: part.forget(fresh, now) for app, part in _parts.items()}
        _leave_marks(program, known, burden, now)
        _forget_waiting(program, {*known, ("number", fresh.number)})
        _forget_rows(fresh)
        number = _blank(fresh)
        # Not as it was read: what apps above did may have moved it.
        Holder.objects.filter(pk=fresh.pk).update(seq=F("seq") + 1)
        accounts.forget(emails=[value for kind, value in known if kind == Identity.Kind.EMAIL])
        Event.objects.create(
            program=program, holder_id=fresh.pk, kind="member.erased", occurred_at=now, recorded_at=now
        )
        # Outside the database: after a restore this line says whom to forget again (manage.py erase_members).
        transaction.on_commit(
            lambda: log.info("member erased", extra={"program": program.slug, "holder": fresh.pk})
        )
        if by is not None:
            audit.record(
                program=program, actor=by, action="member.erase", subject="member", subject_id=number, now=now
            )


def resume(*, member: Member, known: Iterable[Known], is_vouched: bool, now: datetime) -> None:
    """Somebody joins by own will: who was here before takes up what was owed, and nothing else.

    Where nobody vouches that the contacts are theirs, the member carries it as well and it stays with the erasure: a
    stranger's joining frees nobody of it, and gives no second welcome either."""
    found = set(_found(member.program, list(known)).values())
    if not found:
        return
    with scope(program=member.program):
        for each in Erasure.objects.select_for_update().filter(pk__in=found).order_by("pk"):
            if member.pk not in each.burden.get(CARRIERS, []):
                for app, part in _parts.items():
                    if each.burden.get(app):
                        part.resume(member, each.burden[app], each.pk, now)
            if is_vouched:
                # Taken up once; from now on the new member carries it.
                each.burden = {}
            elif each.burden:
                each.burden[CARRIERS] = [*each.burden.get(CARRIERS, []), member.pk]
            each.save(update_fields=["burden"])


def vouch(*, member: Member, known: Iterable[Known]) -> None:
    """The contacts are proven to be the member's: what they carry because of them is theirs alone from now on."""
    found = set(_found(member.program, list(known)).values())
    if not found:
        return
    with scope(program=member.program):
        for each in Erasure.objects.select_for_update().filter(pk__in=found).order_by("pk"):
            if member.pk in each.burden.get(CARRIERS, []):
                each.burden = {}
                each.save(update_fields=["burden"])


def _is_gone(member: Member, known: list[Known]) -> bool:
    gone = Event.objects.filter(holder_id=member.pk, kind="member.erased")
    return member.state == Member.State.CLOSED and not member.name and not known and gone.exists()


def _leave_marks(program: Program, known: list[Known], burden: dict[str, Any], now: datetime) -> None:
    if not known:
        return
    made = Erasure.objects.create(program=program, burden=burden, at=now)
    key = keys()[0]
    for kind, value in known:
        ErasureMark.objects.update_or_create(
            program=program,
            digest=mark(program_id=program.pk, kind=kind, value=value, key=key),
            defaults={"erasure": made},
        )


def _forget_rows(member: Member) -> None:
    for model in (Identity, Address, Consent, Preference, Note, MemberScore):
        model.objects.filter(member=member).delete()
    Activity.objects.filter(member_id=member.pk).delete()
    merges = Merge.objects.filter(Q(kept=member) | Q(gone=member))
    merges.update(reason=SAID)
    merges.exclude(undo_reason="").update(undo_reason=SAID)


def _forget_waiting(program: Program, known: set[Known]) -> None:
    """A return that waits for its order keeps waiting, without saying whose it is."""
    waiting = WaitingFact.objects.filter(program=program, payload__has_key="member")
    for row in waiting.exclude(payload__member=None).select_for_update():
        who = row.payload["member"]
        if _normal(who["kind"], who["value"]) in known:
            row.payload["member"] = None
            row.save(update_fields=["payload"])


def _normal(kind: str, value: str) -> Known:
    return (kind, value) if kind == "number" else (kind, identities.normalize(kind, value))


def _blank(member: Member) -> str:
    """The row without the person; another number, so that an old card leads nowhere."""
    number = numbers.draw()
    while Member.objects.filter(program_id=member.program_id, number=number).exists():
        number = numbers.draw()
    blank: dict[str, Any] = {"name": "", "language": "", "birthday": None, "tags": [], "number": number}
    Member.objects.filter(pk=member.pk).update(state=Member.State.CLOSED, **blank)
    return number

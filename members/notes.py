"""Notes of the team about a member. Their text is personal data: it stands nowhere else and goes with the person
(members/erasure.py)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError, NotAllowed, NotFound
from members import audit
from members.models import Member, Note, Program, User

LONGEST = 2_000


class NoteInvalid(DomainError):
    code = "note_invalid"
    message = _("A note has between 1 and %(most)s characters.")


def write(*, member: Member, text: str, by: User, now: datetime) -> Note:
    """One more note. Raises NoteInvalid."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not 1 <= len(text) <= LONGEST:
        raise NoteInvalid(field="text", most=LONGEST)
    with scope(program=member.program), transaction.atomic():
        note = Note.objects.create(
            program_id=member.program_id, member=member, author=by, text=text, written_at=now
        )
        _audit(member, "note.write", note, by, now)
    return note


def delete(*, program: Program, member: Member, note_id: int, by: User, now: datetime) -> None:
    """Take back a note of one's own. Raises NotFound, NotAllowed for another's."""
    with scope(program=program), transaction.atomic():
        note = Note.objects.select_for_update().filter(program=program, member=member, pk=note_id).first()
        if note is None:
            raise NotFound
        if note.author_id != by.pk:
            raise NotAllowed(_("Only the author can delete a note."))
        _audit(member, "note.delete", note, by, now)
        note.delete()


def of(*, member: Member, limit: int = 50) -> list[Note]:
    """The latest notes, newest first, with their authors."""
    found = Note.objects.filter(member=member).select_related("author")
    return list(found.order_by("-written_at", "-pk")[:limit])


def _audit(member: Member, action: str, note: Note, by: User, now: datetime) -> None:
    audit.record(
        program=member.program, actor=by, action=action, subject="member", subject_id=member.number,
        after={"note": note.pk}, now=now,
    )  # fmt: skip

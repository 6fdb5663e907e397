"""Tags that the team gives to members: short words, at most MOST a member."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import audit
from members.identities import INVISIBLE
from members.models import Event, Member, Program, User

LONGEST, MOST = 64, 30

ADD = """
    UPDATE members_member SET tags = array_append(tags, %(tag)s)
    WHERE program_id = %(program)s AND holder_id = ANY(%(ids)s)
      AND NOT tags @> ARRAY[%(tag)s]::varchar[] AND cardinality(tags) < %(most)s
    RETURNING holder_id
"""
REMOVE = """
    UPDATE members_member SET tags = array_remove(tags, %(tag)s)
    WHERE program_id = %(program)s AND holder_id = ANY(%(ids)s) AND tags @> ARRAY[%(tag)s]::varchar[]
    RETURNING holder_id
"""


class TagInvalid(DomainError):
    code = "tag_invalid"
    message = _("A tag has between 1 and 64 characters and no comma.")


class TooManyTags(DomainError):
    code = "too_many_tags"
    message = _("A member has at most %(most)s tags.")


def normalize(text: str) -> str:
    """The one form of a tag: no invisible characters, single spaces. Raises TagInvalid."""
    tag = " ".join(INVISIBLE.sub(" ", unicodedata.normalize("NFC", text)).split())
    if not 1 <= len(tag) <= LONGEST or "," in tag:
        raise TagInvalid(field="tag")
    return tag


def split(text: str) -> list[str]:
    """The tags of a text in which commas stand between them, each once. Raises TagInvalid."""
    parts = text.replace("،", ",").split(",")
    return list(dict.fromkeys(normalize(part) for part in parts if part.strip()))


def replace(*, member: Member, tags: Iterable[str], by: User, now: datetime) -> Member:
    """Let the member have these tags and no others; the same ones again change nothing.

    Raises TagInvalid, TooManyTags."""
    wanted = sorted({normalize(tag) for tag in tags})
    if len(wanted) > MOST:
        raise TooManyTags(field="tags", most=MOST)
    with scope(program=member.program), transaction.atomic():
        fresh = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
        gone, new = set(fresh.tags) - set(wanted), set(wanted) - set(fresh.tags)
        if not gone and not new:
            return fresh
        fresh.tags = [*(tag for tag in fresh.tags if tag in wanted), *sorted(new)]
        fresh.save(update_fields=["tags"])
        for kind, changed in (("member.untagged", gone), ("member.tagged", new)):
            _tell(fresh.program_id, [fresh.pk] if changed else [], kind, now)
        audit.record(
            program=fresh.program, actor=by, action="member.tags", subject="member", subject_id=fresh.number,
            before={"removed": len(gone)}, after={"added": len(new)}, now=now,
        )  # fmt: skip
    return fresh


def add_each(*, program: Program, member_ids: Collection[int], tag: str, now: datetime) -> set[int]:
    """Give all of these members a tag; the ids of those who did not have it and had room."""
    return _change(ADD, "member.tagged", program, member_ids, tag, now)


def remove_each(*, program: Program, member_ids: Collection[int], tag: str, now: datetime) -> set[int]:
    """Take a tag from all of these members; the ids of those who had it."""
    return _change(REMOVE, "member.untagged", program, member_ids, tag, now)


def _change(
    statement: str, kind: str, program: Program, ids: Collection[int], tag: str, now: datetime
) -> set[int]:
    values: dict[str, Any] = {"tag": tag, "program": program.pk, "ids": sorted(ids), "most": MOST}
    with scope(program=program), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        changed = {row[0] for row in cursor.fetchall()}
        _tell(program.pk, sorted(changed), kind, now)
    return changed


def _tell(program_id: int, ids: Iterable[int], kind: str, now: datetime) -> None:
    """The log says that tags changed, not which: they are words about a person."""
    Event.objects.bulk_create(
        Event(program_id=program_id, holder_id=pk, kind=kind, occurred_at=now, recorded_at=now) for pk in ids
    )

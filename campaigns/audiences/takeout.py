"""The members of a segment as a file; who took it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django_scopes import scope

from campaigns.models import Segment
from members import audit
from members.models import AudienceMember, User
from rewards import exports, queries


def lines(*, segment: Segment, role: str, by: User, now: datetime) -> Iterator[str]:
    """The file line by line, with the columns this role gets."""
    program = segment.program
    columns = exports.columns_for(role, queries.units_of(program), program)
    audit.record(
        program=program, actor=by, action="segment.export", subject="segment", subject_id=segment.key,
        after={"members": segment.size, "columns": len(columns), "contacts": exports.may_see_contacts(role)}, now=now,
    )  # fmt: skip

    def written() -> Iterator[str]:
        with scope(program=program):
            yield from exports.lines_of(program=program, chunks=_chunks(segment), columns=columns)

    return written()


def _chunks(segment: Segment) -> Iterator[list[int]]:
    after = 0
    while True:
        rows = AudienceMember.objects.filter(audience_id=segment.pk, member_id__gt=after).order_by(
            "member_id"
        )
        ids = list(rows.values_list("member_id", flat=True)[: exports.CHUNK])
        if not ids:
            return
        yield ids
        after = ids[-1]

"""A segment as networks take it for their own audiences: SHA-256 of proven e-mails and phones, of those who agreed to it.

Written as Google's and Meta's customer lists ask: e-mail in small letters without spaces, phone in E.164 with and without +.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django_scopes import scope

from campaigns.models import Segment
from members import audit
from members.models import User

CHUNK = 5000
HEAD = "email_sha256,phone_e164_sha256,phone_digits_sha256\n"
# Who is in the segment and may be told to networks; of contacts only those that are proven to be the person's.
ALLOWED = """
    FROM members_audiencemember a JOIN members_member m ON m.holder_id = a.member_id
    WHERE a.audience_id = %(segment)s AND m.program_id = %(program)s AND m.state = 'active' AND m.merged_into_id IS NULL
        AND EXISTS (SELECT FROM members_consent c WHERE c.member_id = m.holder_id AND c.channel = 'social' AND c.is_given)
        AND EXISTS (SELECT FROM members_identity i
            WHERE i.member_id = m.holder_id AND i.kind IN ('email', 'phone') AND i.verified_at IS NOT NULL)
"""
COUNT = f"SELECT count(*) {ALLOWED}"
HASHED = "encode(sha256(convert_to({}, 'UTF8')), 'hex')"
CONTACT = """(SELECT i.value FROM members_identity i WHERE i.member_id = m.holder_id AND i.kind = '{}'
    AND i.verified_at IS NOT NULL ORDER BY i.id LIMIT 1)"""
PAGE = f"""
    SELECT s.id, {HASHED.format("lower(regexp_replace(s.email, '[[:space:]]', '', 'g'))")}, {HASHED.format("s.phone")},
        {HASHED.format("regexp_replace(s.phone, '[^0-9]', '', 'g')")}
    FROM (
        SELECT m.holder_id AS id, {CONTACT.format("email")} AS email, {CONTACT.format("phone")} AS phone
        {ALLOWED} AND m.holder_id > %(after)s ORDER BY m.holder_id LIMIT %(most)s
    ) s ORDER BY s.id
"""  # noqa: S608 - our own words


def count(*, segment: Segment) -> int:
    """How many of its members may be told."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, _values(segment))
        return int(cursor.fetchone()[0])


def lines(*, segment: Segment, by: User, now: datetime) -> Iterator[str]:
    """The file, piece by piece, as CSV; who took how many is written down."""
    with scope(program=segment.program):
        audit.record(
            program=segment.program, actor=by, action="segment.retarget", subject="segment", subject_id=segment.key,
            after={"members": count(segment=segment)}, now=now,
        )  # fmt: skip
    return _pieces(segment)


def _pieces(segment: Segment) -> Iterator[str]:
    yield HEAD
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(PAGE, _values(segment) | {"after": after, "most": CHUNK})
            rows = cursor.fetchall()
        if not rows:
            return
        yield "".join(",".join(value or "" for value in row[1:]) + "\n" for row in rows)
        after = rows[-1][0]


def _values(segment: Segment) -> dict[str, Any]:
    return {"segment": segment.pk, "program": segment.program_id}

"""Codes on their way into their table: COPY in its binary form, which costs the least to write and to read."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from loyaltysite.kit.db import raw_cursor
from rewards.models import CodePool
from rewards.models.codes import DIGEST

STATEMENT = (
    "COPY rewards_code (program_id, pool_id, batch_id, most, member_id, given_at, digest, sealed)"
    " FROM STDIN (FORMAT BINARY)"
)
COLUMNS = 8
# From when PostgreSQL counts its microseconds.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
BEGIN, END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), struct.pack("!h", -1)
NULL = struct.pack("!i", -1)


class Kept(NamedTuple):
    """A code as it is stored; `sealed` is None where nobody must see it again, `member_id` whose own it is."""

    digest: bytes
    sealed: bytes | None
    member_id: int | None = None


def write(*, pool: CodePool, batch_id: int, kept: Sequence[Kept], now: datetime | None = None) -> None:
    """Copy codes into the pool; one of a member's own is given at `now` and works once, whatever the pool's others do.
    Raises IntegrityError (of psycopg) when the program has one of them already."""
    common = _common(pool, batch_id)
    free = common + _whole(pool.most_uses) + NULL + NULL
    given_at = NULL if now is None else _whole((now - EPOCH) // timedelta(microseconds=1))
    rows = [
        (free if each.member_id is None else common + _whole(1) + _whole(each.member_id) + given_at)
        + _bytes(each.digest)
        + (NULL if each.sealed is None else _bytes(each.sealed))
        for each in kept
    ]
    _copy(b"".join(rows))


def write_free(*, pool: CodePool, batch_id: int, kept: Mapping[bytes, bytes | None]) -> None:
    """Copy codes that are nobody's yet, {digest: seal}, into the pool. Those without a seal, which are not handed out one
    after the other, go in the order of their digests: their index is met page by page. Raises IntegrityError (of psycopg)
    when the program has one of them already."""
    before = _common(pool, batch_id) + _whole(pool.most_uses) + NULL + NULL + struct.pack("!i", DIGEST)
    bare = sorted(digest for digest, seal in kept.items() if seal is None)
    rows = [before + digest + _bytes(seal) for digest, seal in kept.items() if seal is not None]
    # One join writes all that the rows have in common between their digests.
    _copy(b"".join(rows) + (before + (NULL + before).join(bare) + NULL if bare else b""))


def _common(pool: CodePool, batch_id: int) -> bytes:
    return struct.pack("!h", COLUMNS) + b"".join(map(_whole, (pool.program_id, pool.pk, batch_id)))


def _copy(rows: bytes) -> None:
    with raw_cursor() as cursor, cursor.copy(STATEMENT) as copy:
        copy.write(BEGIN + rows + END)


def known(*, program_id: int, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that the program has."""
    with raw_cursor() as cursor:
        cursor.execute(
            "SELECT digest FROM rewards_code WHERE program_id = %s AND digest = ANY (%s)",
            [program_id, list(digests)],
        )
        return {bytes(row[0]) for row in cursor.fetchall()}


def _whole(value: int | None) -> bytes:
    return NULL if value is None else struct.pack("!iq", 8, value)


def _bytes(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value

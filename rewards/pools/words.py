"""Single codes: one typed for everybody, such as SUMMER, and those drawn for one member each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Member, User
from rewards.models import CodeBatch, CodePool
from rewards.pools import copying, signs
from rewards.pools.copying import Kept
from rewards.pools.refusals import NotDrawnHere, PoolClosed


class CodeTaken(Conflict):
    code = "code_taken"
    message = _("This code is in this program already.")


class CodeUnusable(DomainError):
    code = "code_unusable"
    message = _("A code has 3 to 64 letters and digits.")


def add(*, pool: CodePool, word: str, by: User | None, now: datetime) -> None:
    """Put one code into the pool; the team can read it again. Raises CodeUnusable, CodeTaken, PoolClosed."""
    code = signs.clean(word)
    if not code:
        raise CodeUnusable(field="word")
    keeper = signs.Keeper(pool.program_id)
    try:
        with scope(program=pool.program), transaction.atomic():
            _write(pool, [Kept(keeper.digest(code), keeper.seal(code))], by, now)
            audit.record(
                program=pool.program, actor=by, action="codes.add", subject="code pool", subject_id=pool.key,
                after={"pool": pool.key, "count": 1}, now=now,
            )  # fmt: skip
    except psycopg.errors.UniqueViolation as error:
        raise CodeTaken(field="word") from error


def give(
    *,
    pool: CodePool,
    members: Sequence[Member],
    by: User | None,
    now: datetime,
    reason: str = "",
    batch: CodeBatch | None = None,
) -> CodeBatch:
    """Draw a code of their own for each of these members, which only they can use; the batch they are in, which a later
    call may go on with. Raises PoolClosed, NotDrawnHere."""
    if pool.source != CodePool.Source.OURS:
        raise NotDrawnHere
    keeper = signs.Keeper(pool.program_id)
    codes = [(member, signs.draw()) for member in members]
    kept = [Kept(keeper.digest(code), keeper.seal(code), member.pk) for member, code in codes]
    with scope(program=pool.program), transaction.atomic():
        batch = _write(pool, kept, by, now, batch)
        audit.record_each(
            audit.row(
                program=pool.program, actor=by, action="codes.give", subject="member", subject_id=member.number,
                after={"pool": pool.key, "count": 1}, reason=reason, now=now,
            )
            for member in members
        )  # fmt: skip
    return batch


def _write(
    pool: CodePool, kept: Sequence[Kept], by: User | None, now: datetime, batch: CodeBatch | None = None
) -> CodeBatch:
    if not pool.is_open:
        raise PoolClosed
    if batch is None:
        batch = CodeBatch(
            program=pool.program, pool=pool, author=by, kind=CodeBatch.Kind.DRAWN, created_at=now, downloaded_at=now
        )  # fmt: skip
    batch.wanted = batch.rows = batch.taken = batch.position = batch.taken + len(kept)
    batch.state, batch.seen_at, batch.finished_at = CodeBatch.State.DONE, now, now
    batch.save()
    copying.write(pool=pool, batch_id=batch.pk, kept=kept, now=now)
    return batch

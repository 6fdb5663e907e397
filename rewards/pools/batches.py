"""Codes come into a pool in chunks, each one transaction with how far it has come: a worker that dies leaves whole ones.

Codes that are there already, twice in a file or no codes at all are left out one by one and listed.
"""

from __future__ import annotations

import csv
import io
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, User
from rewards.models import CodeBatch, CodePool
from rewards.pools import copying, files, signs
from rewards.pools.refusals import NotDrawnHere, PoolClosed

State, Kind = CodeBatch.State, CodeBatch.Kind
CHUNK = 20_000
MOST_DRAWN = 5_000_000
# What is smaller than this is taken in while somebody waits for the page.
AT_ONCE_BYTES, AT_ONCE_CODES = 1 << 20, 20_000
SILENCE = timedelta(minutes=2)
TWICE, THERE, NO_CODE = "twice", "there", "no_code"
REASONS = {
    TWICE: _("twice in the file"),
    THERE: _("already in this program"),
    NO_CODE: _("no code of 3 to 64 letters and digits"),
}


class FileTooLarge(DomainError):
    code = "file_too_large"
    message = _("The file is larger than %(most)s MB. Split it.")


class NotText(DomainError):
    code = "codes_not_text"
    message = _("This is not a text or CSV file. Save it as CSV (UTF-8) and upload that.")


class TooManyCodes(DomainError):
    code = "codes_too_many"
    message = _("Between 1 and %(most)s codes at once.")


def upload(*, pool: CodePool, name: str, chunks: Iterable[bytes], by: User, now: datetime) -> CodeBatch:
    """Keep a file of codes; run it with `go_on`. Raises PoolClosed, FileTooLarge, NotText."""
    _check_open(pool)
    folder = Path(settings.IMPORT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"codes-{uuid.uuid4().hex}"
    try:
        size = _keep(path, chunks)
        with scope(program=pool.program), transaction.atomic():
            batch = CodeBatch.objects.create(
                program=pool.program, pool=pool, author=by, kind=Kind.FILE, name=Path(name).name[-200:],
                stored=path.name, size=size, created_at=now, seen_at=now,
            )  # fmt: skip
            _note(batch, "codes.import", by, now, {"bytes": size})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch


def ask(*, pool: CodePool, count: int, by: User | None, now: datetime) -> CodeBatch:
    """So many new codes of ours; run it with `go_on`. Raises PoolClosed, NotDrawnHere, TooManyCodes."""
    _check_open(pool)
    if pool.source != CodePool.Source.OURS:
        raise NotDrawnHere
    if not 1 <= count <= MOST_DRAWN:
        raise TooManyCodes(field="count", most=MOST_DRAWN)
    with scope(program=pool.program), transaction.atomic():
        batch = CodeBatch.objects.create(
            program=pool.program,
            pool=pool,
            author=by,
            kind=Kind.DRAWN,
            wanted=count,
            created_at=now,
            seen_at=now,
        )
        _note(batch, "codes.draw", by, now, {"count": count})
    return batch


def is_small(batch: CodeBatch) -> bool:
    """Whether somebody may wait for it."""
    return batch.size <= AT_ONCE_BYTES and batch.wanted <= AT_ONCE_CODES


def go_on(*, program: Program, batch_id: int, now: datetime) -> bool:
    """Take the next chunk in; whether there may be more. Somebody else at work on it is no more."""
    with scope(program=program), transaction.atomic():
        found = CodeBatch.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        batch = found.select_related("pool", "program").filter(pk=batch_id).first()
        if batch is None or not batch.is_unfinished:
            return False
        work = _read if batch.kind == Kind.FILE else _draw
        is_more = work(batch)
        batch.state, batch.seen_at = State.RUNNING, now
        if not is_more:
            batch.state, batch.finished_at = State.DONE, now
            counts = {"rows": batch.rows, "taken": batch.taken, **batch.told}
            _note(batch, "codes.done", batch.author, now, counts)
        stored, batch.stored = batch.stored, batch.stored if is_more else ""
        batch.save()
    if stored and not is_more:
        (Path(settings.IMPORT_DIR) / stored).unlink(missing_ok=True)
    return is_more


def run(*, program: Program, batch_id: int, clock: Callable[[], datetime]) -> None:
    """All of it, chunk by chunk. A file that is gone ends it as failed."""
    try:
        while go_on(program=program, batch_id=batch_id, now=clock()):
            pass
    except FileNotFoundError:
        with scope(program=program):
            CodeBatch.objects.filter(pk=batch_id).update(state=State.FAILED, finished_at=clock(), stored="")


def due(*, now: datetime) -> list[int]:
    """Those that nobody works on any more, oldest first."""
    with scopes_disabled():
        open_ones = CodeBatch.objects.filter(
            state__in=(State.WAITING, State.RUNNING), seen_at__lt=now - SILENCE
        )
        return list(open_ones.order_by("pk").values_list("pk", flat=True)[:100])


def left_out_of(batch: CodeBatch) -> Path:
    """The file of the rows that were left out, with their reasons; it is there for a week."""
    return Path(settings.IMPORT_DIR) / f"codes-{batch.pk}.left.csv"


# --- a chunk ----------------------------------------------------------------------------------------------------------


def _read(batch: CodeBatch) -> bool:
    path = Path(settings.IMPORT_DIR) / batch.stored
    content = files.piece(path, batch.position) if batch.stored else b""
    if not content:
        return False
    keeper = signs.Keeper(batch.program_id)
    piece = files.read(content, is_first=batch.position == 0)
    fresh: dict[bytes, int] = {}
    left: list[tuple[int, str]] = []
    for place, digest in enumerate(keeper.digests(piece.codes)):
        if digest:
            if fresh.setdefault(digest, place) != place:
                left.append((place, TWICE))
        elif piece.text(place):
            left.append((place, NO_CODE))
    # What a partner's till takes must be shown; what only we look up is not kept at all.
    is_shown = batch.pool.purpose == CodePool.Purpose.VOUCHER
    there = _write(batch, {
        digest: keeper.seal(piece.codes[place].decode()) if is_shown else None for digest, place in fresh.items()
    })  # fmt: skip
    batch.rows += len(fresh) + len(left)
    left += [(fresh[digest], THERE) for digest in there]
    _leave_out(batch, [(piece.text(place), reason) for place, reason in sorted(left)])
    batch.position += len(content)
    return batch.position < batch.size


def _draw(batch: CodeBatch) -> bool:
    keeper = signs.Keeper(batch.program_id)
    kept: dict[bytes, bytes | None] = {}
    while len(kept) < min(CHUNK, batch.wanted - batch.position):
        code = signs.draw()
        kept[keeper.digest(code)] = keeper.seal(code)
    # Two equal ones of 80 random bits will not be seen; if they are, one more is drawn.
    batch.rows += len(kept)
    batch.position += len(kept) - len(_write(batch, kept))
    return batch.position < batch.wanted


def _write(batch: CodeBatch, kept: dict[bytes, bytes | None]) -> set[bytes]:
    """Copy them in, {digest: seal}, and give back those that the program had. Looked for only where the copy met one."""
    there: set[bytes] = set()
    for _try in range(4):
        rest = {digest: seal for digest, seal in kept.items() if digest not in there} if there else kept
        try:
            with transaction.atomic():
                if rest:
                    copying.write_free(pool=batch.pool, batch_id=batch.pk, kept=rest)
        except psycopg.errors.UniqueViolation:
            there |= copying.known(program_id=batch.program_id, digests=list(kept))
        else:
            batch.taken += len(rest)
            return there
    raise Conflict


def _leave_out(batch: CodeBatch, left: Sequence[tuple[str, str]]) -> None:
    """Say which rows and why, in a file that grows by whole chunks: what a lost worker wrote is cut off first."""
    if not left:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row, reason in left:
        batch.told[reason] = batch.told.get(reason, 0) + 1
        writer.writerow((row[:200], reason))
    content = text.getvalue().encode()
    with os.fdopen(os.open(left_out_of(batch), os.O_CREAT | os.O_RDWR, 0o600), "r+b") as file:
        file.truncate(batch.left_out_bytes)
        file.seek(batch.left_out_bytes)
        file.write(content)
    batch.left_out_bytes += len(content)


# --- parts ------------------------------------------------------------------------------------------------------------


def _check_open(pool: CodePool) -> None:
    if not pool.is_open:
        raise PoolClosed


def _keep(path: Path, chunks: Iterable[bytes]) -> int:
    size = 0
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        for chunk in chunks:
            if b"\0" in chunk:
                raise NotText(field="file")
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise FileTooLarge(field="file", most=settings.IMPORT_MAX_BYTES >> 20)
            file.write(chunk)
    return size


def _note(batch: CodeBatch, action: str, by: User | None, now: datetime, after: dict[str, int]) -> None:
    audit.record(
        program=batch.program, actor=by, action=action, subject="code pool", subject_id=batch.pool.key, after=after,
        now=now,
    )  # fmt: skip

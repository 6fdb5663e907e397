"""How long files of imports are kept: they hold personal data. What waits for somebody goes after a week, and earlier
when a person in it is forgotten."""

from __future__ import annotations

import csv
import lzma
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django_scopes import scope

from members.models import Identity, Program
from rewards.imports import jobs
from rewards.imports.sources import SourceUnreadable, opened
from rewards.imports.tables import DELIMITERS
from rewards.models import ImportRun

State = ImportRun.State
# Drafts, what failed or was stopped, and rejected rows, since anything happened to them.
KEPT = timedelta(days=7)
OPEN = (State.WAITING, State.RUNNING)
# A file with more than this in it is not looked through: it goes.
MOST = 1 << 30
CHUNK, OVERLAP = 1 << 20, 1 << 11
# What people put between the digits of a phone or card number, on both sides of a comparison.
BETWEEN = b" \t-().+/\xc2\xa0"
# Shorter ones, such as customer 7, would be found in every row; digits that tell a phone however it is written.
SHORTEST, DIGITS = 3, 9

type Known = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a person is known by, as it may stand in a file. `is_end`: anything may stand before it, such as a country's
    code."""

    text: bytes
    is_end: bool

    def is_in(self, text: bytes) -> bool:
        """Whether it stands there as a whole, not within a longer word or number."""
        at = text.find(self.text)
        while at >= 0:
            end = at + len(self.text)
            before = b"" if self.is_end else text[at - 1 : at] if at else b""
            if not before.isalnum() and not text[end : end + 1].isalnum():
                return True
            at = text.find(self.text, at + 1)
        return False


def traces_of(known: Collection[Known], name: str) -> list[Trace]:
    """The traces of somebody with these (kind, normal value) pairs and this name."""
    found = []
    for kind, value in [*known, ("name", name)]:
        plain = _plain(value)
        is_phone = kind == Identity.Kind.PHONE
        if len(plain) >= SHORTEST:
            found.append(Trace(plain[-DIGITS:] if is_phone else plain, is_phone))
    return found


def forget(*, program: Program, known: Collection[Known], name: str) -> int:
    """Remove a person from the files of imports that are not under way: rejected rows that name them, and uploaded
    files in which they stand, as a whole. How many files were touched. Call it when the erasure is committed."""
    traces = traces_of(known, name)
    with scope(program=program):
        runs = ImportRun.objects.filter(program=program).exclude(state__in=OPEN)
        return sum(_forget_upload(run, traces) + _forget_rejects(run, traces) for run in runs)


def _forget_upload(run: ImportRun, traces: list[Trace]) -> bool:
    path = Path(settings.IMPORT_DIR) / run.stored
    if not path.is_file() or not _is_named(path, run.options.get("encoding") or None, traces):
        return False
    # Somebody may have started it meanwhile; then it goes when it is done.
    if not ImportRun.objects.filter(pk=run.pk).exclude(state__in=OPEN).update(stored=""):
        return False
    path.unlink(missing_ok=True)
    return True


def _is_named(path: Path, encoding: str | None, traces: list[Trace]) -> bool:
    """Whether the person stands in a file; also where that cannot be told."""
    rest = b""
    try:
        with opened(str(path), encoding=encoding, most=MOST) as source:
            while text := source.lines.text.read(CHUNK):
                plain = rest + _plain(text)
                if any(trace.is_in(plain) for trace in traces):
                    return True
                # Some may be cut in two by the end of this piece.
                rest = plain[-OVERLAP:]
    except (SourceUnreadable, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return True
    return False


def _forget_rejects(run: ImportRun, traces: list[Trace]) -> bool:
    """Write the rejected rows anew without those that name the person."""
    path = jobs.rejects_of(run)
    if not path.is_file():
        return False
    other, left_out = path.with_suffix(".new"), 0
    with path.open(encoding="utf-8", newline="") as old, other.open("w", encoding="utf-8", newline="") as new:
        header = old.readline()
        delimiter = max(DELIMITERS, key=header.count)
        new.write(header)
        writer = csv.writer(new, delimiter=delimiter, lineterminator="\n")
        for row in csv.reader(old, delimiter=delimiter):
            if any(trace.is_in(_plain("\n".join(row))) for trace in traces):
                left_out += 1
            else:
                writer.writerow(row)
    if left_out:
        other.replace(path)
    other.unlink(missing_ok=True)
    return bool(left_out)


def _plain(text: str) -> bytes:
    return text.lower().encode("utf-8", "replace").translate(None, BETWEEN)


def tidy(*, now: datetime) -> int:
    """Delete files that were kept for long enough, also those that no import knows of; how many there were."""
    folder = Path(settings.IMPORT_DIR)
    if not folder.is_dir():
        return 0
    at_work = set()
    runs = ImportRun._base_manager.select_related("program")  # noqa: SLF001 - of all programs
    for run in runs.filter(state__in=OPEN):
        at_work |= {run.stored, jobs.rejects_of(run).name}
    oldest, gone = (now - KEPT).timestamp(), 0
    for path in folder.iterdir():
        if path.is_file() and path.name not in at_work and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    for run in runs.exclude(state__in=OPEN).exclude(stored="").filter(created_at__lt=now - KEPT):
        if not (folder / run.stored).is_file():
            with scope(program=run.program):
                ImportRun.objects.filter(pk=run.pk).update(stored="")
    return gone

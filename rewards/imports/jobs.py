"""Imports from the dashboard: the same code as the command, watched and stopped through a row of ImportRun.

A worker claims a run for a turn and gives signs of life. One that falls silent loses it to the next, which begins again
and goes over what was recorded: nothing is recorded twice.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, User
from rewards import settling
from rewards.imports import guesses, previews, runs
from rewards.imports.reports import Report
from rewards.imports.sources import Source
from rewards.imports.tallies import Tally
from rewards.models import ImportRun

State = ImportRun.State
# Seconds between two signs of life; see IMPORT_SILENCE.
EVERY = 0.7
SETTLED = 5_000
SAMPLES = 50


class FileTooLarge(DomainError):
    code = "file_too_large"
    message = _("The file is larger than %(most)s MB. Pack it with gzip, or split it.")


class FileGone(Conflict):
    code = "file_gone"
    message = _("The file is no longer kept. Upload it again.")


class NotNow(Conflict):
    code = "import_not_now"
    message = _("This import is under way or done.")


class Stopped(DomainError):
    """Somebody wants the import to end here."""

    code = "import_stopped"
    message = _("Stopped. What was recorded stays.")


class Lost(DomainError):
    """Another worker has taken over."""

    code = "import_lost"


def upload(*, program: Program, name: str, chunks: Iterable[bytes], by: User, now: datetime) -> ImportRun:
    """Keep a file and guess what its columns mean; nothing is imported yet. Raises FileTooLarge, SourceUnreadable."""
    folder = Path(settings.IMPORT_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / uuid.uuid4().hex
    try:
        size, digest = _write(path, chunks)
        options = _options(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    with transaction.atomic():
        run = ImportRun.objects.create(
            program=program,
            author=by,
            name=Path(name).name[-200:],
            size=size,
            digest=digest,
            stored=path.name,
            options=options,
            created_at=now,
        )
        _note(run, by, "import.upload", now, {"bytes": size})
    return run


def _write(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise FileTooLarge(field="file", most=settings.IMPORT_MAX_BYTES >> 20)
            digest.update(chunk)
            file.write(chunk)
    return size, digest.hexdigest()


def _options(path: Path) -> dict[str, Any]:
    head = previews.head_of(path=str(path), encoding=None, count=SAMPLES)
    profile = guesses.profile_of(head.header)
    mapping = guesses.mapping_of(head.header) if profile == "canonical" else {}
    return {
        "profile": profile,
        "mapping": mapping,
        "date_format": guesses.pattern_of(_dates(head, mapping)),
        "source": "import",
    }


def _dates(head: previews.Head, mapping: Mapping[str, str]) -> list[str]:
    """What stands in the column of dates."""
    place = next(
        (place for place, name in enumerate(head.header) if mapping.get(name) == "occurred_at"), None
    )
    return [] if place is None else [row[place] for row in head.rows]


def fitting(run: ImportRun, options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options, with another way to read dates where none of the first rows can be read in the chosen one."""
    head = previews.head_of(path=str(path_of(run)), encoding=options.get("encoding") or None, count=SAMPLES)
    dates = _dates(head, options.get("mapping", {}))
    if any(guesses.fits(text.strip(), options.get("date_format", "")) for text in dates):
        return dict(options)
    return dict(options) | {"date_format": guesses.pattern_of(dates)}


def path_of(run: ImportRun) -> Path:
    """Where the file is. Raises FileGone."""
    path = Path(settings.IMPORT_DIR) / run.stored
    if not run.stored or not path.is_file():
        raise FileGone
    return path


def rejects_of(run: ImportRun) -> Path:
    """Where the rejected rows are, or would be."""
    return Path(settings.IMPORT_DIR) / f"{run.pk}.rejected.csv"


def wish_of(run: ImportRun, options: Mapping[str, Any] | None = None) -> runs.Wish:
    """What the run asks of runs.run(), or would ask with other options."""
    given = run.options if options is None else options
    return runs.Wish(
        path=str(path_of(run)),
        source=given.get("source") or "import",
        profile=given.get("profile", "canonical"),
        mapping=given.get("mapping") or {},
        encoding=given.get("encoding") or None,
        date_format=given.get("date_format") or None,
        region=given.get("region") or None,
        store=given.get("store") or "",
        rejected=str(rejects_of(run)),
        creates_stores=bool(given.get("creates_stores")),
        settles=False,
        most_bytes=settings.IMPORT_MAX_UNPACKED_BYTES,
    )


def twin_of(run: ImportRun) -> ImportRun | None:
    """The latest import of the very same file that was done and left nothing out."""
    same = ImportRun.objects.filter(program=run.program, digest=run.digest, state=State.DONE, rejected_rows=0)
    return same.exclude(pk=run.pk).order_by("-finished_at").first()


def choose(*, run: ImportRun, options: Mapping[str, Any]) -> None:
    """Keep how the file is to be read. Raises NotNow."""
    run.options = dict(options)
    if not ImportRun.objects.filter(pk=run.pk, state=State.DRAFT).update(options=run.options):
        raise NotNow


def start(*, run: ImportRun, by: User, now: datetime) -> None:
    """Let a worker take it: a draft, or one that failed or was stopped, which goes on. Raises NotNow, FileGone."""
    path_of(run)
    with transaction.atomic():
        ready = ImportRun.objects.filter(pk=run.pk, state__in=[State.DRAFT, State.FAILED, State.CANCELLED])
        if not ready.update(
            state=State.WAITING,
            is_stopping=False,
            error="",
            started_at=None,
            finished_at=None,
            seen_at=now,
            position=0,
        ):
            raise NotNow
        _note(
            run,
            by,
            "import.start",
            now,
            {"options": {k: v for k, v in run.options.items() if k != "mapping"}},
        )
    run.refresh_from_db()


def stop(*, run: ImportRun, by: User, now: datetime) -> None:
    """Ask a run to end after its batch; what was recorded stays. One that only waits ends at once. Raises NotNow."""
    with transaction.atomic():
        waiting = ImportRun.objects.filter(pk=run.pk, state=State.WAITING)
        if not waiting.update(state=State.CANCELLED, finished_at=now):
            running = ImportRun.objects.filter(pk=run.pk, state=State.RUNNING)
            if not running.update(is_stopping=True):
                raise NotNow
        _note(run, by, "import.stop", now, {})
    run.refresh_from_db()


def discard(*, run: ImportRun, by: User, now: datetime) -> None:
    """Forget a draft and its file. Raises NotNow."""
    with transaction.atomic():
        if not ImportRun.objects.filter(pk=run.pk, state=State.DRAFT).delete()[0]:
            raise NotNow
        _note(run, by, "import.discard", now, {})
    (Path(settings.IMPORT_DIR) / run.stored).unlink(missing_ok=True)


def _note(run: ImportRun, by: User, action: str, now: datetime, after: Mapping[str, Any]) -> None:
    audit.record(
        program=run.program,
        actor=by,
        action=action,
        subject="import",
        subject_id=run.pk,
        after=after,
        now=now,
    )


# --- at work ----------------------------------------------------------------------------------------------------------


def due(*, now: datetime) -> list[int]:
    """Runs that wait, and those whose worker has fallen silent, of all programs."""
    found = ImportRun._base_manager.filter(Q(state=State.WAITING) | _lost(now))  # noqa: SLF001 - of all programs
    return list(found.order_by("pk").values_list("pk", flat=True))


def work(*, run_id: int, clock: Callable[[], datetime]) -> bool:
    """Claim a run and carry it out; False when it is not to be had. What goes wrong is kept in its row."""
    run = _claim(run_id, clock())
    if run is None:
        return False
    watch = Watch(run, clock)
    try:
        report = runs.run(program=run.program, wish=wish_of(run), clock=clock, progress=watch)
        _settle(run, watch)
    except Lost:
        return False
    except Stopped as stopped:
        watch.end(State.CANCELLED, error=str(stopped))
    except DomainError as error:
        watch.end(State.FAILED, error=str(error))
    except Exception as error:
        watch.end(State.FAILED, error=f"{type(error).__name__}: {error}".partition("\n")[0])
        raise
    else:
        watch.end(State.DONE, report=report)
        path_of(run).unlink(missing_ok=True)
    return True


def _settle(run: ImportRun, watch: Watch) -> None:
    """What has become due meanwhile, such as points that ended, with signs of life in between."""
    while settling.settle_due(program=run.program, now=watch.clock(), limit=SETTLED) >= SETTLED:
        watch.say_alive()


def _claim(run_id: int, now: datetime) -> ImportRun | None:
    """The run, if it is to be had: one of a program at a time, and not more in all than may take workers away."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One claim after the other, or two would both see room for the last one.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('wafa-imports'))")
        free = ImportRun._base_manager.filter(Q(state=State.WAITING) | _lost(now), pk=run_id)  # noqa: SLF001 - any program's
        run = free.select_related("program").select_for_update(of=("self",), skip_locked=True).first()
        if run is None or not _has_room(run, now):
            return None
        run.turn += 1
        run.state, run.seen_at, run.started_at = State.RUNNING, now, now
        ImportRun._base_manager.filter(pk=run.pk).update(  # noqa: SLF001
            turn=run.turn, state=run.state, seen_at=now, started_at=now
        )
    return run


def _lost(now: datetime) -> Q:
    """Those whose worker is given up for lost."""
    return Q(state=State.RUNNING, seen_at__lt=now - settings.IMPORT_SILENCE)


def _has_room(run: ImportRun, now: datetime) -> bool:
    others = ImportRun._base_manager.exclude(pk=run.pk)  # noqa: SLF001 - of all programs
    busy = others.filter(state=State.RUNNING, seen_at__gte=now - settings.IMPORT_SILENCE)
    at_work = list(busy.values_list("program_id", flat=True))
    return run.program_id not in at_work and len(at_work) < settings.IMPORTS_AT_ONCE


@dataclass
class Watch:
    """Writes down how far a run has come, at most about once a second, and stops it where somebody wants that."""

    run: ImportRun
    clock: Callable[[], datetime]
    tally: Tally | None = None
    told: float = 0.0
    position: int = 0

    def __call__(self, source: Source, tally: Tally) -> None:
        self.tally, self.position = tally, source.position()
        if time.monotonic() - self.told < EVERY:
            return
        self.say_alive()

    def say_alive(self) -> None:
        self.told = time.monotonic()
        self._tell({"seen_at": self.clock()})
        if self._mine().filter(is_stopping=True).exists():
            raise Stopped

    def end(self, state: str, *, report: Report | None = None, error: str = "") -> None:
        now = self.clock()
        found = report.as_dict() if report else {}
        self._tell({"state": state, "report": found, "error": error, "seen_at": now, "finished_at": now})

    def _tell(self, facts: dict[str, Any]) -> None:
        tally = self.tally or Tally()
        figures = {name: getattr(tally, name) for name in ("rows", "recorded", "repeated", "rejected_rows")}
        if not self._mine().update(position=self.position, **figures, **facts):
            raise Lost

    def _mine(self) -> Any:
        return ImportRun._base_manager.filter(pk=self.run.pk, turn=self.run.turn, state=State.RUNNING)  # noqa: SLF001

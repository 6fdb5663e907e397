"""Imports as jobs: one worker a run, killed and begun again without a trace, stopped, and told about."""

import gzip
import os
import re
import signal
import stat
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.db import OperationalError, connection
from django_scopes import scope, scopes_disabled

from loyaltysite.kit.errors import DomainError
from members.models import AuditEntry, Member, Order, Program, Role
from rewards import tasks
from rewards.imports import jobs, previews
from rewards.models import ImportRun
from tests.members.teams import hire
from tests.rewards.builders import open_program, order, record
from tests.rewards.imports.files import HEADER, ROW, orders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = orders(*(ROW.format(n, n, n % 3) for n in range(1, 6)))


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    return settings.IMPORT_DIR


@pytest.fixture
def program(db):
    return open_program()


def upload(program, content=GOOD, name="orders.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return jobs.upload(program=program, name=name, chunks=[data], by=hire(program, Role.MANAGER), now=NOW)


def begin(program, content=GOOD):
    with scope(program=program):
        run = upload(program, content)
        jobs.start(run=run, by=run.author, now=NOW)
    return run


def fresh(run):
    with scopes_disabled():
        return ImportRun.objects.get(pk=run.pk)


def work(run, now=NOW):
    return jobs.work(run_id=run.pk, clock=lambda: now)


def test_a_file_becomes_members_and_orders_and_is_not_kept(program, folder):
    run = begin(program)
    path = jobs.path_of(run)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert work(run)

    done = fresh(run)
    assert (done.state, done.rows, done.recorded, done.rejected_rows) == ("done", 5, 5, 0)
    assert done.report["members_created"] == 3
    assert not path.exists()
    with scope(program=program):
        assert Order.objects.count() == 5
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["import.upload", "import.start"]


def test_a_packed_file_is_read_too(program):
    run = begin(program, gzip.compress(GOOD.encode()))

    work(run)

    assert fresh(run).recorded == 5


def test_the_same_file_again_changes_nothing_and_is_recognised(program):
    work(begin(program))

    run = begin(program)
    with scope(program=program):
        assert jobs.twin_of(run) is not None
    work(run)

    assert (fresh(run).recorded, fresh(run).repeated) == (0, 5)


def test_bad_rows_are_left_aside(program):
    run = begin(program, orders(ROW.format(1, 1, 1), "A2,never,c1,MUG,1,1.00"))

    work(run)

    assert (fresh(run).recorded, fresh(run).rejected_rows) == (1, 1)
    assert "never" in jobs.rejects_of(run).read_text()


def test_a_file_that_breaks_off_fails_with_a_sentence_and_can_go_on(program):
    rows = [ROW.format(n, n % 28 + 1, zlib.crc32(b"%d" % n)) for n in range(5_000)]
    whole = gzip.compress(orders(*rows).encode())
    run = begin(program, whole[: len(whole) // 2])

    work(run)

    failed = fresh(run)
    assert failed.state == "failed"
    assert "breaks off" in failed.error
    with scope(program=program):
        jobs.start(run=failed, by=failed.author, now=NOW)
    assert fresh(run).state == "waiting"


def test_only_one_worker_gets_a_run(program):
    run = begin(program)

    assert work(run)
    assert not work(run)


def test_a_silent_worker_loses_its_run_and_can_no_longer_write(program):
    run = begin(program)
    first = jobs._claim(run.pk, NOW)
    assert first is not None
    assert jobs.due(now=NOW) == []

    later = NOW + site_settings.IMPORT_SILENCE + timedelta(seconds=1)
    assert jobs.due(now=later) == [run.pk]
    assert work(run, later)

    with pytest.raises(jobs.Lost):
        jobs.Watch(first, lambda: later).end("failed", error="late")
    assert fresh(run).state == "done"


def test_how_long_a_worker_may_be_silent_is_a_setting(program, settings):
    run, later = begin(program), NOW + timedelta(minutes=30)
    settings.IMPORT_SILENCE = timedelta(hours=1)
    assert jobs._claim(run.pk, NOW) is not None

    assert jobs.due(now=later) == []
    assert jobs._claim(run.pk, later) is None
    assert jobs._claim(begin(program).pk, later) is None, "it still has the program's place"

    settings.IMPORT_SILENCE = timedelta(minutes=29)
    assert jobs._claim(run.pk, later) is not None


def test_one_import_of_a_program_runs_at_a_time(program, settings):
    settings.IMPORTS_AT_ONCE = 5
    first, second = begin(program), begin(program)
    other = begin(open_program())

    assert jobs._claim(first.pk, NOW) is not None
    assert jobs._claim(second.pk, NOW) is None
    assert jobs._claim(other.pk, NOW) is not None

    # One that was given up for lost keeps nobody waiting.
    assert jobs._claim(second.pk, NOW + site_settings.IMPORT_SILENCE + timedelta(seconds=1)) is not None


def test_imports_of_all_programs_leave_a_place_free(program, settings):
    settings.IMPORTS_AT_ONCE = 2
    runs = [begin(one) for one in (program, open_program(), open_program())]

    assert [jobs._claim(run.pk, NOW) is not None for run in runs] == [True, True, False]
    with scopes_disabled():
        assert fresh(runs[2]).state == "waiting"
        assert jobs.due(now=NOW) == [runs[2].pk]


def test_two_claims_at_once_see_each_other(program, database):
    run = begin(program)

    with database.connect(autocommit=False) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('wafa-imports'))")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            jobs._claim(run.pk, NOW)


def test_the_end_of_one_wakes_the_next(program, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    first, second = begin(program), begin(program)

    tasks.run_import(first.pk)

    assert (fresh(first).state, fresh(second).state) == ("done", "done")


def test_a_run_ends_after_its_batch_when_somebody_stops_it(program, monkeypatch):
    monkeypatch.setattr(jobs, "EVERY", 0)
    run = begin(program)
    claim = jobs._claim

    def stopped_at_once(run_id, now):
        found = claim(run_id, now)
        with scope(program=program):
            jobs.stop(run=fresh(run), by=run.author, now=NOW)
        return found

    monkeypatch.setattr(jobs, "_claim", stopped_at_once)

    work(run)

    assert fresh(run).state == "cancelled"
    assert fresh(run).recorded == 5
    assert jobs.path_of(run).exists()


def test_one_that_waits_is_stopped_at_once(program):
    run = begin(program)

    with scope(program=program):
        jobs.stop(run=run, by=run.author, now=NOW)

    assert fresh(run).state == "cancelled"
    assert not work(run)


def test_a_large_file_is_refused_and_nothing_is_kept(program, settings, folder):
    settings.IMPORT_MAX_BYTES = 10

    with scope(program=program), pytest.raises(jobs.FileTooLarge):
        upload(program)

    assert list(folder.iterdir()) == []


def test_what_is_no_table_is_refused_and_nothing_is_kept(program, folder):
    with scope(program=program), pytest.raises(DomainError, match="spreadsheet"):
        upload(program, b"PK\x03\x04rest")

    assert list(folder.iterdir()) == []


def test_a_draft_can_be_discarded_but_nothing_else(program):
    with scope(program=program):
        run = upload(program)
        path = jobs.path_of(run)
        jobs.discard(run=run, by=run.author, now=NOW)
        assert not path.exists()
        begun = begin(program)
        with pytest.raises(jobs.NotNow):
            jobs.discard(run=begun, by=run.author, now=NOW)


def test_the_wake_up_finds_what_waits(program, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    run = begin(program)

    with scopes_disabled():
        assert jobs.due(now=NOW) == [run.pk]
    tasks.run_import(run.pk)

    assert fresh(run).state == "done"


# --- previews ---------------------------------------------------------------------------------------------------------


def test_a_preview_tells_points_and_faults_and_writes_nothing(program):
    record(program, order("before", "2026-01-01", 1000, member=None))
    content = orders(
        ROW.format(1, 1, 1),
        "A2,never,c1,MUG,1,1.00",
        "A3,2026-01-04 10:00,,MUG,1,7.00",
        "A4,2026-01-05 10:00,c2,MUG,1,3.00,",
    )
    with scope(program=program):
        run = upload(program, content)

        found = previews.look(program=program, wish=jobs.wish_of(run), now=NOW)

        assert Order.objects.count() == 1
        assert not Member.objects.exists()
    assert [(line.number, line.points) for line in found.lines] == [("A1", {"points": 10}), ("A3", {})][
        : len(found.lines)
    ]
    assert {fault.row for fault in found.faults} >= {3, 5}
    assert found.rows == 4


def test_a_preview_says_what_the_intake_would_refuse(program):
    with scope(program=program):
        run = upload(program, orders("A1,2026-01-04 10:00,c1,MUG,1,1.00,moon", header=HEADER + ",store"))

        found = previews.look(program=program, wish=jobs.wish_of(run), now=NOW)
        made = previews.look(
            program=program, wish=jobs.wish_of(run, {**run.options, "creates_stores": True}), now=NOW
        )

    assert found.lines[0].fault
    assert found.faulty_rows == 1
    assert (made.lines[0].fault, made.lines[0].points) == ("", {"points": 1})


# --- killed -----------------------------------------------------------------------------------------------------------


def die_in_the_middle(run_id: int, folder: str) -> None:
    """A worker that is killed after its first batches."""
    site_settings.IMPORT_DIR = Path(folder)
    jobs.EVERY = 0.0
    tell = jobs.Watch.__call__

    def told(self, source, tally):
        tell(self, source, tally)
        if tally.recorded >= 2000:
            os.kill(os.getpid(), signal.SIGKILL)

    jobs.Watch.__call__ = told
    jobs.work(run_id=run_id, clock=lambda: NOW)


@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_worker_leaves_an_import_that_goes_on(fresh_database, processes, folder):
    # Many batches, since some are on their way already when the first is told.
    program = open_program()
    rows = [f"A{n},2026-01-{n % 28 + 1:02d} 10:00,c{n % 40},MUG,1,5.00" for n in range(10_000)]
    run = begin(program, orders(*rows))

    processes.start(die_in_the_middle, run.pk, str(folder)).result()

    broken = fresh(run)
    assert broken.state == "running"
    with scope(program=program):
        assert 2000 <= Order.objects.count() < 10_000
    assert work(run, NOW + site_settings.IMPORT_SILENCE + timedelta(seconds=1))
    done = fresh(run)
    assert (done.state, done.recorded + done.repeated) == ("done", 10_000)
    assert done.repeated >= 2000
    with scope(program=Program.objects.get(pk=program.pk)):
        assert Order.objects.count() == 10_000


def test_a_file_that_unpacks_to_too_much_ends_with_a_sentence_and_keeps_what_was_read(program, settings):
    rows = [ROW.format(n, n % 28 + 1, n % 3) for n in range(20_000)]
    run = begin(program, gzip.compress(orders(*rows).encode()))
    settings.IMPORT_MAX_UNPACKED_BYTES = 400_000

    work(run)

    failed = fresh(run)
    assert failed.state == "failed"
    assert re.match(r"Row [0-9]+: There is more in this file", failed.error)
    assert 5_000 < failed.recorded < 20_000


def test_the_preview_of_a_bomb_reads_only_its_beginning(program, monkeypatch):
    monkeypatch.setattr(previews, "BYTES", 200_000)
    text = orders(*(ROW.format(n, 1, 1) for n in range(100))) + "\n" * 5_000_000
    with scope(program=program):
        run = upload(program, gzip.compress(text.encode()))

        found = previews.look(program=program, wish=jobs.wish_of(run), now=NOW)

    assert (found.rows, found.is_cut) == (100, True)


def test_a_bomb_without_a_row_is_refused_at_the_upload(program, monkeypatch, folder):
    monkeypatch.setattr(previews, "BYTES", 200_000)

    with scope(program=program), pytest.raises(DomainError, match="more in this file"):
        upload(program, gzip.compress(HEADER.encode() + b"\n" * 5_000_000))

    assert list(folder.iterdir()) == []

"""Files of imports are kept for a week, and what they say of somebody who is forgotten goes at once."""

import csv
import gzip
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django_scopes import scope

from members.models import Role
from rewards.imports import jobs, keeping
from rewards.models import ImportRun
from tests.members.teams import hire
from tests.rewards.builders import open_program
from tests.rewards.imports.files import ROW, orders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "order_id,occurred_at,member_phone,member_name,sku,quantity,unit_price"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    return settings.IMPORT_DIR


@pytest.fixture
def program(db):
    return open_program()


def upload(program, *rows, header=HEADER, pack=str.encode):
    by = hire(program, Role.MANAGER)
    data = pack(orders(*rows, header=header))
    with scope(program=program):
        return jobs.upload(program=program, name="orders.csv", chunks=[data], by=by, now=NOW)


def work(run):
    with scope(program=run.program):
        jobs.start(run=run, by=run.author, now=NOW)
    assert jobs.work(run_id=run.pk, clock=lambda: NOW)
    return jobs.rejects_of(run)


def row(phone="+447700900123", name="Anna Hall", order="A1"):
    return f"{order},never,{phone},{name},TEA,1,1.00"


def forget(program, *known, name=""):
    return keeping.forget(program=program, known=known, name=name)


def is_there(run):
    return (Path(jobs.settings.IMPORT_DIR) / run.stored).is_file()


def cells_of(path):
    return list(csv.reader(io.StringIO(path.read_text())))


def age(path, days):
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))


PHONE = ("phone", "+447700900123")
WRITTEN = ["+447700900123", "07700 900123", "0044-7700-900123", "(07700) 900.123"]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    "pack", [str.encode, lambda text: gzip.compress(text.encode()), lambda text: text.encode("utf-16")]
)
def test_an_upload_goes_however_a_phone_is_written_and_packed(program, written, pack):
    run = upload(program, row("+447700900999"), row(written), pack=pack)

    assert forget(program, PHONE) == 1

    assert not is_there(run)
    with scope(program=program), pytest.raises(jobs.FileGone):
        jobs.path_of(ImportRun.objects.get(pk=run.pk))


STRANGERS = ["+447700900124", "+4477009001234", "900123"]


@pytest.mark.parametrize("written", STRANGERS)
def test_files_of_others_stay(program, written):
    run = upload(program, row(written, name="Anna Hallett"))

    assert forget(program, PHONE, name="Anna Hall") == 0
    assert is_there(run)


@pytest.mark.parametrize(
    ("known", "cell", "is_found"),
    [
        (("email", "anna@example.com"), "Anna@Example.com", True),
        (("email", "anna@example.com"), "hanna@example.com", False),
        (("email", "anna@example.com"), "anna@example.com.au", False),
        (("card", "AB12CD"), "ab-12 cd", True),
        (("shop", "17850"), "17850", True),
        (("shop", "17850"), "117850", False),
        (("shop", "7"), "7", False),
    ],
)
def test_each_kind_is_found_as_a_whole(program, known, cell, is_found):
    run = upload(program, row("+447700900999", name=cell))

    forget(program, known)

    assert is_there(run) is not is_found


def test_a_name_alone_is_enough(program):
    run = upload(program, row("", name="anna  HALL"))

    forget(program, name="Anna Hall")

    assert not is_there(run)


def test_where_two_pieces_meet_nobody_is_overlooked(program, monkeypatch):
    run = upload(program, *(row(f"+4477{n:08}", name="x" * 40) for n in range(100)), row())

    for size in (1000, 1001, 1007, 1013):
        monkeypatch.setattr(keeping, "CHUNK", size)
        path = jobs.path_of(run)
        assert keeping._is_named(path, None, keeping.traces_of([PHONE], ""))
        assert not keeping._is_named(path, None, keeping.traces_of([("phone", "+447700999999")], ""))


def test_what_is_too_long_to_look_through_goes(program, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 100)
    run = upload(program, *(row("+447700900999", order=f"A{n}") for n in range(100)))

    forget(program, PHONE)

    assert not is_there(run)


def test_rejected_rows_of_the_person_are_taken_out_and_the_others_stay(program):
    rejects = work(
        upload(
            program,
            row(order="A1"),
            row("+447700900999", name='"Bob, ""the"" cat"', order="A2"),
            row(name="Zoe", order="A3"),
        )
    )
    before = cells_of(rejects)

    assert forget(program, PHONE) == 1

    after = cells_of(rejects)
    assert [cells[0] for cells in before] == ["order_id", "A1", "A2", "A3"]
    assert after == [before[0], before[2]]
    assert after[1][3] == 'Bob, "the" cat'
    assert list(rejects.parent.glob("*.new")) == []
    assert forget(program, PHONE) == 0


def test_what_is_under_way_is_left_alone(program):
    run = upload(program, row())
    with scope(program=program):
        jobs.start(run=run, by=run.author, now=NOW)

    assert forget(program, PHONE) == 0
    assert is_there(run)


def test_another_program_is_not_looked_at(program):
    run = upload(open_program(), row())

    assert forget(program, PHONE) == 0
    assert is_there(run)


def test_files_go_after_a_week(program, folder):
    rejects = work(upload(program, row()))
    draft, fresh = upload(program, row()), upload(program, row())
    orphan = folder / "left-behind"
    orphan.write_text(row())
    for path in (rejects, jobs.path_of(draft), orphan):
        age(path, 8)
    age(jobs.path_of(fresh), 6)

    assert keeping.tidy(now=NOW) == 3

    assert list(folder.iterdir()) == [jobs.path_of(fresh)]


def test_what_waits_or_runs_is_kept(program):
    run = upload(
        program, ROW.format(1, 1, 1), header="order_id,occurred_at,member_shop_id,sku,quantity,unit_price"
    )
    with scope(program=program):
        jobs.start(run=run, by=run.author, now=NOW)
    age(jobs.path_of(run), 30)

    assert keeping.tidy(now=NOW) == 0
    assert is_there(run)


def test_nothing_to_tidy_is_no_fault(db):
    assert keeping.tidy(now=NOW) == 0

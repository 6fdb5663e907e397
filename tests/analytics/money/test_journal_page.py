"""The journal's page: the open month, closing it, its file and the numbers of accounts."""

import csv
import io

import pytest
from django_scopes import scope

from analytics.models import AccountNumber, JournalMonth
from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from tests.analytics.money.shop import TODAY, measure, month, open_shop
from tests.members.teams import as_staff
from tests.rewards.builders import moment, open_program

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: moment(TODAY))


@pytest.fixture
def program(db):
    program = open_shop()
    measure(program)
    with scope(program=program):
        yield program


def address(program, rest="/"):
    return f"/dashboard/{program.slug}/liability/journal{rest}"


def lines_of(client, program, query=""):
    answer = client.get(address(program, f".csv{query}"))
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_month_is_closed_and_its_file_stays(program):
    client = as_staff(program, Role.MANAGER)
    assert "LP-2026-06" in client.get(address(program)).content.decode()

    answer = client.post(address(program, "/close/"), {"month": "2026-06-01"})

    assert answer.status_code == 302
    assert JournalMonth.objects.get().month == month(6)
    lines = lines_of(client, program, "?month=LP-2026-06")
    assert lines == lines_of(client, program, "?month=LP-2026-06")
    debit, credit = (sum(float(line[side] or 0) for line in lines) for side in ("Debit", "Credit"))
    assert debit == pytest.approx(credit)
    assert debit > 0
    assert {line["Mends"] for line in lines} == {"", "Opening balance"}
    assert AuditEntry.objects.filter(action="journal.export").count() == 2


def test_the_open_month_goes_out_as_it_stands(program):
    lines = lines_of(as_staff(program, Role.ANALYST), program)

    assert {line["Reference"] for line in lines} == {"LP-2026-06"}
    assert not JournalMonth.objects.exists()


def test_a_month_that_cannot_be_closed_is_refused(program):
    client = as_staff(program, Role.MANAGER)

    assert client.post(address(program, "/close/"), {"month": "2026-07-01"}).status_code == 422
    assert client.post(address(program, "/close/"), {}).status_code == 422
    assert client.get(address(program, ".csv?month=LP-1999-01")).status_code == 404
    assert not JournalMonth.objects.exists()


def test_numbers_are_kept_or_refused_with_their_field(program):
    client = as_staff(program, Role.MANAGER)
    numbers = {
        "sales": "8400",
        "deferred": "3500",
        "redeemed": "8401",
        "breakage": "8402",
        "cost": "6600",
        "provision": "3070",
    }

    wrong = client.post(address(program, "/accounts/"), numbers | {"cost": "=6"})
    right = client.post(address(program, "/accounts/"), numbers)

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert 'aria-invalid="true"' in wrong.content.decode()
    assert AccountNumber.objects.get(account="sales").number == "8400"
    assert "8400" in {line["Number"] for line in lines_of(client, program)}


def test_an_analyst_reads_only(program):
    client = as_staff(program, Role.ANALYST)

    assert "Close the month" not in client.get(address(program)).content.decode()
    assert client.post(address(program, "/close/"), {"month": "2026-06-01"}).status_code == 403


def test_a_new_program_has_nothing_to_book(db):
    program = open_program()

    assert "Nothing to book" in as_staff(program, Role.MANAGER).get(address(program)).content.decode()

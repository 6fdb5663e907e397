"""The liability page: its figures are those of the wallets, of any day, on the page and as CSV."""

import csv
import io
from datetime import date

import pytest
from django_scopes import scope

from analytics import tasks
from analytics.liability import holdings, position
from analytics.models import SalesMonth, TierHolding
from loyaltysite.kit import clock
from members.models import Role
from rewards.models import Entry, Lot
from rewards.queries import units_of
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
    return program


def page_of(program, query=""):
    return f"/dashboard/{program.slug}/liability/{query}"


def sheet_of(client, program, query):
    answer = client.get(f"/dashboard/{program.slug}/liability.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def held_by_hand(program, day):
    """From the wallets' entries up to the end of the day, one by one."""
    with scope(program=program):
        return sum(
            entry.pending_change + entry.active_change + entry.reserved_change
            for entry in Entry.objects.all()
            if entry.at.date() <= day
        )


@pytest.mark.parametrize("day", [date(2026, 2, 15), date(2026, 4, 3), date(2026, 5, 20), date(2026, 7, 15)])
def test_the_liability_of_any_day_is_what_wallets_held(program, day):
    with scope(program=program):
        found = position.read(program=program, unit=units_of(program)[0], until=day)

    held = held_by_hand(program, day)
    assert found.held == held > 0
    assert sum(found.by_end().values()) == sum(found.by_age()) == held
    assert found.course(3)[-1] == held
    assert found.money(found.held) == held  # a Star is a cent
    ends = [
        held_by_hand(program, date(2026, month, last)) for month, last in ((1, 31), (2, 28), (3, 31), (4, 30))
    ]
    if day.month == 5:
        assert found.course(6)[:5] == [0, *ends]


def test_what_is_open_is_shown_by_its_end(program):
    with scope(program=program):
        lots = {}
        for lot in Lot.objects.filter(remaining__gt=0):
            lots[lot.expires_at.strftime("%Y-%m")] = (
                lots.get(lot.expires_at.strftime("%Y-%m"), 0) + lot.remaining
            )

    rows = sheet_of(as_staff(program, Role.ANALYST), program, "?table=ends")

    assert {row["Can be used until"]: int(row["Stars"]) for row in rows} == lots


def test_the_page_tells_what_is_held_and_takes_a_day(program):
    client = as_staff(program, Role.ANALYST)

    page = client.get(page_of(program)).content.decode()
    before = client.get(page_of(program, "?day=2026-03-31"))

    assert "€" in page
    assert f"{held_by_hand(program, date(2026, 7, 15))}" in page
    assert "Deferred revenue" in page
    assert "31 Mar 2026" in before.content.decode()
    fragment = client.get(
        page_of(program, "?day=2026-03-31"), headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in fragment
    assert fragment.strip() in before.content.decode()


@pytest.mark.parametrize("day", ["2026-07-16", "1066-01-01", "soon"])
def test_a_day_that_cannot_be_is_refused_with_its_field(program, day):
    answer = as_staff(program, Role.ANALYST).get(page_of(program, f"?day={day}"))

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


@pytest.mark.parametrize("name", ["course", "coming", "ends", "ages", "tiers", "cohorts"])
def test_every_table_goes_out_as_csv(program, name):
    rows = sheet_of(as_staff(program, Role.ANALYST), program, f"?table={name}&day=2026-07-15")

    assert rows
    assert (
        as_staff(program, Role.ANALYST).get(f"/dashboard/{program.slug}/liability.csv?table=no").status_code
        == 404
    )


def test_cohorts_tell_their_breakage(program):
    rows = sheet_of(as_staff(program, Role.ANALYST), program, "?table=cohorts")

    by_month = {row["Earned in"]: row for row in rows}
    # January gave 200, of which Anna used 60 in February and 40 in March; her last 0 and Berta's 100 ended.
    january = by_month["2026-01"]
    assert (january["Given"], january["State"]) == ("200", "Complete")
    assert float(january["Used"]) + float(january["Ended"]) == pytest.approx(1)
    assert january["Never used in the end"] == january["Ended"]
    assert by_month["2026-05"]["Given"] == "160"  # 40 came back
    assert by_month["2026-07"]["State"] == "Still lives"


def test_tiers_hold_what_wallets_do(program):
    with scope(program=program):
        rows = list(TierHolding.objects.order_by("day"))

    assert [row.day for row in rows] == [date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 14)]
    for row in rows:
        assert row.held == held_by_hand(program, row.day)
        assert (row.tier_id, row.members) == (0, 2)


def test_a_program_without_points_says_so(db):
    program = open_program()

    page = as_staff(program, Role.ANALYST).get(page_of(program)).content.decode()

    assert "No points were given yet" in page


def test_the_nightly_task_measures_each_program_once(program):
    with scope(program=program):
        SalesMonth.objects.all().delete()

    assert tasks.measure_money() == 1
    assert tasks.measure_money() == 0
    with scope(program=program):
        assert dict(SalesMonth.objects.values_list("month", "net_minor"))[month(5)] == 16_000
        assert (
            holdings.latest(program=program, unit_id=units_of(program)[0].pk, until=date(2026, 1, 1)) is None
        )


def test_a_program_that_fails_holds_up_no_other(db, monkeypatch, caplog):
    first, second, seen = open_program(), open_program(), []

    def fail(*, program, **_facts):
        seen.append(program)
        if program == first:
            raise RuntimeError("broken")
        return 1

    for module, name in ((tasks.sales, "measure"), (tasks.cuts, "count_all"), (tasks.scorings, "ask")):
        monkeypatch.setattr(module, name, fail)

    done = [tasks.measure_money(), tasks.count_groups(), tasks.ask_for_scores()]

    assert done == [1, 1, 1]
    assert seen == [first, second] * 3
    assert "a program's figures failed" in caplog.text

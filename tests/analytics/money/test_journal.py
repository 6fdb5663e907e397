"""The journal: balanced, frozen by month, and what is learned later goes into the next one."""

from collections import Counter
from datetime import date

import pytest
from django.db import ProgrammingError, connection, transaction
from django_scopes import scope

from analytics.liability import books, journal
from analytics.models import Account, CohortShare, JournalLine, JournalMonth
from members.models import AuditEntry
from rewards.queries import units_of
from tests.analytics.money.shop import TODAY, fold_all, measure, month, open_shop
from tests.members.teams import hire
from tests.rewards.builders import adjust, bring_back, change_unit, join, moment, open_program, order, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(db):
    program = open_shop()
    measure(program)
    with scope(program=program):
        yield program


def close(program, number, now=TODAY):
    return journal.close(
        program=program, units=units_of(program), month=month(number), by=hire(program), now=moment(now)
    )


def booked(program, **chosen):
    """What stands on each account by all lines."""
    found = Counter()
    for line in JournalLine.objects.filter(program=program, **chosen):
        found[line.account] += line.amount_minor
    return {account: amount for account, amount in found.items() if amount}


def test_a_month_takes_the_price_of_points_out_of_its_sales(program):
    close(program, 1)

    # January: 200 Stars with 200.00 of sales and no use yet; too little is known, so all count as to be used.
    # 200.00 × 2.00 ÷ 202.00 = 1.98.
    assert booked(program) == {"sales": 198, "deferred": -198}
    (share,) = CohortShare.objects.all()
    assert (share.cohort, share.granted, share.expected) == (month(1), 200, 200)


def test_months_follow_each_other_and_end_where_the_books_should_stand(program):
    for number in range(1, 7):
        close(program, number)

        end = date(2026, number + 1, 1).toordinal() - 1
        wanted = books.read(
            program=program,
            units=units_of(program),
            until=date.fromordinal(end),
            shares=books.kept_shares(program),
        ).total()
        stands = Counter(booked(program))
        assert stands["deferred"] == -wanted.deferred
        assert stands["redeemed"] == -wanted.redeemed
        assert stands["breakage"] == -wanted.broken
        assert sum(stands.values()) == 0
    for row in JournalMonth.objects.all():
        assert sum(row.lines.values_list("amount_minor", flat=True)) == 0
    # What was earned in January ended in March: all of it is revenue by now.
    january = books.read(
        program=program, units=units_of(program), until=date(2026, 6, 30), shares=books.kept_shares(program)
    ).balances[units_of(program)[0].pk, month(1)]
    assert january.deferred == 0
    assert january.broken == january.allocated - january.redeemed > 0


def test_the_first_month_brings_what_was_before_as_an_opening_balance(program):
    close(program, 4)

    opening, of_april = (booked(program, of_month=of) for of in (month(3), None))
    # Of each month's 200 Stars 60 were used and that will be all: 200.00 × 0.60 ÷ 200.60 = 0.60.
    assert opening["sales"] == 60 * 3
    assert of_april["sales"] == 60
    assert sum(opening.values()) == sum(of_april.values()) == 0


def test_what_is_learned_of_a_closed_month_is_booked_in_the_next_with_its_name(program):
    close(program, 4)
    before = list(JournalLine.objects.order_by("pk").values())

    record(program, order("late", "2026-04-05", 10_000), now="2026-07-15T10:00")
    fold_all()
    measure(program, "2026-07-15T11:00")
    close(program, 5, "2026-07-15T12:00")

    assert list(JournalLine.objects.filter(month__month=month(4)).order_by("pk").values()) == before
    mended = booked(program, month__month=month(5), of_month=month(4))
    # April has 300.00 of sales and 300 Stars now, of which 90 are worth 0.90 by the estimate that was kept.
    assert mended["sales"] == 30
    assert sum(mended.values()) == 0


def test_another_worth_shares_no_price_of_a_closed_month_anew(program):
    close(program, 4)
    before = booked(program)["sales"]
    change_unit(program, worth_numerator=3)

    close(program, 5)

    # Only May's price goes by three cents a Star.
    assert booked(program, month__month=month(5), of_month=month(4)) == {}
    assert booked(program, month__month=month(5), of_month=None, cohort=month(4)).get("sales", 0) == 0
    assert booked(program, cohort=month(5))["sales"] > 2 * before / 4
    worths = CohortShare.objects.order_by("cohort").values_list("worth_numerator", "worth_denominator")
    assert list(worths) == [(1, 1)] * 4 + [(3, 1)]


def test_a_return_takes_the_price_of_its_points_back(program):
    close(program, 6)
    before = booked(program, cohort=month(6))["sales"]

    record(program, bring_back("r2", "2026-07-15T10:00", order="anna-6"), now="2026-07-15T10:00")
    fold_all()
    measure(program, "2026-08-01T01:00")
    close(program, 7, "2026-08-01T02:00")

    after = booked(program, cohort=month(6))["sales"]
    assert 0 < after < before
    assert booked(program, month__month=month(7), of_month=None, cohort=month(6))["sales"] == after - before


@pytest.mark.parametrize(
    ("number", "now", "error"),
    [
        (7, TODAY, journal.NotOver),
        (3, TODAY, journal.NotNext),  # closed already
        (5, TODAY, journal.NotNext),  # four comes first
        (4, "2026-04-30T12:00", journal.NotOver),
    ],
)
def test_months_are_closed_in_order_once_and_when_they_are_over(program, number, now, error):
    close(program, 3)

    with pytest.raises(error):
        close(program, number, now)


def test_nothing_is_closed_before_its_sales_were_measured(db):
    program = open_program()
    with scope(program=program):
        record(program, order("1", "2026-01-05", 5_000), at_own_time=True)
        fold_all()
        with pytest.raises(journal.NotMeasured):
            close(program, 1, "2026-02-02")

        measure(program, "2026-01-31T23:00")
        with pytest.raises(journal.NotMeasured):
            close(program, 1, "2026-02-02")

        measure(program, "2026-02-01T00:00")
        assert close(program, 1, "2026-02-02").reference == "LP-2026-01"


def test_a_closed_month_cannot_be_changed_by_the_application(program):
    close(program, 3)

    for table in ("analytics_journalline", "analytics_journalmonth", "analytics_cohortshare"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET program_id = program_id"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_who_closed_it_is_in_the_audit(program):
    close(program, 3)

    entry = AuditEntry.objects.get(action="journal.close")
    assert entry.after == {"month": "LP-2026-03", "lines": JournalLine.objects.count()}


def test_points_without_a_sale_are_a_cost_with_a_provision(db):
    program = open_program()
    with scope(program=program):
        join(program, "anna")
        adjust(program, 500, "2026-01-10")
        fold_all()
        measure(program, "2026-02-01T01:00")
        close(program, 1, "2026-02-02")

        assert booked(program) == {"cost": 500, "provision": -500}


def test_each_shop_has_its_own_numbers(program):
    by = hire(program)

    journal.renumber(program=program, wanted={Account.SALES: "8400"}, by=by, now=moment(TODAY))

    assert journal.numbers(program=program)["sales"] == "8400"
    assert journal.numbers(program=program)["deferred"] == "2400"
    entry = AuditEntry.objects.get(action="journal.accounts")
    assert (entry.before, entry.after) == ({"sales": "4000"}, {"sales": "8400"})
    with pytest.raises(journal.NumberInvalid):
        journal.renumber(program=program, wanted={Account.SALES: "=1+1"}, by=by, now=moment(TODAY))

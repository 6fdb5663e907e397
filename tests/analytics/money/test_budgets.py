"""Budgets: what was spent on each line comes from the ledger, and stands against the plan."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from analytics import tasks
from analytics.budgets import planning, spending, warnings
from analytics.models import Budget
from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from rewards import ledger, occasions, prizes
from rewards.models import Reward
from tests.analytics.money.shop import fold_all
from tests.members.teams import as_staff, hire
from tests.rewards.builders import (
    adjust,
    bring_back,
    find,
    join,
    moment,
    open_program,
    order,
    publish,
    record,
)
from tests.rewards.coupons import put_up

pytestmark = pytest.mark.django_db

TODAY = "2026-03-31T09:00"
Q1 = [date(2026, month, 1) for month in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: moment(TODAY))


@pytest.fixture
def program(db):
    """Of each line something: an order and its return, a rule for members of a segment, a journey's gift, goodwill."""
    program = open_program()
    with scope(program=program):
        join(program, "anna")
        vip = {"field": "member.segments", "op": "has any", "value": ["vip"]}
        publish(program, "vip", {"amount": {"kind": "fixed", "points": "25"}, "conditions": {"not": vip}})
        record(program, order("1", "2026-01-10", 10_000, 2_000), at_own_time=True)
        record(program, bring_back("r", "2026-02-01", "sku-2000", order="1"), now="2026-02-01")
        adjust(program, 7, "2026-02-03")
        wish = prizes.wish(
            program, member_id=find(program, "anna").pk, prize={"unit": "points", "amount": 40}, kind="journey",
            key="1:s1:0", now=moment("2026-03-02"),
        )  # fmt: skip
        ledger.carry_out_each(program=program, wishes=[wish], now=moment("2026-03-02"))
        fold_all()
        yield program


def test_what_was_spent_on_each_line(program):
    spent = spending.by_line(program=program, since=Q1[0], until=date(2026, 3, 31))

    # 120 points by the amount and 25 because of who she is; 20 were taken back in February.
    assert spent == {
        ("earning", Q1[0]): 120, ("offers", Q1[0]): 25, ("earning", Q1[1]): -20, ("offers", Q1[1]): 7,
        ("automation", Q1[2]): 40,
    }  # fmt: skip


def test_of_what_came_back_personal_offers_bear_their_share(db):
    program = open_program()
    with scope(program=program):
        join(program, "anna")
        vip = {"not": {"field": "member.segments", "op": "has any", "value": ["vip"]}}
        once = {"amount": {"kind": "fixed", "points": "300"}}
        publish(program, "personal", {"conditions": vip} | once)
        publish(program, "plain", {"conditions": vip, "amount": {"kind": "fixed", "points": "7"}})
        publish(program, "plain", {"amount": {"kind": "fixed", "points": "100"}}, since="2025-01-01")
        publish(program, "personal", once, since="2026-05-01")  # not in force yet
        for number in ("1", "2"):
            record(program, order(number, "2026-01-10", 10_000), at_own_time=True)
        record(program, bring_back("r", "2026-01-20", order="1"), now="2026-01-20")
        fold_all()

        spent = spending.by_line(program=program, since=Q1[0], until=date(2026, 3, 31))

    # For each order 100 by its amount, 100 for all and 300 for who she is; one order came back. "plain" is for all by now.
    assert spent == {("earning", Q1[0]): 200, ("offers", Q1[0]): 300}


def test_what_is_given_for_joining_wins_members(db):
    program = open_program()
    publish(
        program,
        "welcome",
        {"trigger": {"on": "schedule", "kind": "joining"}, "amount": {"kind": "fixed", "points": "50"}},
    )
    with scope(program=program):
        join(program, "anna", at="2026-03-30")
        occasions.record_due(program=program, now=moment("2026-03-31"))
        fold_all()

        spent = spending.by_line(program=program, since=Q1[0], until=date(2026, 3, 31))

    assert spent == {("enrolment", Q1[2]): 50}


@pytest.mark.parametrize(
    ("spent", "state"), [(0, "fine"), (79, "fine"), (80, "near"), (99, "near"), (100, "over"), (140, "over")]
)
def test_there_is_a_warning_from_four_fifths_on(spent, state):
    stands = planning.standing(
        lines=["earning"], months=Q1, planned={("earning", Q1[0]): 100}, spent={("earning", Q1[1]): spent},
        today=date(2026, 2, 14),
    )  # fmt: skip

    assert stands.state == state
    assert stands.expected == spent * 2  # 45 of 90 days


def test_without_a_plan_there_is_no_state():
    stands = planning.standing(lines=["earning"], months=Q1, planned={}, spent={}, today=date(2026, 1, 2))

    assert (stands.state, stands.planned, stands.share, stands.expected) == ("none", None, None, None)


def test_a_plan_is_entered_by_quarter_spread_and_audited(program):
    client = as_staff(program, Role.MANAGER)
    path = f"/dashboard/{program.slug}/budgets/plan/?year=2026&by=quarter"

    answer = client.post(path, {"earning-2026-01": "100.01", "offers-2026-01": ""})

    assert answer.status_code == 302
    assert dict(Budget.objects.values_list("month", "planned_minor")) == {
        Q1[0]: 3_335,
        Q1[1]: 3_333,
        Q1[2]: 3_333,
    }
    entry = AuditEntry.objects.get(action="budget.plan")
    assert entry.after["earning 2026-01"] == 3_335
    assert "100.01" in client.get(path).content.decode()

    client.post(path, {"earning-2026-01": ""})
    assert not Budget.objects.exists()


def test_an_amount_that_cannot_be_is_named(program):
    client = as_staff(program, Role.MANAGER)

    answer = client.post(
        f"/dashboard/{program.slug}/budgets/plan/?by=month&year=2026", {"earning-2026-02": "-3"}
    )

    assert answer.status_code == 422
    assert not Budget.objects.exists()
    assert answer.content.decode().count('aria-invalid="true"') == 1


def test_the_page_shows_plan_and_spending_and_warns(program):
    planning.plan(program=program, wanted={("earning", Q1[0]): 110}, by=hire(program), now=moment(TODAY))
    client = as_staff(program, Role.ANALYST)

    page = client.get(f"/dashboard/{program.slug}/budgets/?year=2026").content.decode()
    rows = client.get(f"/dashboard/{program.slug}/budgets.csv?year=2026&by=month").content.decode("utf-8-sig")

    assert "Four fifths used" in page  # 100 of 110
    assert "Jan 2026,Retention,Earning,1.10,1.20,1.0909," in rows
    fragment = client.get(f"/dashboard/{program.slug}/budgets/?year=2026", headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()


def warned(program):
    with scope(program=program):
        return [(one.line, one.by, one.stands.state) for one in warnings.found(program=program, today=Q1[2])]


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        # 100 was spent on earning in the quarter (120 in January, 20 back in February), nothing in March.
        ((43, 41, 41), [("earning", "quarter", "near")]),  # 125 in all, evenly
        ((42, 42, 42), []),  # 126: less than four fifths
        ((33, 33, 33), [("earning", "quarter", "over")]),
        ((90, 10, 10), []),  # by month, and March has spent nothing
        ((None, None, 0), []),
    ],
)
def test_an_even_plan_is_judged_by_its_quarter_and_any_other_by_the_month(program, amounts, told):
    wanted = {("earning", month): amount for month, amount in zip(Q1, amounts, strict=True)}
    planning.plan(program=program, wanted=wanted, by=hire(program), now=moment(TODAY))

    assert warned(program) == []  # nobody has looked what was spent
    tasks.measure_budgets()

    assert warned(program) == told


def test_the_home_page_warns_and_leads_to_the_budget(program):
    """What journeys gave in March is judged by the month, by the very figures of the page behind the link."""
    staff = as_staff(program, Role.MANAGER)
    staff.post(
        f"/dashboard/{program.slug}/budgets/plan/?by=month&year=2026",
        {"automation-2026-03": "0.40", "offers-2026-03": "9.00"},
    )

    home = staff.get(f"/dashboard/{program.slug}/").text
    page = staff.get(f"/dashboard/{program.slug}/budgets/?year=2026&by=month").text

    assert "The budget “Automation” is used up" in home
    assert "€0.40 of €0.40 planned for Mar 2026 were spent." in home
    assert "Personal offers” is" not in home
    assert f"/dashboard/{program.slug}/budgets/?year=2026&amp;by=month" in home
    assert "Used up" in page


def test_more_planned_ends_the_warning_at_once(program):
    key, by = ("automation", Q1[2]), hire(program)
    planning.plan(program=program, wanted={key: 40}, by=by, now=moment(TODAY))
    tasks.measure_budgets()
    before = warned(program)

    planning.plan(program=program, wanted={key: 400}, by=by, now=moment(TODAY))

    assert (before, warned(program)) == ([("automation", "month", "over")], [])


def test_gifts_and_coupons_are_found_by_indexes(db):
    program = open_program()
    put_up(program)
    with scope(program=program):
        Reward.objects.create(program=program, key="cake", cost_minor=100)
        with CaptureQueriesContext(connection) as asked:
            list(spending.besides(program, Q1[0], date(2026, 3, 31)))

    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in asked.captured_queries:
            if "rewards_redemption" in query["sql"] or "rewards_couponuse" in query["sql"]:
                cursor.execute("EXPLAIN " + query["sql"])
                plans.append(str(cursor.fetchall()))
    assert ["redemption_by_reward" in plans[0], "couponuse_by_coupon" in plans[1]] == [True, True]

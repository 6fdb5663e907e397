"""A term begins with its payment, is appended to what runs, and one payment has effect once (SEMANTICS 43)."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import identities
from members.models import AuditEntry
from members.people import OwnAccount
from rewards import ledger
from rewards.models import EarningRule
from rewards.plans import editing, leaving, payments, refunds
from rewards.plans.payments import Payment
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program()
    b.join(found, "anna")
    p.put_up(found)
    return found


def span(term):
    return [moment and f"{moment:%Y-%m-%dT%H:%M}" for moment in (term.starts_at, term.ends_at)]


def test_it_works(program):
    term = p.pay(program, "2026-03-05")

    assert span(term) == ["2026-03-05T12:00", "2027-03-06T00:00"]  # to the end of the day, as lots (10)
    assert (term.state, term.number, term.streak, term.price_minor) == ("active", 1, 1, 2_500)
    assert p.events(program) == ["plan.started"]


def test_a_plan_paid_once_has_no_end(program):
    p.put_up(program, "forever", months=None)

    term = p.pay(program, "2026-03-05", plan="forever")

    assert span(term) == ["2026-03-05T12:00", None]
    with pytest.raises(payments.PlanHeld):
        p.pay(program, "2030-03-05", plan="forever")


def test_a_repeated_payment_gives_the_same_term(program):
    first = p.pay(program, "2026-03-05", reference="A")

    again = p.pay(program, "2026-03-05", reference="A", now="2027-03-01")

    assert first.pk == again.pk
    assert p.events(program) == ["plan.started"]


def test_a_payment_of_another_price_under_the_same_number_is_refused(program):
    p.pay(program, "2026-03-05", reference="A")

    with pytest.raises(ledger.KeyReused):
        p.pay(program, "2026-03-05", reference="A", price_minor=2_000)


def test_a_second_payment_long_before_the_end_is_refused(program):
    p.pay(program, "2026-03-05")

    with pytest.raises(payments.PlanHeld) as refused:
        p.pay(program, "2026-03-05")

    assert refused.value.params["renews_at"] == b.moment("2027-02-04T00:00")  # 30 days before the end


def test_a_renewal_follows_without_a_gap(program):
    p.pay(program, "2026-03-05")

    term = p.pay(program, "2027-02-10")

    assert span(term) == ["2027-03-06T00:00", "2028-03-06T00:00"]
    assert (term.number, term.streak) == (2, 2)
    assert p.events(program) == ["plan.started", "plan.renewed"]


def test_renewals_do_not_creep(program):
    p.put_up(program, "monthly", months=1)
    p.pay(program, "2026-01-31", plan="monthly")

    ends = [span(p.pay(program, at, plan="monthly"))[1] for at in ("2026-02-27", "2026-03-25", "2026-04-29")]

    assert ends == ["2026-04-01T00:00", "2026-05-01T00:00", "2026-06-01T00:00"]


def test_a_month_can_be_renewed_in_its_second_half_only(program):
    p.put_up(program, "monthly", months=1, renewal_days=60)
    p.pay(program, "2026-04-01T00:00", plan="monthly")

    with pytest.raises(payments.PlanHeld):
        p.pay(program, "2026-04-16T11:59", plan="monthly")

    assert p.pay(program, "2026-04-16T12:00", plan="monthly").streak == 2


def test_a_lapse_begins_a_new_streak(program):
    p.pay(program, "2026-03-05")

    term = p.pay(program, "2027-03-07")

    assert span(term) == ["2027-03-07T12:00", "2028-03-08T00:00"]
    assert (term.number, term.streak) == (2, 1)


def test_a_payment_that_is_told_late_counts_from_its_own_moment(program):
    p.pay(program, "2026-03-05")

    term = p.pay(program, "2027-03-01", now="2027-05-01")

    assert (span(term)[0], term.streak) == ("2027-03-06T00:00", 2)


def test_what_was_bought_stays_when_the_plan_changes(program):
    term = p.pay(program, "2026-03-05")

    editing.change(
        program=program, key="club", by=None, now=b.moment("2026-04-01"), price_minor=9_900, benefits=[]
    )

    kept = p.term(program, term.pk)
    assert (kept.price_minor, kept.benefits) == (2_500, [{"kind": "percent_off", "percent": "10"}])


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_only_active_members_can_buy(program, state):
    b.join(program, "bea", state=state)

    with pytest.raises(ledger.MemberNotActive):
        p.pay(program, "2026-03-05", member="bea")


def test_a_draft_is_not_found_and_an_ended_plan_not_offered(program):
    p.draft(program, "soon")
    with pytest.raises(NotFound):
        p.pay(program, "2026-03-05", plan="soon")

    editing.end(program=program, key="club", by=None, now=b.moment("2026-03-01"))
    with pytest.raises(payments.PlanNotOffered):
        p.pay(program, "2026-03-05")


def test_for_whom_it_is_says_what_is_missing(program):
    p.put_up(program, "old", eligibility={"field": "member.joined_on", "op": "<", "value": "2019-01-01"})

    with pytest.raises(payments.PlanNotEligible) as refused:
        p.pay(program, "2026-03-05", plan="old")

    assert refused.value.params["missing"]


@pytest.mark.parametrize(
    ("reference", "at", "price", "field"),
    [
        ("", "2026-03-05", 2_500, "payment"),
        ("x" * 129, "2026-03-05", 2_500, "payment"),
        ("a", "2026-03-05T12:10", 2_500, "paid_at"),
        ("a", "2026-03-05", -1, "price_minor"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(program, reference, at, price, field):
    with pytest.raises(payments.PaymentInvalid) as refused:
        payments.pay(
            program=program,
            member=b.find(program, "anna"),
            plan="club",
            payment=Payment(reference, b.moment(at), price),
            now=b.moment("2026-03-05"),
        )

    assert refused.value.field == field


def test_leaving_ends_it_with_what_is_paid_and_can_be_taken_back(program):
    term = p.pay(program, "2026-03-05")
    anna, later = b.find(program, "anna"), b.moment("2026-06-01")

    assert leaving.leave(program=program, member=anna, plan="club", now=later) == [term.pk]
    assert leaving.leave(program=program, member=anna, plan="club", now=later) == []
    assert p.term(program, term.pk).state == "leaving"

    assert leaving.stay(program=program, member=anna, plan="club", now=later, by=b.staff()) == [term.pk]
    assert p.term(program, term.pk).state == "active"
    assert p.events(program) == ["plan.started", "plan.left", "plan.stayed"]
    with scope(program=program):
        assert AuditEntry.objects.filter(action="plan.stayed").count() == 1


def test_who_renews_after_leaving_stays(program):
    first = p.pay(program, "2026-03-05")
    leaving.leave(program=program, member=b.find(program, "anna"), plan="club", now=b.moment("2026-06-01"))

    p.pay(program, "2027-02-20")

    assert p.term(program, first.pk).state == "active"


def test_who_does_not_hold_it_cannot_leave(program):
    with pytest.raises(leaving.NotHeld):
        leaving.leave(
            program=program, member=b.find(program, "anna"), plan="club", now=b.moment("2026-06-01")
        )


def test_the_application_writes_no_term_past_the_posting(program):
    p.pay(program, "2026-03-05")

    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute("UPDATE rewards_term SET price_minor = 1")


def test_a_rule_can_reward_a_renewal(program):
    b.publish(
        program,
        "thanks",
        {
            "trigger": {"on": "event", "kind": "plan.renewed"},
            "amount": {"kind": "fixed", "points": "500"},
            "conditions": {"field": "data.number.number", "op": ">=", "value": 2},
        },
    )
    p.pay(program, "2026-03-05")
    assert b.balance(program).active == 0

    p.pay(program, "2027-02-20")

    assert b.balance(program).active == 500
    assert b.wrong_wallets(program) == []


def test_a_spent_budget_lets_others_pay_all_the_same(program):
    amount = {"kind": "fixed", "points": "500"}
    b.publish(
        program,
        "hello",
        {"trigger": {"on": "event", "kind": "plan.started"}, "amount": amount, "budget": "700"},
    )
    for name in ("bea", "cyd"):
        b.join(program, name)

    for name in ("anna", "bea", "cyd"):
        p.pay(program, "2026-03-05", member=name)

    assert [b.balance(program, name).active for name in ("anna", "bea", "cyd")] == [500, 200, 0]
    with scope(program=program):
        assert EarningRule.objects.get(key="hello").spent == 700
    assert b.wrong_wallets(program) == []


def test_nobody_notes_ones_own_payment_or_has_it_back(program):
    own, now = b.staff(), b.moment("2026-03-06")
    term = p.pay(program, "2026-03-05")
    with scope(program=program):
        identities.add(member=b.find(program, "anna"), kind="email", value=own.email)
    payment = Payment("own", now, 0)

    with pytest.raises(OwnAccount):
        payments.pay(
            program=program, member=b.find(program, "anna"), plan="club", payment=payment, now=now, by=own
        )
    for is_exception in (False, True):
        with pytest.raises(OwnAccount):
            refunds.refund(
                program=program, term_id=term.pk, now=now, by=own, reason="-", is_exception=is_exception
            )

    assert p.term(program, term.pk).state == "active"

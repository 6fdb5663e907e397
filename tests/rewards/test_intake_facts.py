"""Batches, members and events. Numbers in comments are lines of SEMANTICS."""

import dataclasses

import pytest
from django_scopes import scope

from members.models import Event, Identity, Member
from rewards.intake.items import Who
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

BONUS = {"amount": {"kind": "fixed", "points": "50"}}


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- batches ---


def test_a_fact_twice_in_one_batch_has_effect_once(program):
    told = b.order("A", "2026-01-10", 10_000)

    first, again, other = b.record(program, told, told, dataclasses.replace(told, channel="web"))

    assert (first.status, again.status) == ("recorded", "repeated")
    assert (other.status, other.code) == ("refused", "fact_contradicts")
    assert again.fact_id == first.fact_id
    assert points(program) == 100


def test_a_batch_gives_what_single_facts_give(program):
    items = [
        b.order("A", "2026-01-10", 6000, 4000),
        b.order("B", "2026-01-11", 2000, is_paid=False),
        b.bring_back("R", "2026-01-12", "sku-6000", order="A"),
        b.paid("B", "2026-01-13"),
        b.order("C", "2026-01-14", 500, member="ben"),
        b.cancel("C", "2026-01-15"),
    ]
    other = b.open_program()

    b.record(program, *items)
    b.record_each(other, *items)

    for member in ("anna", "ben"):
        assert b.balance(program, member) == b.balance(other, member)
        assert b.movements(program, member) == b.movements(other, member)


def test_a_batch_at_its_own_time_is_history_as_it_was(program):
    b.change_unit(program, expiry={"kind": "days", "count": 30})

    b.record(
        program,
        b.order("A", "2026-01-10", 10_000),
        b.order("B", "2026-03-10", 20_000),
        at_own_time=True,
        now="2026-06-01",
    )

    assert b.movements(program) == [("earn", 0, 100, 0), ("expire", 0, -100, 0), ("earn", 0, 200, 0)]  # 10
    assert b.entries(program)[0].posted_at == b.moment("2026-01-10")
    assert points(program) == 200


def test_an_empty_batch_is_nothing(program):
    assert b.intake.record(program=program, items=[], now=b.moment("2026-01-10")) == []


# --- members ---


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_who_is_not_active_earns_nothing(program, state):
    b.join(program, "anna", state=state)

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000))

    assert (outcome.status, outcome.code, outcome.awarded) == ("recorded", f"member_{state}", {})  # 12
    assert b.wallet(program) is None
    assert b.stored_order(program, "A").member_id == outcome.member_id


def test_who_is_blocked_later_still_gives_back_what_a_return_takes(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    with scope(program=program):
        Member.objects.update(state="blocked")

    b.record(program, b.cancel("A", "2026-01-11"))

    assert b.balance(program) == Balance()


def test_a_new_member_joins_once_in_a_batch(program):
    first, second = b.record(
        program,
        b.order("A", "2026-01-10", 1000, member=Who("email", "Anna@Example.com", True, "Anna", "fa")),
        b.order("B", "2026-01-11", 2000, member=Who("email", " anna@example.com", True, "Other name")),
    )

    assert first.member_id == second.member_id
    with scope(program=program):
        member = Member.objects.get()
        assert (member.name, member.language, member.source) == ("Anna", "fa", b.SOURCE)
        assert member.joined_at == b.moment("2026-01-10")
        assert Identity.objects.get().value == "anna@example.com"
        assert Event.objects.filter(kind="member.joined").count() == 1
    assert points(program) == 30


def test_a_member_is_found_by_number(program):
    anna = b.join(program, "anna")

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 1000, member=Who("number", anna.number)))

    assert outcome.member_id == anna.pk
    assert points(program) == 10


def test_a_number_never_joins(program):
    (outcome,) = b.record(
        program, b.order("A", "2026-01-10", 1000, member=Who("number", "123456789015", True))
    )

    assert outcome.code == "member_unknown"


def test_a_member_of_another_program_is_unknown_here(program):
    theirs = b.join(b.open_program(), "anna")

    outcomes = b.record(
        program,
        b.order("A", "2026-01-10", 1000, member=Who("number", theirs.number)),
        b.order("B", "2026-01-10", 1000, member=Who("email", "anna@example.com")),
    )

    assert [outcome.code for outcome in outcomes] == ["member_unknown"] * 2


def test_the_same_order_number_in_another_program_is_another_order(program):
    other = b.open_program()
    told = b.order("A", "2026-01-10", 10_000)
    b.record(program, told)

    (outcome,) = b.record(other, told)

    assert outcome.status == "recorded"
    assert points(other) == 100


# --- events ---

REVIEW = {
    "trigger": {"on": "event", "kind": "review.written"},
    "amount": {"kind": "fixed", "points": "25"},
    "frequency": {"times": 2, "per": "month"},
}


def test_a_custom_event_is_rewarded_by_its_rule():
    program = b.open_program(rules={"review": REVIEW})

    given = b.record_each(
        program, *(b.event(f"E{n}", "review.written", f"2026-01-{n}", rating=5) for n in (10, 11, 12))
    )

    assert [outcome.awarded for outcome in given] == [{"points": 25}, {"points": 25}, {}]  # 18
    assert points(program) == 50


def test_an_event_without_a_rule_is_kept(program):
    (outcome,) = b.record(program, b.event("E", "review.written", "2026-01-10"))

    assert (outcome.status, outcome.awarded) == ("recorded", {})
    with scope(program=program):
        assert Event.objects.filter(kind="event.review.written", holder_id=outcome.member_id).exists()


@pytest.mark.parametrize("kind", ["order", "schedule.birthday", ""])
def test_an_event_from_outside_cannot_pass_for_an_order_or_a_schedule(kind):
    rules = {
        "bonus": BONUS,
        "birthday": {**BONUS, "trigger": {"on": "schedule", "kind": "birthday"}},
    }
    program = b.open_program(rules=rules)

    (outcome,) = b.record(program, b.event("E", kind, "2026-01-10"))

    assert (outcome.status, outcome.code) == ("refused", "event_kind_reserved" if kind else "event_unnamed")
    with scope(program=program):
        assert not Member.objects.exists()


def test_an_event_wakes_what_its_order_awaited(program):
    b.change_unit(
        program, pending={"kind": "event", "event": "delivered"}, expiry={"kind": "days", "count": 10}
    )
    b.record(program, b.order("A", "2026-01-10", 10_000), b.order("B", "2026-01-10", 2000))

    b.record(program, b.event("E1", "shipped", "2026-01-12", order="A"))
    waiting = b.balance(program)
    b.record(program, b.event("E2", "delivered", "2026-01-20", order="A"))

    assert waiting == Balance(pending=120)  # 7
    assert b.balance(program) == Balance(pending=20, active=100)
    assert b.lots(program)[-1].expires_at == b.moment("2026-01-31T00:00")  # 8


def test_an_unpaid_order_awaits_payment_and_then_its_event(program):
    b.change_unit(program, pending={"kind": "event", "event": "delivered"})
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.paid("A", "2026-01-11"))
    paid = b.balance(program)
    b.record(program, b.event("E", "delivered", "2026-01-12", order="A"))

    assert (paid, b.balance(program)) == (Balance(pending=100), Balance(active=100))

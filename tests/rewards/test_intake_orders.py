"""An order and its life, and what counts of it. Numbers in comments are lines of SEMANTICS."""

import dataclasses
import hashlib

import pytest
from django_scopes import scope

from loyaltysite.kit import prints
from members.models import Event, Fact, OrderLine
from rewards.intake import requests
from rewards.intake.items import LineIn, OrderIn, Who
from rewards.models import Award, Pricing
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- the life of an order (22) ---


def test_an_order_is_stored_earns_and_says_so(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 6000, 4000, store="north", channel="till"))

    assert (outcome.status, outcome.code) == ("recorded", "")
    assert outcome.awarded == {"points": 100}
    assert outcome.balance == {"points": 100}
    stored = b.stored_order(program, "A")
    assert (stored.pk, stored.member_id) == (outcome.order_id, outcome.member_id)
    assert (stored.state, stored.total_minor, stored.basis_minor) == ("paid", 10_000, 10_000)
    with scope(program=program):
        assert OrderLine.objects.filter(order=stored).count() == 2
        assert Pricing.objects.get(fact_id=outcome.fact_id).awarded == {"points": 100}
        assert Award.objects.get(fact_id=outcome.fact_id).awarded == 100
        kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == ["member.joined", "order"]


def test_an_unpaid_order_earns_pending_until_it_is_paid(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))
    placed = b.balance(program)

    (outcome,) = b.record(program, b.paid("A", "2026-01-12"))

    assert placed == Balance(pending=100)  # 22
    assert b.balance(program) == Balance(active=100)
    assert outcome.balance == {"points": 100}
    assert b.stored_order(program, "A").state == "paid"


def test_expiry_counts_from_activation(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.paid("A", "2026-02-01"))

    assert b.lots(program)[-1].expires_at == b.moment("2026-02-12T00:00")  # 8


def test_paying_twice_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))
    b.record(program, b.paid("A", "2026-01-12"))

    (outcome,) = b.record(program, b.paid("A", "2026-01-12"))

    assert outcome.status == "repeated"
    assert b.balance(program) == Balance(active=100)


def test_a_change_upwards_posts_the_difference(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    (outcome,) = b.record(program, b.order("A", "2026-01-11", 10_000, 5000, revision=1))

    assert outcome.awarded == {"points": 50}
    assert points(program) == 150
    assert [row[2] for row in b.movements(program)] == [100, 50]


def test_a_change_downwards_takes_the_difference_back(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, 5000))

    (outcome,) = b.record(program, b.order("A", "2026-01-11", 10_000, revision=1))

    assert outcome.reversed == {"points": 50}
    assert points(program) == 100
    assert b.stored_order(program, "A").revision == 1


def test_a_change_keeps_the_moment_of_the_order(program):
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "2"}}, since="2026-01-15")
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.order("A", "2026-01-20", 20_000, revision=1))

    assert points(program) == 200  # 22: re-priced as of its original moment
    assert b.stored_order(program, "A").occurred_at == b.moment("2026-01-10")


def test_changes_up_and_down_end_where_the_last_one_says(program):
    amounts = [10_000, 30_000, 100, 50_000, 20_000]

    for revision, amount in enumerate(amounts):
        b.record(program, b.order("A", f"2026-01-{10 + revision}", amount, revision=revision))

    assert points(program) == 200
    assert b.wrong_wallets(program) == []


def test_an_older_revision_that_comes_late_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.order("A", "2026-01-12", 30_000, revision=2))

    b.record(program, b.order("A", "2026-01-11", 20_000, revision=1))

    assert points(program) == 300
    assert b.stored_order(program, "A").revision == 2


def test_the_same_revision_with_other_content_contradicts(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 20_000))

    assert (outcome.status, outcome.code) == ("refused", "fact_contradicts")  # 15
    assert points(program) == 100


def test_nobody_can_test_a_guess_of_who_bought(program):
    item = b.order("A", "2026-01-10", 10_000, member=Who("phone", "+447700900123", joins=True))

    b.record(program, item)

    with scope(program=program):
        kept = bytes(Fact.objects.get(kind="order").fingerprint)
    assert kept == prints.of(requests.canonical(item))
    assert hashlib.sha256(requests.canonical(item)).digest()[:24] not in kept


def test_facts_from_before_prints_had_a_key_are_still_told(program, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(prints, "of", lambda sent: hashlib.sha256(sent).digest())
        b.record(program, b.order("A", "2026-01-10", 10_000))

    (same,) = b.record(program, b.order("A", "2026-01-10", 10_000))
    (other,) = b.record(program, b.order("A", "2026-01-10", 20_000))

    assert (same.status, other.code) == ("repeated", "fact_contradicts")


def test_an_order_told_twice_has_effect_once(program):
    told = b.order("A", "2026-01-10", 10_000)
    (first,) = b.record(program, told)

    (again,) = b.record(program, told, now="2026-05-01")

    assert again == dataclasses.replace(first, status="repeated")  # 15
    assert points(program) == 100
    with scope(program=program):
        assert Fact.objects.count() == 1


def test_a_cancelled_order_leaves_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 6000, 4000))

    (outcome,) = b.record(program, b.cancel("A", "2026-01-11"))

    assert outcome.reversed == {"points": 100}
    assert b.balance(program) == Balance()
    assert b.stored_order(program, "A").state == "cancelled"


def test_cancelling_before_payment_voids_what_is_pending(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.cancel("A", "2026-01-11"))

    assert b.movements(program)[-1] == ("reverse", -100, 0, 0)  # 7
    assert b.balance(program) == Balance()


def test_a_payment_after_the_cancellation_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False), b.cancel("A", "2026-01-11"))

    b.record(program, b.paid("A", "2026-01-12"))

    assert b.balance(program) == Balance()
    assert b.stored_order(program, "A").state == "cancelled"


def test_cancelling_twice_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000), b.cancel("A", "2026-01-11"))

    (again,) = b.record(program, b.cancel("A", "2026-01-11"))

    assert again.status == "repeated"
    assert b.balance(program) == Balance()


def test_a_change_of_a_cancelled_order_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000), b.cancel("A", "2026-01-11"))

    b.record(program, b.order("A", "2026-01-12", 90_000, revision=1))

    assert b.balance(program) == Balance()


def test_a_change_may_carry_the_payment(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.order("A", "2026-01-11", 15_000, revision=1))

    assert b.balance(program) == Balance(active=150)


def test_a_change_may_say_whose_order_it_was(program):
    b.record(program, b.order("A", "2026-01-10", b.line(9000, "cup", 3), member=None))
    b.record(program, b.bring_back("R", "2026-01-11", "cup", order="A"))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "9"}}, since="2026-01-11")

    (outcome,) = b.record(program, b.order("A", "2026-01-12", b.line(9000, "cup", 3), revision=1))
    b.record(program, b.bring_back("S", "2026-01-13", "cup", order="A"))

    assert (outcome.awarded, outcome.reversed) == ({"points": 90}, {"points": 30})
    assert points(program) == 30  # as of its own moment (22), without what had come back (24)


def test_a_change_of_an_unpaid_order_stays_pending(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.order("A", "2026-01-11", 15_000, revision=1, is_paid=False))

    assert b.balance(program) == Balance(pending=150)


def test_payment_before_the_order_waits_for_it(program):
    (waiting,) = b.record(program, b.paid("A", "2026-01-12"))

    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False), now="2026-01-13")

    assert waiting.status == "waiting"
    assert b.balance(program) == Balance(active=100)


# --- what is counted for tiers (31) ---


def test_orders_of_one_day_in_one_store_are_one_visit():
    program = b.open_program(
        stores=["north", "south"], tiers={"basic": (0, {}), "gold": (5, {})}, scheme={"counted": "visits"}
    )

    b.record_each(
        program,
        b.order("A", "2026-01-10T09:00", 1000, store="north"),
        b.order("B", "2026-01-10T10:00", 1000, store="north"),
        b.order("C", "2026-01-10T11:00", 1000, store="south"),
        b.order("D", "2026-01-11T09:00", 1000, store="north"),
    )

    assert b.metric(program)[2] == 3


def test_what_costs_nothing_is_no_visit():
    program = b.open_program(
        stores=["north"], tiers={"basic": (0, {}), "gold": (5, {})}, scheme={"counted": "visits"}
    )

    b.record_each(
        program,
        b.order("A", "2026-01-10", b.line(0, "free"), store="north"),
        b.order("B", "2026-01-11", b.line(1000, is_reward=True), store="north"),
        b.order("C", "2026-01-12", 1000, store="north"),
    )

    assert b.metric(program)[2] == 1


def test_a_visit_is_gone_with_its_last_order():
    program = b.open_program(
        stores=["north"], tiers={"basic": (0, {}), "gold": (5, {})}, scheme={"counted": "visits"}
    )
    b.record_each(
        program,
        b.order("A", "2026-01-10T09:00", 1000, store="north"),
        b.order("B", "2026-01-10T10:00", 1000, store="north"),
    )

    b.record(program, b.cancel("A", "2026-01-12"))
    one = b.metric(program)[2]
    b.record(program, b.cancel("B", "2026-01-12"))

    assert (one, b.metric(program)[2]) == (1, 0)


@pytest.mark.parametrize("counted", ["spend", "orders", "points"])
def test_metrics_of_tiers(counted):
    program = b.open_program(tiers={"basic": (0, {}), "gold": (10**9, {})}, scheme={"counted": counted})

    b.record_each(
        program,
        b.order("A", "2026-01-10", 1000),
        b.order("B", "2026-01-11", 2000, b.line(0, "free")),
        b.order("C", "2026-01-11", b.line(0, "free")),  # 17: counts for no order metric
    )

    spend, orders, _visits, earned = b.metric(program)
    assert (spend, orders) == (3000, 2)
    assert earned == (30 if counted == "points" else 0)


def test_lines_of_a_long_order_are_stored_exactly():
    """Many lines go by COPY, whose format has characters of its own."""
    program = b.open_program()
    names = [f"a\tb{n}\\N \\t \r\n \\. ö\u200f" for n in range(600)]
    lines = [
        LineIn("sku\\", 2, 100, name, "\\N", cost_minor=7 if n % 2 else None) for n, name in enumerate(names)
    ]

    (outcome,) = b.record(program, OrderIn("shop", "A", b.moment("2026-01-10"), tuple(lines), b.who("anna")))

    with scope(program=program):
        stored = list(OrderLine.objects.filter(order=outcome.order_id).order_by("position"))
    assert [line.name for line in stored] == names
    assert {line.sku for line in stored} == {"sku\\"}
    assert {line.category for line in stored} == {"\\N"}
    assert [line.cost_minor for line in stored[:2]] == [None, 7]
    assert all(line.is_counted and line.returned_quantity == 0 for line in stored)

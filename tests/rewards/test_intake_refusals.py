"""What cannot be a fact is refused alone and in clear words. Numbers in comments are lines of SEMANTICS."""

import dataclasses
from datetime import UTC, datetime

import pytest
from django_scopes import scope

from members.models import Fact, Member, Order
from rewards.intake.items import Who
from rewards.models import Pricing
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- what an order must be ---


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "USD"}, "currency_foreign"),  # 17
        ({"lines": ()}, "order_empty"),
        ({"store": "east"}, "store_unknown"),
        ({"external_id": ""}, "fact_unnamed"),
        ({"lines": (b.line(100, quantity=0),)}, "quantity_invalid"),
        ({"lines": (b.line(-100),)}, "amount_negative"),
        ({"occurred_at": datetime(2030, 1, 1, tzinfo=UTC)}, "moment_in_future"),
        ({"member": Who("number", "123456789012")}, "member_unknown"),
        ({"member": Who("email", "nobody@example.com")}, "member_unknown"),
        ({"member": Who("email", "not an address", joins=True)}, "identity_invalid"),
        ({"member": Who("phone", "call me", joins=True)}, "identity_invalid"),
    ],
)
def test_what_cannot_be_an_order_is_refused_and_the_others_are_taken(program, changes, code):
    bad = dataclasses.replace(b.order("bad", "2026-01-10", 10_000), **changes)

    outcomes = b.record(
        program,
        b.order("A", "2026-01-10", 1000),
        bad,
        b.order("C", "2026-01-10", 3000),
        now="2026-01-10T13:00",
    )

    assert [outcome.status for outcome in outcomes] == ["recorded", "refused", "recorded"]
    assert outcomes[1].code == code
    assert outcomes[1].message
    assert points(program) == 40
    with scope(program=program):
        assert not Order.objects.filter(external_id="bad").exists()
        assert Fact.objects.count() == 2


def test_the_programs_own_currency_may_be_named(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 1000, currency="EUR"))

    assert outcome.status == "recorded"


def test_an_anonymous_order_is_kept_and_earns_nothing(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000, member=None))

    assert (outcome.status, outcome.awarded, outcome.member_id) == ("recorded", {}, None)
    assert b.stored_order(program, "A").member_id is None
    with scope(program=program):
        assert not Member.objects.exists()
        assert not Pricing.objects.exists()


def test_what_is_left_out_of_the_basis(program):
    lines = [
        b.line(5000, "mug"),
        b.line(700, "post", kind="shipping"),
        b.line(300, "tip", kind="tip"),
        b.line(2000, "card", kind="gift_card"),
        b.line(900, "free", is_reward=True),
    ]

    (outcome,) = b.record(program, b.order("A", "2026-01-10", *lines))

    assert outcome.awarded == {"points": 50}  # 17


def test_tax_contained_and_what_credit_paid_earn_nothing():
    program = b.open_program(prices_include_tax=True)

    (outcome,) = b.record(
        program, b.order("A", "2026-01-10", b.line(12_000, tax_minor=2000), credit_minor=6000)
    )

    assert outcome.awarded == {"points": 50}  # 17: half of 100.00 without tax


# --- bad input ---

TOO_BIG = 2**63


@pytest.mark.parametrize(
    "bad",
    [
        {"lines": (b.line(100, "x" * 129),)},
        {"lines": (b.line(100, "a\x00b"),)},
        {"lines": (b.line(100, "\ud800"),)},
        {"lines": (b.line(100, name="n" * 301),)},
        {"lines": (b.line(100, category="c" * 129),)},
        {"lines": (b.line(100, quantity=2**31),)},
        {"lines": (b.line(TOO_BIG),)},
        {"lines": (b.line(2**62), b.line(2**62))},
        {"lines": (b.line(100, tax_minor=-1),)},
        {"lines": (b.line(100, discount_minor=-1),)},
        {"lines": (b.line(100, quantity=1.5),)},
        {"external_id": "x" * 129},
        {"external_id": "\ud800"},
        {"external_id": "a\x00"},
        {"source": "s" * 33},
        {"channel": "c" * 33},
        {"revision": -1},
        {"revision": 2**31},
        {"credit_minor": -5},
        {"occurred_at": datetime(2026, 1, 10)},  # noqa: DTZ001
        {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"member": Who("email", "\ud800@example.com", True)},
        {"member": Who("email", "new@example.com", True, "a\x00b")},
        {"member": Who("email", "new@example.com", True, "\udfff")},
        {"member": Who("email", "new@example.com", True, language="x" * 9)},
        {"member": Who("pigeon", "grey", True)},
        {"member": Who("shop", "x" * 255, True)},
        {"member": Who("number", "\ud800")},
    ],
    ids="-".join,
)
def test_what_cannot_be_stored_is_refused_alone(program, bad):
    told = dataclasses.replace(b.order("bad", "2026-01-10", 10_000), **bad)

    good, refused, also = b.intake.record(
        program=program,
        items=[b.order("A", "2026-01-10", 1000), told, b.order("C", "2026-01-10", 3000)],
        now=b.moment("2026-01-10"),
    )

    assert (good.status, refused.status, also.status) == ("recorded", "refused", "recorded")
    assert refused.code
    assert refused.message
    assert points(program) == 40


def test_a_time_within_a_day_ahead_is_a_wrong_clock_and_taken(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-11", 1000), now="2026-01-10T13:00")

    assert outcome.status == "recorded"
    assert b.stored_order(program, "A").occurred_at == b.moment("2026-01-11")

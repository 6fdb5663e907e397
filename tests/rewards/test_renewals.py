"""A benefit with each renewal of a subscription, counted in a row (E5)."""

from __future__ import annotations

import pytest

from rewards import withdrawals
from tests.members.api_shop import Shop
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
EACH = {
    "trigger": {"on": "event", "kind": "subscription.renewed"},
    "amount": {"kind": "fixed", "points": "10"},
}
THIRD = EACH | {
    "amount": {"kind": "fixed", "points": "100"},
    "conditions": {"field": "data.number.renewal", "op": "=", "value": 3},
}


@pytest.fixture
def program():
    return b.open_program(rules={"each": EACH, "third": THIRD})


def renewed(number, at, subscription="S-1", **data):
    return b.event(number, "subscription.renewed", at, subscription=subscription, **data)


def points(program, *items):
    """What each of them gave."""
    return [outcome.awarded.get("points", 0) for outcome in b.record_each(program, *items)]


def test_each_renewal_gives_and_the_third_in_a_row_more(program):
    months = [renewed(f"R{month}", f"2026-{month:02d}-15") for month in (1, 2, 3, 4)]

    assert points(program, *months) == [10, 10, 110, 10]


def test_a_missed_renewal_begins_a_new_row(program):
    months = [renewed(f"R{month}", f"2026-{month:02d}-15") for month in (1, 2, 4, 5, 6)]

    assert points(program, *months) == [10, 10, 10, 10, 110]


@pytest.mark.parametrize(("at", "gives"), [("2026-04-22T23:59", 110), ("2026-04-23T00:00", 10)])
def test_some_days_late_are_forgiven(program, at, gives):
    items = [renewed("R1", "2026-02-15"), renewed("R2", "2026-03-15"), renewed("R3", at)]

    assert points(program, *items)[-1] == gives


def test_days_in_place_of_months_and_ones_own_grace(program):
    items = [renewed(f"R{day}", f"2026-01-{day:02d}", days=7, grace_days=0) for day in (1, 8, 15, 23)]

    assert points(program, *items) == [10, 10, 110, 10]


def test_each_subscription_has_its_own_row(program):
    items = [renewed(f"R{n}", f"2026-0{n}-15", f"S-{n % 2}") for n in (1, 2, 3)]

    assert points(program, *items) == [10, 10, 10]


def test_the_order_of_telling_does_not_matter_for_the_place(program):
    late = [renewed("R1", "2026-01-15"), renewed("R3", "2026-03-15"), renewed("R2", "2026-02-15")]
    assert points(program, *late) == [10, 10, 10]

    # April is the fourth in a row although February came last.
    after = renewed("R4", "2026-04-15")
    assert points(program, after) == [10]
    assert points(program, renewed("R5", "2026-05-15")) == [10]


def test_all_in_one_batch_count_alike(program):
    items = [renewed(f"R{month}", f"2026-{month:02d}-15") for month in (1, 2, 3)]

    outcomes = b.record(program, *items)

    assert [outcome.awarded["points"] for outcome in outcomes] == [10, 10, 110]


def test_a_repeat_counts_once(program):
    first = renewed("R1", "2026-01-15")

    b.record(program, first)
    b.record(program, first)

    assert points(program, renewed("R2", "2026-02-15"), renewed("R3", "2026-03-15")) == [10, 110]


def test_one_that_is_taken_back_counts_no_more(program):
    b.record_each(program, renewed("R1", "2026-01-15"), renewed("R2", "2026-02-15"))

    withdrawals.withdraw(
        program=program, source=b.SOURCE, kind="subscription.renewed", external_id="R1", now=b.moment("2026-02-20")
    )  # fmt: skip

    assert points(program, renewed("R3", "2026-03-15")) == [10]
    assert b.balance(program).active == 20


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "data.subscription"),
        ({"subscription": ""}, "data.subscription"),
        ({"subscription": "S", "months": 0}, "data.months"),
        ({"subscription": "S", "days": True}, "data.days"),
        ({"subscription": "S", "months": 1, "days": 30}, "data.days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(program, data, field):
    (outcome,) = b.record(program, b.event("R1", "subscription.renewed", "2026-01-15", **data))

    assert (outcome.status, outcome.code, outcome.field) == ("refused", "renewal_invalid", field)


def test_over_the_api(program):
    shop = Shop(program)
    told = [
        shop.post(
            "events",
            {
                "source": "shop",
                "external_id": f"R{month}",
                "kind": "subscription.renewed",
                "occurred_at": f"2026-{month:02d}-15T12:00:00Z",
                "member": {"kind": "email", "value": "anna@example.com", "joins": True},
                "data": {"subscription": "S-1", "months": 1},
            },
        ).json()
        for month in (1, 2, 3)
    ]

    assert [each["points"][0]["awarded"] for each in told] == [10, 10, 110]

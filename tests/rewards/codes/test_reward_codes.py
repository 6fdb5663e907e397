"""Codes of rewards in orders: the discount per line, used once by its order, and given back with it (27, 38, 39, 41)."""

import importlib
from decimal import Decimal

import pytest
from django.db import connection
from django_scopes import scope

from members import followers
from members.models import Following
from rewards import checking, intake, redemptions, refunds
from rewards.models import Redemption
from rewards.redemptions import moves, tickets
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db

NOW = "2026-03-01"


@pytest.fixture
def program():
    program = b.open_program(stores=["north", "south"])
    b.record(program, b.order("O", "2026-02-01", 1000_00))
    b.join(program, "ben")
    return program


def put_up(program, key="off", kind="amount", **values):
    given = {"value_minor": 500} if kind == "amount" else {}
    return rewards.put_up(
        program, key, kind=kind, **{"price": {"points": 400}, "handover": "code"} | given | values
    )


def redeem(program, key="off", *, name="", now=NOW, at_once=True):
    one = redemptions.reserve(
        program=program,
        member=b.find(program, "anna"),
        reward=key,
        key=name or key,
        now=b.moment(now),
        at_once=at_once,
    )
    return one, tickets.unseal(program_id=program.pk, sealed=bytes(one.code_sealed))


def outcome(program, *codes, number="A", lines=(1000, 2000), at=NOW, **others):
    return b.record(program, b.order(number, at, *lines, codes=codes, **others))[0]


def kept(program, one):
    with scope(program=program):
        found = Redemption.objects.select_related("order").get(pk=one.pk)
        return found.state, found.order.external_id if found.order else None


def deliver(at="2026-03-05"):
    followers.deliver(clock=lambda: b.moment(at), seconds=60)


def test_a_reward_takes_its_money_off_the_lines_and_is_used_by_the_order(program):
    put_up(program)
    one, code = redeem(program)

    found = outcome(program, tickets.shown(code))

    assert found.codes == [{"reward": "off", "discount_minor": 500, "lines": [[1, 167], [2, 333]]}]
    assert (found.status, found.awarded) == ("recorded", {"points": 25})
    assert kept(program, one) == ("fulfilled", "A")
    assert b.balance(program).active == 1000 - 400 + 25
    assert checking.run(program=program, verify=True).faults == []


@pytest.mark.parametrize(
    ("kind", "values", "lines"),
    [
        ("percent", {"percent": Decimal(10)}, [[1, 100], [2, 200]]),
        ("product", {"sku": "sku-2000"}, [[2, 2000]]),
        ("shipping", {}, [[3, 400]]),
    ],
)
def test_each_kind_of_discount(program, kind, values, lines):
    put_up(program, kind=kind, **values)
    _one, code = redeem(program)

    found = outcome(program, code, lines=(1000, 2000, b.line(400, kind="shipping")))

    assert [one["lines"] for one in found.codes] == [lines]


def test_a_code_works_for_one_order(program):
    put_up(program)
    _one, code = redeem(program)
    first = outcome(program, code)

    assert outcome(program, code).codes == first.codes
    assert outcome(program, code, number="B").code == "code_invalid"
    batch = [b.order(number, NOW, 1000, codes=(redeem(program, name="2")[1],)) for number in ("C",)]
    batch.append(b.order("D", NOW, 1000, codes=batch[0].codes))
    assert [one.status for one in b.record(program, *batch)] == ["recorded", "refused"]


def test_nobody_else_can_use_it_and_what_is_only_reserved_is_not_paid_for_yet(program):
    put_up(program)
    one, code = redeem(program)
    _held, reserved = redeem(program, name="2", at_once=False)

    assert outcome(program, code, member="ben").code == "code_invalid"
    assert outcome(program, code, member=None).code == "code_invalid"
    assert outcome(program, reserved).code == "code_invalid"
    assert outcome(program, code, code, number="B").code == "code_twice"
    assert kept(program, one) == ("issued", None)


def test_stores_and_days_of_the_reward_hold(program):
    put_up(program, stores=["north"], valid_days=3)
    _one, code = redeem(program)

    assert outcome(program, code, store="south").code == "coupon_wrong_store"
    assert outcome(program, code, number="B", store="north", at="2026-03-06").code == "code_invalid"
    assert outcome(program, code, number="C", store="north", at="2026-03-04").status == "recorded"


def test_a_reward_with_nothing_to_take_off_is_kept(program):
    put_up(program, kind="product", sku="sku-7")
    one, code = redeem(program)

    assert outcome(program, code).code == "coupon_nothing_to_take_off"
    assert kept(program, one) == ("issued", None)


def test_it_goes_with_a_coupon(program):
    put_up(program)
    c.put_up(program)
    _one, code = redeem(program)

    found = outcome(program, "SUMMER", code)

    assert [(each.get("coupon") or each["reward"], each["discount_minor"]) for each in found.codes] == [
        ("summer", 300),
        ("off", 500),
    ]
    assert found.awarded == {"points": 22}


def test_a_preview_uses_nothing(program):
    put_up(program)
    one, code = redeem(program)

    found = intake.preview(program=program, item=b.order("A", NOW, 1000, codes=(code,)), now=b.moment(NOW))

    assert [each["discount_minor"] for each in found.outcome.codes] == [500]
    assert kept(program, one) == ("issued", None)
    assert outcome(program, code, lines=(1000,), quote=found.quote).status == "recorded"


def test_a_changed_order_keeps_its_reward(program):
    put_up(program)
    one, code = redeem(program)
    outcome(program, code)

    found = outcome(program, code, lines=(1000,), revision=1)

    assert [each["lines"] for each in found.codes] == [[[1, 500]]]
    assert kept(program, one) == ("fulfilled", "A")


@pytest.mark.parametrize(
    "back",
    [b.cancel("A", "2026-03-05"), b.bring_back("R", "2026-03-05", order="A")],
    ids=["cancelled", "returned"],
)
def test_an_order_that_comes_back_whole_gives_the_points_back(program, back):
    put_up(program, stock=1)
    one, code = redeem(program)
    outcome(program, code)

    b.record(program, back)
    deliver()
    deliver()

    assert b.balance(program).active == 1000
    assert kept(program, one) == ("failed", "A")
    assert outcome(program, code, number="B").code == "code_invalid"
    assert redeem(program, name="2")[0].state == "issued"
    assert checking.run(program=program, verify=True).faults == []


def test_a_part_that_comes_back_leaves_it_used_until_the_rest_does(program):
    put_up(program)
    one, code = redeem(program)
    outcome(program, code)

    b.record(program, b.bring_back("R1", "2026-03-05", "sku-1000", order="A"))
    deliver()
    between = kept(program, one)
    b.record(program, b.bring_back("R2", "2026-03-06", "sku-2000", order="A"))
    deliver("2026-03-06")

    assert (between, kept(program, one)) == (("fulfilled", "A"), ("failed", "A"))


def test_what_was_handed_over_at_the_till_works_in_no_order(program):
    put_up(program)
    one, code = redeem(program)
    moves.fulfil(program=program, redemption_id=one.pk, now=b.moment(NOW))

    assert outcome(program, code).code == "code_invalid"


def test_programs_with_such_rewards_follow_from_the_migration_on(program):
    put_up(program)
    with scope(program=program):
        Following.objects.all().delete()
    follow = importlib.import_module("rewards.migrations.0043_rewards_in_orders").FOLLOW

    with connection.cursor() as cursor:
        cursor.execute(follow)

    with scope(program=program):
        kept = Following.objects.get(follower=refunds.NAME)
    assert set(kept.kinds) == set(refunds.KINDS)

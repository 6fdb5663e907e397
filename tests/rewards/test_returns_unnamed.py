"""Returns that name no order. Numbers in comments are lines of SEMANTICS."""

import pytest
from django_scopes import scope

from members.models import Member, OrderLine, Return, ReturnLine
from rewards.intake.items import ReturnIn, ReturnLineIn, Who
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")
THREE = b.line(9000, "cup", 3)


@pytest.fixture
def program():
    return b.open_program()


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


def buy_cups(program):
    b.record_each(
        program,
        b.order("old", "2026-01-10", b.line(3000, "cup", 3)),
        b.order("mid", "2026-01-11", b.line(8000, "cup", 2), TEA),
        b.order("new", "2026-01-20", b.line(9000, "cup", 1)),
    )


def returned(program) -> dict[str, int]:
    names = ("old", "mid", "new")
    return {name: b.stored_order(program, name).returned_minor for name in names}


def test_an_unnamed_return_takes_the_latest_earlier_order(program):
    buy_cups(program)

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-15", "cup", member="anna"), now="2026-01-21")

    assert outcome.reversed == {"points": 40}  # 30: "new" came after it
    assert returned(program) == {"old": 0, "mid": 4000, "new": 0}


def test_an_unnamed_return_spreads_over_several_orders(program):
    buy_cups(program)

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-21", ("cup", 4), "tea", "hat", member="anna"))

    assert returned(program) == {"old": 1000, "mid": 12_000, "new": 9000}
    assert outcome.unmatched == 1  # 30: the hat is reported
    assert outcome.reversed == {"points": 220}


def test_an_unnamed_return_beyond_all_is_reported(program):
    buy_cups(program)

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-21", ("cup", 9), member="anna"))

    assert outcome.unmatched == 3
    assert points(program) == 40
    with scope(program=program):
        assert ReturnLine.objects.get(order=None).quantity == 3


def test_an_unnamed_return_passes_over_cancelled_orders(program):
    buy_cups(program)
    b.record(program, b.cancel("new", "2026-01-20T13:00"), b.cancel("mid", "2026-01-20T13:00"))

    b.record(program, b.bring_back("R", "2026-01-21", "cup", member="anna"))

    assert points(program) == 20


def test_an_unnamed_return_sees_orders_of_its_own_batch(program):
    outcomes = b.record(
        program,
        b.order("A", "2026-01-10", THREE),
        b.bring_back("R", "2026-01-12", ("cup", 2), member="anna"),
        b.bring_back("S", "2026-01-13", ("cup", 2), member="anna"),
    )

    assert [outcome.unmatched for outcome in outcomes] == [0, 0, 1]
    assert points(program) == 0


def test_an_unnamed_return_before_any_order_reverses_nothing(program):
    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup", member="anna"))
    late = b.order("A", "2026-01-10", THREE)

    b.record(program, late, now="2026-01-13")

    assert (outcome.status, outcome.code) == ("refused", "member_unknown")
    assert points(program) == 90  # 30: matched when it is posted


def test_an_unnamed_return_leaves_other_members_alone(program):
    b.join(program, "ben")
    b.record(program, b.order("A", "2026-01-10", THREE))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup", member="ben"))

    assert outcome.unmatched == 1
    assert points(program) == 90


def test_an_unnamed_return_by_member_number(program):
    anna = b.join(program, "anna")
    b.record(program, b.order("A", "2026-01-10", THREE))

    (outcome,) = b.record(
        program,
        ReturnIn(
            "shop",
            "R",
            b.moment("2026-01-12"),
            member=Who("number", anna.number),
            lines=(ReturnLineIn("cup", 1),),
        ),
    )

    assert outcome.unmatched == 0
    assert points(program) == 60


def test_an_unnamed_return_of_nobody_is_kept_and_reported(program):
    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup"))

    assert (outcome.status, outcome.unmatched) == ("recorded", 1)
    with scope(program=program):
        assert Return.objects.get().member_id is None


def test_an_unnamed_return_needs_its_lines(program):
    b.join(program, "anna")

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", member="anna"))

    assert (outcome.status, outcome.code) == ("refused", "return_without_lines")


def test_a_refused_return_leaves_no_trace(program):
    b.record(program, b.order("A", "2026-01-10", THREE, TEA))
    joining = ReturnIn("shop", "R", b.moment("2026-01-12"), member=b.who("ben"))

    one, two = b.record(program, b.bring_back("S", "2026-01-12", "cup", ("tea", 0), member="anna"), joining)

    assert (one.status, two.status) == ("refused", "refused")
    assert b.stored_order(program, "A").returned_minor == 0
    with scope(program=program):
        assert not OrderLine.objects.exclude(returned_quantity=0).exists()
        assert Member.objects.count() == 1

"""Returns of named orders, by lines and by amounts. Numbers in comments are lines of SEMANTICS."""

import itertools

import pytest
from django.db import connection
from django_scopes import scope

from members.models import OrderLine, Return, ReturnLine
from rewards.intake.items import ReturnLineIn
from rewards.models import Settlement
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")
THREE = b.line(9000, "cup", 3)


@pytest.fixture
def program():
    return b.open_program()


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- of a named order (24, 30) ---


def test_a_returned_line_takes_its_points_back(program):
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    assert (outcome.status, outcome.reversed, outcome.unmatched) == ("recorded", {"points": 40}, 0)
    assert points(program) == 60
    assert b.stored_order(program, "A").returned_minor == 4000
    with scope(program=program):
        assert OrderLine.objects.get(sku="tea").returned_quantity == 1
        assert Return.objects.get().matched_minor == 4000
        assert Settlement.objects.get().from_own == 40


def test_pieces_of_a_line_come_back_one_by_one(program):
    b.record(program, b.order("A", "2026-01-10", THREE))

    left = []
    for number in range(3):
        b.record(program, b.bring_back(f"R{number}", "2026-01-12", "cup", order="A"))
        left.append(points(program))

    assert left == [60, 30, 0]


def test_the_reversal_is_a_function_of_all_that_came_back(program):
    b.publish(
        program,
        "base",
        {"amount": {"kind": "per_amount", "points": "1", "per_minor": 1000, "steps": "whole"}},
    )
    b.record(
        program, b.order("A", "2026-01-10", b.line(700, "one"), b.line(700, "two"), b.line(700, "three"))
    )

    left = [points(program)]
    for sku in ("one", "two", "three"):
        b.record(program, b.bring_back(sku, "2026-01-12", sku, order="A"))
        left.append(points(program))

    assert left == [2, 1, 0, 0]  # 24: never the sum of rounded parts


def test_a_return_without_lines_is_of_everything_left(program):
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))
    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    (outcome,) = b.record(program, b.bring_back("all", "2026-01-13", order="A"))

    assert outcome.reversed == {"points": 60}
    assert points(program) == 0


def test_a_line_is_named_by_its_position(program):
    b.record(program, b.order("A", "2026-01-10", b.line(6000, "mug"), b.line(1000, "mug")))

    b.record(program, b.bring_back("R", "2026-01-12", ReturnLineIn("mug", 1, position=2), order="A"))

    assert points(program) == 60


def test_a_return_told_twice_has_effect_once(program):
    b.record(program, b.order("A", "2026-01-10", THREE))
    told = b.bring_back("R", "2026-01-12", "cup", order="A")
    b.record(program, told)

    (again,) = b.record(program, told, now="2026-02-01")
    (changed,) = b.record(program, b.bring_back("R", "2026-01-12", ("cup", 2), order="A"))

    assert (again.status, changed.code) == ("repeated", "fact_contradicts")  # 30, 15
    assert points(program) == 60


def test_no_more_comes_back_than_was_bought(program):
    b.record(program, b.order("A", "2026-01-10", THREE, TEA))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", ("cup", 5), "coffee", order="A"))

    assert outcome.unmatched == 3  # two cups too many and the coffee
    assert outcome.reversed == {"points": 90}
    assert points(program) == 40  # 30
    with scope(program=program):
        rows = {row.sku: (row.quantity, row.order_id) for row in ReturnLine.objects.filter(order=None)}
    assert rows == {"cup": (2, None), "coffee": (1, None)}


def test_lines_of_one_sku_are_matched_piece_by_piece(program):
    b.record(program, b.order("A", "2026-01-10", b.line(1000, "mug"), b.line(2000, "mug")))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "mug", "mug", "mug", order="A"))

    assert outcome.reversed == {"points": 30}  # 30
    assert outcome.unmatched == 1
    assert points(program) == 0


def test_one_line_asked_twice_comes_back_twice(program):
    b.record(program, b.order("A", "2026-01-10", THREE))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup", "cup", order="A"))

    assert (outcome.reversed, outcome.unmatched) == ({"points": 60}, 0)


def test_a_return_before_its_order_waits_for_it(program):
    (waiting,) = b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    (outcome,) = b.record(program, b.order("A", "2026-01-10", MUG, TEA), now="2026-01-13")

    assert waiting.status == "waiting"
    assert (outcome.awarded, outcome.reversed) == ({"points": 100}, {"points": 40})  # 30
    assert points(program) == 60


def test_a_waiting_return_told_again_waits_once(program):
    told = b.bring_back("R", "2026-01-12", "cup", order="A")
    b.record(program, told, told)
    b.record(program, told)

    b.record(program, b.order("A", "2026-01-10", THREE), told, now="2026-01-13")

    assert points(program) == 60


def test_a_cancellation_before_its_order_waits_for_it(program):
    b.record(program, b.cancel("A", "2026-01-12"))

    b.record(program, b.order("A", "2026-01-10", MUG, TEA), now="2026-01-13")

    assert points(program) == 0
    assert b.stored_order(program, "A").state == "cancelled"


@pytest.mark.parametrize(
    "wrong",
    [
        b.bring_back("R", "2026-01-12", ("cup", 0), order="A"),
        b.bring_back("R", "2026-01-12", ("cup", -1), order="A"),
        b.bring_back("R", "2026-01-12", order="A", amount_minor=-500),
        b.bring_back("R", "2026-01-12", ReturnLineIn("cup", 1, amount_minor=-5), order="A"),
        b.bring_back("R", "2026-01-12", ("cup", 2**31), order="A"),
        b.bring_back("R", "2026-01-12", "\ud800", order="A"),
        b.bring_back("", "2026-01-12", "cup", order="A"),
        b.bring_back("R", "2026-01-12", "cup", order="A" * 129),
    ],
    ids=range(8),
)
def test_a_return_that_cannot_be_is_refused_before_its_order_and_after(program, wrong):
    (before,) = b.record(program, wrong)
    b.record(program, b.order("A", "2026-01-10", THREE), now="2026-01-12")

    (after,) = b.record(program, wrong)

    assert (before.status, after.status) == ("refused", "refused")
    assert points(program) == 90
    assert b.stored_order(program, "A").state == "paid"


def test_a_return_after_the_cancellation_finds_nothing(program):
    b.record(program, b.order("A", "2026-01-10", THREE), b.cancel("A", "2026-01-11"))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup", order="A"))

    assert (outcome.status, outcome.reversed, outcome.unmatched) == ("recorded", {}, 1)
    assert b.balance(program) == Balance()


def test_a_cancellation_takes_what_returns_have_left(program):
    b.record(program, b.order("A", "2026-01-10", THREE))
    b.record(program, b.bring_back("R", "2026-01-12", "cup", order="A"))

    (outcome,) = b.record(program, b.cancel("A", "2026-01-13"))

    assert outcome.reversed == {"points": 60}
    assert b.balance(program) == Balance()


def test_a_return_of_an_anonymous_order_is_kept(program):
    b.record(program, b.order("A", "2026-01-10", THREE, member=None))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", "cup", order="A"))

    assert (outcome.status, outcome.reversed, outcome.unmatched) == ("recorded", {}, 0)
    assert b.stored_order(program, "A").returned_minor == 3000


def test_a_return_prices_the_order_as_it_was_then(program):
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "5"}}, since="2026-01-11")

    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    assert points(program) == 60  # 24: the same rule versions


def test_a_return_never_gives_more_than_the_order_did(program):
    only_small = {"field": "order.total", "op": "<", "value": 5000}
    b.publish(program, "small", {"amount": {"kind": "fixed", "points": "500"}, "conditions": only_small})
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-01-12", "mug", order="A"))

    assert points(program) == 100  # 24: max(0, 100 − 540)


def test_a_free_line_counts_until_it_comes_back(program):
    gift = {"has": "lines", "where": {"field": "sku", "op": "=", "value": "gift"}}
    b.publish(program, "gift", {"amount": {"kind": "fixed", "points": "7"}, "conditions": gift})
    b.record(program, b.order("A", "2026-01-10", MUG, TEA, b.line(0, "gift")))
    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))
    kept = points(program)

    b.record(program, b.bring_back("S", "2026-01-13", "gift", order="A"))

    assert (kept, points(program)) == (67, 60)  # 24


PIECES = (
    b.order("A", "2026-01-10", THREE, TEA),
    b.bring_back("R1", "2026-01-12", "cup", order="A"),
    b.bring_back("R2", "2026-01-13", ("cup", 1), "tea", order="A"),
    b.bring_back("R3", "2026-01-14", ("cup", 4), order="A"),
    b.order("A", "2026-01-10", THREE, TEA),
)


@pytest.mark.parametrize("facts", list(itertools.permutations(PIECES)), ids=lambda _: "")
def test_any_order_of_arrival_ends_the_same(program, facts):
    for fact in (*facts, *facts):
        b.record(program, fact, now="2026-02-01")

    assert b.balance(program) == Balance()  # 30
    assert b.stored_order(program, "A").returned_minor == 13_000
    assert b.wrong_wallets(program) == []


LIFE = (
    b.order("A", "2026-01-10", THREE, TEA, is_paid=False),
    b.paid("A", "2026-01-11"),
    b.bring_back("R1", "2026-01-12", "cup", order="A"),
    b.bring_back("R2", "2026-01-13", "tea", order="A"),
    b.order("B", "2026-01-10", 1000),
)


def test_placed_paid_and_returned_in_any_order_ends_the_same():
    ends = set()
    for facts in itertools.permutations(LIFE):
        program = b.open_program(tiers={"basic": (0, {}), "gold": (10**9, {})}, scheme={"counted": "spend"})
        for fact in facts:
            b.record(program, fact, now="2026-02-01")
        ends.add((b.balance(program), b.metric(program), b.stored_order(program, "A").returned_minor))

    assert ends == {(Balance(active=70), (7000, 2, 0, 0), 7000)}


# --- amounts (24) ---


def test_an_amount_shrinks_all_lines_in_proportion(program):
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    (outcome,) = b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=2500))

    assert outcome.reversed == {"points": 25}
    with scope(program=program):
        refunded = dict(OrderLine.objects.values_list("sku", "refunded_minor"))
    assert refunded == {"mug": 1500, "tea": 1000}
    assert b.stored_order(program, "A").returned_minor == 2500


def test_amounts_are_capped_at_what_is_left(program):
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))
    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=9999))

    b.record(program, b.bring_back("S", "2026-01-12", order="A", amount_minor=5000))

    assert points(program) == 0
    assert b.stored_order(program, "A").returned_minor == 10_000


CHANGES = (
    b.order("A", "2026-01-11", b.line(10_000, "cup"), revision=1),
    b.order("A", "2026-01-12", b.line(40_000, "cup", 4), revision=2),
    b.bring_back("R", "2026-01-13", order="A", amount_minor=10_100),
    b.bring_back("S", "2026-01-14", "cup", order="A"),
)


@pytest.mark.parametrize("facts", list(itertools.permutations(CHANGES)), ids=lambda _: "")
def test_a_refund_is_remembered_whenever_the_order_changes(program, facts):
    b.record(program, b.order("A", "2026-01-10", b.line(20_000, "cup", 2)))

    for fact in facts:
        b.record(program, fact, now="2026-02-01")

    # Four cups without the one that came back and the amount: 400.00 - 100.00 - 101.00 (24, 30).
    assert points(program) == 199
    assert b.stored_order(program, "A").returned_minor == 20_100
    assert b.wrong_wallets(program) == []


def test_an_odd_amount_is_spread_to_the_last_cent(program):
    b.record(program, b.order("A", "2026-01-10", *(b.line(333, f"s{n}") for n in range(3))))

    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=100))

    assert b.stored_order(program, "A").returned_minor == 100


# --- changes and returns together (22, 24) ---


def test_what_came_back_stays_back_after_a_change(program):
    b.record(program, b.order("A", "2026-01-10", THREE))
    b.record(program, b.bring_back("R", "2026-01-12", "cup", order="A"))

    b.record(program, b.order("A", "2026-01-13", THREE, TEA, revision=1))

    assert points(program) == 100


def test_an_amount_given_back_stays_back_after_a_change(program):
    b.record(program, b.order("A", "2026-01-10", MUG))
    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=1000))

    b.record(program, b.order("A", "2026-01-13", MUG, TEA, revision=1))

    assert points(program) == 90


def test_many_returns_settle_against_the_latest_state(program):
    b.record(program, b.order("A", "2026-01-10", b.line(10_000, "bead", 10)))

    for number in range(10):
        b.record(program, b.bring_back(f"R{number}", "2026-01-12", "bead", order="A"))

        assert points(program) == 100 - 10 * (number + 1)


def test_returns_recorded_by_two_processes_settle_one_after_the_other(program):
    """Each process takes its own block of ids, so a later fact may have a smaller id."""
    from rewards import ids

    b.record(program, b.order("A", "2026-01-10", b.line(10_000, "bead", 10)))
    pool = ids._pools[str(connection.settings_dict["NAME"])]
    ours = pool[:]
    pool.clear()
    b.record(program, b.bring_back("late-id", "2026-01-12", ("bead", 4), order="A"))
    pool[:] = ours
    b.record(program, b.bring_back("early-id", "2026-01-12", ("bead", 3), order="A"))

    b.record(program, b.cancel("A", "2026-01-13"))

    assert b.balance(program) == Balance()  # 24


def test_amounts_and_lines_come_back_in_any_order():
    facts = (
        b.order("A", "2026-01-10", MUG, TEA),
        b.bring_back("R", "2026-01-12", order="A", amount_minor=1000),
        b.bring_back("S", "2026-01-12", "tea", order="A"),
        b.bring_back("T", "2026-01-12", order="A", amount_minor=500),
    )
    ends = set()
    for arrival in itertools.permutations(facts):
        program = b.open_program()
        for fact in arrival:
            b.record(program, fact, now="2026-02-01")
        ends.add((points(program), b.stored_order(program, "A").returned_minor))

    assert ends == {(45, 5500)}  # 30


def test_a_revision_twice_gives_back_what_a_return_took(program):
    b.record(program, b.order("A", "2026-01-10", THREE))
    b.record(program, b.bring_back("R", "2026-01-11", "cup", order="A"))

    b.record(program, b.order("A", "2026-01-12", b.line(30_000, "cup", 3), revision=1))
    b.record(program, b.order("A", "2026-01-13", THREE, revision=2))
    b.record(program, b.cancel("A", "2026-01-14"))

    assert b.balance(program) == Balance()

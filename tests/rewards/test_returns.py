"""Returns: what comes back takes back exactly what it should. Numbers in comments are lines of SEMANTICS (24 to 30)."""

import itertools

import pytest
from django_scopes import scope

from members.models import Member, OrderLine, Return, ReturnLine
from rewards import ledger
from rewards.intake.items import ReturnIn, ReturnLineIn, Who
from rewards.models import Counter, Settlement
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


# --- of a named order (24, 30) ----------------------------------------------------------------------------------------


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


# --- amounts (24) -----------------------------------------------------------------------------------------------------


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


def test_an_odd_amount_is_spread_to_the_last_cent(program):
    b.record(program, b.order("A", "2026-01-10", *(b.line(333, f"s{n}") for n in range(3))))

    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=100))

    assert b.stored_order(program, "A").returned_minor == 100


# --- where it is taken (25, 26) ---------------------------------------------------------------------------------------


def test_own_lots_come_first_pending_before_active(program):
    b.publish(program, "slow", {"amount": b.ONE_PER_MAJOR, "pending": {"kind": "days", "count": 30}})
    b.record(program, b.order("first", "2026-01-01", 10_000))
    ledger.settle_due(program=program, now=b.moment("2026-02-05"))
    b.record(program, b.order("A", "2026-02-05", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-02-06", "mug", order="A"))

    entry = b.entries(program)[-1]
    assert (entry.kind, entry.pending_change, entry.active_change) == ("reverse", -100, -20)  # 25
    own = {lot.pk for lot in b.lots(program) if lot.order_id == b.stored_order(program, "A").pk}
    assert set(b.allocations(entry)) <= own


def test_then_other_lots_in_order_of_use(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 100, "2026-01-02")
    b.record(program, b.order("late", "2026-01-05", 3000), b.order("early", "2026-01-03", 3000))

    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=4000))

    assert {lot.granted - lot.remaining for lot in b.lots(program)[1:]} == {30, 10}
    early = next(lot for lot in b.lots(program) if lot.earned_at == b.moment("2026-01-03"))
    assert early.remaining == 0  # 25, 5


def test_what_expired_is_not_taken_again(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 30, "2026-01-02")
    b.record(program, b.order("B", "2026-01-20", 10_000))

    b.record(program, b.cancel("A", "2026-01-21"))

    assert points(program) == 70  # 25: 70 expired, 30 were spent
    with scope(program=program):
        settled = Settlement.objects.get()
    assert (settled.reversed, settled.from_ended, settled.from_others) == (100, 70, 30)


def test_what_expired_is_absorbed_once(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 40, "2026-01-02")
    b.record(program, b.order("B", "2026-01-20", 10_000))

    b.record(program, b.bring_back("R", "2026-01-21", "x", order="A"))
    first = points(program)
    b.record(program, b.bring_back("S", "2026-01-21", "y", order="A"))

    assert (first, points(program)) == (100, 60)  # 25: 60 expired, 40 spent


def shortfall(program, mode, limit=None):
    b.change_unit(program, shortfall=mode, arrears_limit=limit)
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 80, "2026-01-02")
    b.record(program, b.cancel("A", "2026-01-03"))
    return b.balance(program), b.movements(program)[2:]


def test_a_shortfall_becomes_arrears(program):
    assert shortfall(program, "arrears") == (Balance(arrears=80), [("reverse", 0, -20, 80)])  # 26


def test_arrears_beyond_the_limit_are_forgiven_with_an_entry(program):
    found = shortfall(program, "arrears", 50)

    assert found == (Balance(arrears=50), [("reverse", 0, -20, 80), ("forgive", 0, 0, -30)])  # 26


def test_the_limit_holds_for_all_arrears_together(program):
    shortfall(program, "arrears", 50)
    b.record(program, b.order("B", "2026-01-04", 10_000))
    b.spend(program, 50, "2026-01-04")

    b.record(program, b.cancel("B", "2026-01-05"))

    assert b.balance(program) == Balance(arrears=50)


def test_a_shortfall_may_be_forgiven(program):
    balance, moved = shortfall(program, "forgive")

    assert balance == Balance()
    assert moved == [("reverse", 0, -20, 80), ("forgive", 0, 0, -80)]  # 26


def test_a_shortfall_may_stay_within_the_balance(program):
    balance, moved = shortfall(program, "within")

    assert balance == Balance()
    assert sum(row[2] for row in moved) == -20  # 26


@pytest.mark.parametrize("rise", ["earn", "adjust", "activate", "paid"])
def test_every_rise_repays_arrears_first(program, rise):
    if rise == "activate":
        b.change_unit(program, pending={"kind": "days", "count": 5})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    ledger.settle_due(program=program, now=b.moment("2026-01-10"))
    b.spend(program, 80, "2026-01-10")
    b.record(program, b.cancel("A", "2026-01-11"))

    if rise == "adjust":
        b.adjust(program, 100, "2026-01-12")
    else:
        b.record(program, b.order("B", "2026-01-12", 10_000, is_paid=rise != "paid"))
    if rise == "paid":
        b.record(program, b.paid("B", "2026-01-13"))
    ledger.settle_due(program=program, now=b.moment("2026-01-20"))

    assert b.balance(program) == Balance(active=20)  # 26
    assert b.movements(program)[-1][3] == -80
    assert list(b.allocations(b.entries(program)[-1]).values())[-1] == 80


def test_pending_points_repay_nothing_yet(program):
    shortfall(program, "arrears")

    b.record(program, b.order("B", "2026-01-12", 10_000, is_paid=False))

    assert b.balance(program) == Balance(pending=100, arrears=80)


def test_what_repaid_arrears_is_no_gift_when_its_order_comes_back(program):
    shortfall(program, "arrears")
    b.record(program, b.order("B", "2026-01-12", 10_000))

    b.record(program, b.cancel("B", "2026-01-13"))

    assert b.balance(program) == Balance(arrears=80)


def test_buying_and_returning_ten_times_leaves_nothing():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})

    for number in range(10):
        b.record(program, b.order(f"O{number}", f"2026-01-{10 + number}", 60_000))
        b.record(program, b.cancel(f"O{number}", f"2026-01-{10 + number}T13:00"))

    assert b.balance(program) == Balance()
    assert b.metric(program) == (0, 0, 0, 0)  # 29
    assert [standing for standing in b.standings(program) if standing.ended_at is None] == []  # 33


# --- points spent on the order (27, 28) -------------------------------------------------------------------------------


def spent_on(program, amount: int = 60, **lot):
    """100 points earned by A, some of them spent on B of 100.00."""
    b.change_unit(program, **lot)
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}, since="2026-01-02T00:00")
    b.record(program, b.order("B", "2026-01-02", MUG, TEA))
    b.spend(program, amount, "2026-01-02", order="B")


def test_points_spent_on_a_cancelled_order_go_back_to_their_lots(program):
    spent_on(program)

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100
    (lot,) = b.lots(program)
    assert lot.remaining == 100  # 27
    assert b.movements(program)[-1] == ("restore", 0, 60, 0)


def test_a_partial_refund_restores_in_proportion_in_the_members_favour(program):
    spent_on(program, 59)

    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))
    partly = points(program)
    b.record(program, b.bring_back("S", "2026-01-04", "mug", order="B"))

    assert partly == 41 + 24  # 28: 23.6 rounded up
    assert points(program) == 100  # 28: never more than was spent


def test_many_small_refunds_never_restore_more_than_was_spent(program):
    spent_on(program, 7)

    for number in range(30):
        b.record(program, b.bring_back(f"R{number}", "2026-01-03", order="B", amount_minor=777))

    assert points(program) == 100
    assert b.wrong_wallets(program) == []


def test_points_go_back_last_taken_first_with_their_old_dates(program):
    b.change_unit(program, expiry={"kind": "days", "count": 100})
    b.record(program, b.order("one", "2026-01-01", 1000), b.order("two", "2026-01-05", 1000))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}, since="2026-01-06T00:00")
    b.record(program, b.order("B", "2026-01-06", MUG, TEA))
    b.spend(program, 20, "2026-01-06", order="B")

    b.record(program, b.bring_back("R", "2026-01-07", "tea", order="B"))

    assert [lot.remaining for lot in b.lots(program)] == [0, 8]  # 27
    assert b.lots(program)[1].expires_at == b.moment("2026-04-16T00:00")


def test_a_lot_that_has_ended_comes_back_with_grace(program):
    spent_on(program, expiry={"kind": "days", "count": 10})

    b.record(program, b.cancel("B", "2026-02-01"))

    assert points(program) == 60  # 27; the 40 that were not spent expired
    old, new = b.lots(program)
    assert (new.granted, new.origin_id) == (60, old.pk)
    assert new.expires_at == b.moment("2026-02-16T00:00")


def test_grace_counts_from_when_it_is_known(program):
    spent_on(program, expiry={"kind": "days", "count": 10})

    b.record(program, b.cancel("B", "2026-02-01"), now="2026-03-01")

    assert points(program) == 60


def test_a_lot_that_came_back_belongs_to_the_order_that_earned_it(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-09", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 100, "2026-01-09", order="B")
    b.record(program, b.bring_back("R", "2026-01-13", "x", order="B"))  # 50 points of A come back with grace
    b.spend(program, 50, "2026-01-13")  # B's own lot goes first: it ends sooner
    before = b.balance(program)

    b.record(program, b.cancel("A", "2026-01-14"))

    with scope(program=program):
        settled = Settlement.objects.filter(order_id=b.stored_order(program, "A").pk).get()
    assert before == Balance(active=50)
    assert (settled.from_own, settled.to_arrears) == (50, 50)  # 25: A's points, wherever they have been


def test_grace_that_ends_unused_absorbs_nothing_of_the_order_it_was_spent_on(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-09", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 100, "2026-01-09", order="B")
    b.spend(program, 100, "2026-01-10")
    b.record(program, b.bring_back("R", "2026-01-13", "x", order="B"))
    ledger.settle_due(program=program, now=b.moment("2026-02-20"))
    before = b.balance(program)

    b.record(program, b.bring_back("S", "2026-02-21", "y", order="B"))

    with scope(program=program):
        second = (
            Settlement.objects.filter(order_id=b.stored_order(program, "B").pk)
            .order_by("reversed_total")
            .last()
        )
    assert (second.reversed, second.from_ended) == (50, 0), before


def test_restored_points_repay_arrears_first(program):
    spent_on(program)
    b.spend(program, 40, "2026-01-03")
    b.record(program, b.cancel("A", "2026-01-04"))
    arrears = b.balance(program)

    b.record(program, b.cancel("B", "2026-01-05"))

    assert arrears == Balance(arrears=100)
    assert b.balance(program) == Balance(arrears=40)  # 26


def test_a_change_of_the_order_restores_no_more_than_was_spent(program):
    spent_on(program, 60)
    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))

    b.record(program, b.order("B", "2026-01-04", MUG, TEA, b.line(90_000, "sofa"), revision=1))
    b.record(program, b.cancel("B", "2026-01-05"))

    assert points(program) == 100  # 28
    assert b.wrong_wallets(program) == []


def test_points_spent_on_a_free_order_come_back_with_it(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-02", b.line(0, "gift", is_reward=True)))
    b.spend(program, 60, "2026-01-02", order="B")

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100  # 27


@pytest.mark.parametrize("buyer", ["ben", None])
def test_points_spent_on_somebody_elses_order_go_back_to_who_spent_them(program, buyer):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 60, "2026-01-02", order="B")
    b.record(program, b.order("B", "2026-01-02", 10_000, member=buyer))

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100  # 27
    assert buyer is None or b.balance(program, buyer) == Balance()


def test_points_spent_before_the_order_came_go_back_too(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 60, "2026-01-02", order="B")
    b.record(program, b.cancel("B", "2026-01-03"))

    b.record(program, b.order("B", "2026-01-02", b.line(1, "x")), now="2026-01-04")

    assert points(program) == 100


# --- what else a return corrects (29) ---------------------------------------------------------------------------------


def test_a_return_corrects_metric_and_counters():
    program = b.open_program(
        rules={"base": {"amount": b.ONE_PER_MAJOR, "caps": {"month": "150"}}},
        tiers={"basic": (0, {}), "gold": (10**9, {})},
        scheme={"counted": "points"},
    )
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    assert b.metric(program) == (6000, 1, 0, 60)  # 29
    with scope(program=program):
        (counter,) = Counter.objects.filter(key__contains=":m")
    assert (counter.amount, counter.times) == (60, 1)


def test_a_welcome_bonus_taken_back_may_be_earned_again(program):
    b.publish(program, "welcome", {"amount": {"kind": "fixed", "points": "500"}, "frequency": {"once": True}})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.cancel("A", "2026-01-11"))

    (again,) = b.record(program, b.order("B", "2026-01-12", 10_000))

    assert again.awarded == {"points": 600}  # 29


def test_a_return_within_the_doubt_ends_the_tier():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (9_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))
    (later,) = b.record(program, b.order("B", "2026-01-13", 1000))

    assert later.awarded == {"points": 10}  # 33


# --- no order named (30) ----------------------------------------------------------------------------------------------


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


# --- changes and returns together (22, 24) ----------------------------------------------------------------------------


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
    (pool,) = ids._pools.values()
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

"""A merge is undone: each has again what was theirs, and what was spent is borne as chosen."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Identity, Order, Return
from rewards import merging
from rewards.merging import Bearing
from tests.rewards import builders as b
from tests.rewards.couples import faults, fresh, holds, merge, undo
from tests.rewards.merging.twins import TIERS, owner_of

pytestmark = pytest.mark.django_db


def test_undone_at_once_all_is_as_before(program, pair):
    anna, hanna = pair
    before = b.metric(program), b.metric(program, "hanna")
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)

    undo(program, made, "2026-02-02")

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert (b.metric(program), b.metric(program, "hanna")) == before
    assert owner_of(program, "H1") == hanna.pk
    assert (fresh(hanna).state, fresh(hanna).merged_into_id) == ("active", None)
    with scope(program=program):
        mine = Identity.objects.get(value="hanna@example.com")
        assert (mine.member_id, mine.origin_id) == (hanna.pk, None)
    assert not faults(program)


@pytest.mark.parametrize(
    ("bearing", "anna_has", "hanna_has", "given"),
    [
        # 120 of 140 were spent; hanna's lot ends first or last by its day of earning, anna's 100 first.
        (Bearing.USER, (0, 0, 0), (40, 0, 0), 0),
        (Bearing.OWNER, (0, 0, 0), (20, 0, 0), 0),
        (Bearing.SHARED, (0, 0, 0), (30, 0, 0), 0),
        (Bearing.SHOP, (0, 0, 0), (40, 0, 0), 20),
    ],
)
def test_points_spent_meanwhile_are_borne_as_chosen(program, pair, bearing, anna_has, hanna_has, given):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.spend(program, 120, "2026-02-02")
    outlook = merging.foresee(program=program, made=made, now=b.moment("2026-02-03"))

    done = undo(program, made, "2026-02-03", bearing)

    owed = {Bearing.USER: 20, Bearing.SHARED: 10}.get(bearing, 0)
    assert holds(program, anna) == (0, 0, owed)
    assert holds(program, hanna) == hanna_has
    assert done.given == {"points": given}
    seen = outlook.ways[bearing][0]
    assert (seen.kept, seen.gone) == ((0, 0, owed), hanna_has)
    assert not faults(program)


def test_where_nothing_may_be_owed_the_shop_gives():
    program = b.open_program(units={"points": {"shortfall": "forgive"}})
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("H1", "2026-01-11", 4000, member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.spend(program, 40, "2026-02-02")

    done = undo(program, made, "2026-02-03", Bearing.USER)

    assert (holds(program, anna), holds(program, hanna)) == ((0, 0, 0), (40, 0, 0))
    assert done.given == {"points": 40}
    assert not faults(program)


def test_orders_since_stay_unless_they_came_through_the_gone_one(program, pair):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(
        program,
        b.order("A2", "2026-02-02", 1000),
        b.order("H2", "2026-02-02", 2000, member="hanna"),
        b.order("H3", "2026-02-02", 3000, member=b.Who("number", hanna.number)),
    )

    undo(program, made, "2026-02-03")

    assert [owner_of(program, number) for number in ("A2", "H2", "H3")] == [anna.pk, hanna.pk, hanna.pk]
    assert (holds(program, anna), holds(program, hanna)) == ((110, 0, 0), (90, 0, 0))
    assert b.metric(program, "hanna")[:2] == (9000, 3)
    assert b.metric(program)[:2] == (11_000, 2)
    assert not faults(program)


def test_returns_before_and_after_the_undoing_settle_where_the_order_is(program, pair):
    anna, hanna = pair
    b.record(program, b.order("H2", "2026-01-12", b.line(6000, "cup", 6), member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", ("cup", 2), order="H2"))

    undo(program, made, "2026-02-03")
    b.record(program, b.bring_back("R2", "2026-02-04", order="H2"))

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert b.metric(program, "hanna")[0] == 4000
    with scope(program=program):
        assert set(Return.objects.values_list("member_id", flat=True)) == {hanna.pk}
    assert not faults(program)


def test_what_was_spent_before_and_restored_in_between_is_not_given_twice(program, pair):
    anna, hanna = pair
    b.spend(program, 30, "2026-01-12", member="hanna", order="X1")
    b.record(program, b.order("X1", "2026-01-12", 6000, member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", order="X1", amount_minor=3000))
    undo(program, made, "2026-02-03")

    b.record(program, b.bring_back("R2", "2026-02-04", order="X1"))

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert not faults(program)


def test_arrears_stand_again_where_they_were(program):
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 5000), b.order("H1", "2026-01-10", 8000, member="hanna"))
    b.spend(program, 50, "2026-01-11")
    b.record(program, b.bring_back("R1", "2026-01-12", order="A1"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    merged = holds(program, anna)

    undo(program, made, "2026-02-02")

    assert merged == (30, 0, 0)
    assert (holds(program, anna), holds(program, hanna)) == ((0, 0, 50), (80, 0, 0))
    assert not faults(program)


def test_arrears_of_the_gone_member_go_back_with_it(program):
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 3000), b.order("H1", "2026-01-10", 8000, member="hanna"))
    b.spend(program, 80, "2026-01-11", member="hanna")
    b.record(program, b.bring_back("R1", "2026-01-12", order="H1"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    merged = holds(program, anna)

    undo(program, made, "2026-02-02")

    assert merged == (0, 0, 50)
    assert (holds(program, anna), holds(program, hanna)) == ((30, 0, 0), (0, 0, 80))
    assert not faults(program)


def test_what_the_kept_members_points_paid_for_the_gone_ones_return_comes_back(program, pair):
    anna, hanna = pair
    b.spend(program, 40, "2026-01-12", member="hanna")
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", order="H1"))

    undo(program, made, "2026-02-03", Bearing.USER)

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (0, 0, 40))
    assert not faults(program)


def test_each_side_holds_again_the_tier_it_held():
    program = b.open_program(tiers=TIERS)
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(
        program, b.order("A1", "2026-01-10", 30_000), b.order("H1", "2026-01-11", 25_000, member="hanna")
    )
    made = merge(program, "2026-03-01", kept=anna, gone=hanna)
    b.record(program, b.order("A2", "2026-03-02", 100))

    undo(program, made, "2026-03-03")

    for name in ("anna", "hanna"):
        assert {row.tier.key for row in b.standings(program, name) if row.ended_at is None} == {"silver"}
    assert b.metric(program)[0] == 30_100
    assert b.metric(program, "hanna")[0] == 25_000


def test_one_after_the_other_last_first(program, pair):
    anna, hanna = pair
    third = b.join(program, "third")
    b.record(program, b.order("T1", "2026-01-11", 1000, member="third"))
    first = merge(program, "2026-02-01", kept=anna, gone=hanna, key="m1")
    second = merge(program, "2026-02-02", kept=third, gone=anna, key="m2")
    b.record(program, b.order("H2", "2026-02-03", 500, member="hanna"))

    with pytest.raises(DomainError) as refused:
        undo(program, first, "2026-02-04", key="u1")
    undo(program, second, "2026-02-05", key="u2")
    between = holds(program, anna), owner_of(program, "H2"), fresh(hanna).merged_into_id
    undo(program, first, "2026-02-06", key="u3")

    assert refused.value.code == "merge_bound"
    assert between == ((145, 0, 0), anna.pk, anna.pk)
    assert [holds(program, one) for one in (anna, hanna, third)] == [(100, 0, 0), (45, 0, 0), (10, 0, 0)]
    assert not faults(program)


def test_merged_undone_and_merged_again_counts_what_was_used_once(program, pair):
    anna, hanna = pair
    first = merge(program, "2026-02-01", kept=anna, gone=hanna, key="m1")
    b.spend(program, 120, "2026-02-02")
    undo(program, first, "2026-02-03", Bearing.OWNER, key="u1")
    b.record(program, b.order("A2", "2026-02-04", 5000))
    second = merge(program, "2026-02-05", kept=anna, gone=hanna, key="m2")

    undo(program, second, "2026-02-06", Bearing.USER, key="u2")

    assert (holds(program, anna), holds(program, hanna)) == ((50, 0, 0), (20, 0, 0))
    assert not faults(program)


def test_undone_once(program, pair):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    first = undo(program, made, "2026-02-02", key="u1")

    again = undo(program, made, "2026-02-03", key="u1")

    assert again.undone_at == first.undone_at
    with pytest.raises(DomainError) as refused:
        undo(program, made, "2026-02-03", key="u2")
    assert refused.value.code == "undone_already"
    with scope(program=program):
        assert Order.objects.filter(member=hanna).count() == 1

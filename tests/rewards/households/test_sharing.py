"""Rewards paid out of what a household shares: held, spent, given back to where they came from (14, 26, 27, 38)."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import Event
from rewards import closing, ledger, redemptions, settling
from rewards.households import parting, sharing
from rewards.merging.joining import merge, preview
from rewards.models import Household, Lot, Redemption
from rewards.redemptions import refusals, shelf
from tests.rewards import builders as b
from tests.rewards.builders import Balance
from tests.rewards.catalogue import put_up
from tests.rewards.households.homes import NOW, UNIT, is_right, join, leave, limit, move, open_home, shared

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    """Ben has 40 of his own, and 150 are shared, all of them anna's."""
    program = open_home()
    move(program, "in", 150)
    put_up(program, stock=3, valid_days=30)
    return program


def redeem(program, member="ben", *, key="k", at=NOW, shares=True, reward="mug", **more):
    return redemptions.reserve(
        program=program, member=b.find(program, member), reward=reward, key=key, now=b.moment(at), shares=shares,
        **more,
    )  # fmt: skip


def confirm(program, one, at=NOW):
    return redemptions.confirm(program=program, redemption_id=one.pk, now=b.moment(at))


def release(program, one, at=NOW):
    return redemptions.release(program=program, redemption_id=one.pk, now=b.moment(at))


def cancel(program, one, at="2026-02-02"):
    return redemptions.cancel(program=program, redemption_id=one.pk, reason="no", now=b.moment(at))


def lots_of_home(program):
    with scope(program=program):
        rows = Lot.objects.filter(wallet__holder__kind="household").order_by("pk")
        return [(lot.remaining, lot.reserved) for lot in rows]


def test_what_one_lacks_is_held_in_what_is_shared(program):
    held = redeem(program)

    assert (held.state, held.price) == ("reserved", {"points": 100})
    assert b.balance(program, "ben") == Balance(active=0, reserved=40)
    assert lots_of_home(program) == [(100, 60), (50, 0)]
    assert held.household_id is not None
    assert is_right(program)


def test_confirming_spends_both_and_releasing_gives_both_back(program):
    held = redeem(program)
    again = redeem(program)

    release(program, held)
    release(program, held)

    assert again.pk == held.pk
    assert (b.balance(program, "ben"), lots_of_home(program)) == (Balance(active=40), [(100, 0), (50, 0)])
    confirm(program, redeem(program, key="other"))
    assert (b.balance(program, "ben"), lots_of_home(program)) == (Balance(), [(40, 0), (50, 0)])
    assert is_right(program)


def test_what_is_spent_at_once_comes_back_to_its_lots_when_it_is_cancelled(program):
    put_up(program, "gift", handover="code")
    one = redeem(program, reward="gift")

    assert (b.balance(program, "ben"), shared(program)) == (Balance(), [90])
    cancel(program, one)

    assert (b.balance(program, "ben"), lots_of_home(program)) == (Balance(active=40), [(100, 0), (50, 0)])
    assert is_right(program)


def test_of_ones_own_alone_nothing_shared_is_touched(program):
    join(program, "cora")
    b.adjust(program, 100, NOW, member="cora")

    one = redeem(program, "cora")

    assert (one.household_id, shared(program)) == (None, [150])


def test_nothing_shared_is_taken_unasked(program):
    with pytest.raises(refusals.TooFew):
        redeem(program, shares=False)


def test_the_key_is_of_the_one_wish(program):
    redeem(program)

    with pytest.raises(ledger.KeyReused):
        redeem(program, shares=False)


def test_the_limit_of_the_month_holds_whichever_way_it_is_taken(program):
    limit(program, 70)
    move(program, "out", 5, member="ben")  # 45 are his own now
    one = redeem(program)  # and 55 shared

    with pytest.raises(sharing.LimitReached) as refused:
        move(program, "out", 11, member="ben")
    assert refused.value.params["left"] == 10
    release(program, one)
    move(program, "out", 65, member="ben")

    assert b.balance(program, "ben") == Balance(active=110)
    assert is_right(program)


def test_the_limit_says_so_where_there_would_be_enough(program):
    limit(program, 59)

    with pytest.raises(sharing.LimitReached) as refused:
        redeem(program)

    assert refused.value.params["left"] == 59
    assert offered(program) == (False, 99)


def offered(program, member="ben", at=NOW):
    offer, = shelf.offers(program=program, member=b.find(program, member), now=b.moment(at), shares=True)  # fmt: skip
    return not offer.obstacles, offer.balances.get("points", 0)


def test_the_shelf_counts_what_can_be_taken(program):
    own = shelf.offers(program=program, member=b.find(program, "ben"), now=b.moment(NOW))

    assert (bool(own[0].obstacles), own[0].balances["points"]) == (True, 40)
    assert offered(program) == (True, 190)
    assert offered(program, "cora") == (False, 0)


def test_what_came_back_of_another_month_counts_there(program):
    limit(program, 60)
    one = redeem(program, at="2026-02-28T23:50")

    release(program, one, at="2026-03-01T00:10")

    with pytest.raises(sharing.LimitReached):
        move(program, "out", 61, member="ben", at="2026-03-01T01:00")
    move(program, "out", 60, member="ben", at="2026-03-01T01:00")


def test_who_owes_takes_out_first(program):
    b.record(program, b.bring_back("R", "2026-02-01T12:00", order="A"))  # anna owes 100

    with pytest.raises(sharing.Owing):
        redeem(program, "anna", at="2026-02-02")
    move(program, "out", 150, at="2026-02-02")

    assert b.balance(program) == Balance(active=50)


def test_what_is_held_does_not_end_and_ends_at_once_when_it_is_free(program):
    one = redeem(program, at="2026-03-11T23:50")

    settling.settle_due(program=program, now=b.moment("2026-03-12T00:01"))
    assert shared(program) == [50]
    release(program, one, at="2026-03-12T00:02")

    assert (b.balance(program, "ben"), shared(program)) == (Balance(active=40), [50])
    assert is_right(program)


def test_our_failure_gives_what_has_ended_a_time_of_grace(program):
    one = confirm(program, redeem(program))

    redemptions.fail(program=program, redemption_id=one.pk, reason="broken", now=b.moment("2026-03-20"))

    assert (b.balance(program, "ben"), shared(program)) == (Balance(active=40), [110])
    with scope(program=program):
        lot = Lot.objects.filter(wallet__holder__kind="household").latest("pk")
        assert (lot.granted, lot.expires_at) == (60, b.moment("2026-04-20T00:00"))
    assert is_right(program)


def test_who_leaves_gives_back_what_was_reserved(program):
    one = redeem(program)

    leave(program, "ben")

    with scope(program=program):
        assert Redemption.objects.get(pk=one.pk).state == "released"
    assert (b.balance(program, "ben"), shared(program)) == (Balance(active=40), [150])
    assert is_right(program)


def test_what_was_issued_comes_back_to_the_household_from_who_has_left(program):
    one = confirm(program, redeem(program))
    leave(program, "ben")

    cancel(program, one)

    assert (b.balance(program, "ben"), shared(program)) == (Balance(active=40), [150])
    assert is_right(program)


def test_when_it_is_dissolved_what_was_reserved_goes_back_first(program):
    redeem(program)

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    assert (b.balance(program), b.balance(program, "ben")) == (Balance(active=150), Balance(active=40))
    assert is_right(program)


def test_what_comes_back_to_no_household_comes_to_the_member(program):
    one = confirm(program, redeem(program))
    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    cancel(program, one)

    assert (b.balance(program), b.balance(program, "ben")) == (Balance(active=90), Balance(active=100))
    assert [lot.expires_at for lot in b.lots(program, "ben")][-1] == b.moment("2026-03-12T00:00")
    assert is_right(program)


def test_what_came_back_is_still_theirs_who_put_it_in(program):
    one = confirm(program, redeem(program))
    redemptions.fail(program=program, redemption_id=one.pk, reason="broken", now=b.moment("2026-03-20"))

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment("2026-03-21"))

    assert (b.balance(program).active, b.balance(program, "ben").active) == (110, 40)


@pytest.mark.parametrize("deed", ["close", "merge"])
def test_who_goes_gives_back_what_was_reserved(program, deed):
    redeem(program)
    ben = b.find(program, "ben")
    given = {"program": program, "reason": "moved", "by": b.staff(), "key": "c", "now": b.moment(NOW)}

    if deed == "close":
        closing.close(member=ben, forfeits=False, **given)
    else:
        cora = b.find(program, "cora")
        seen = preview(program=program, kept=cora, gone=ben, now=b.moment(NOW))
        assert seen.result["points"].active == 40
        merge(kept=cora, gone=ben, **given)

    assert shared(program) == [150]
    assert is_right(program)


def test_spending_keeps_what_is_shared_from_lapsing(program):
    b.change_unit(program, lapse={"days": 30, "by": ["spend"]}, is_lapse_begun=False)
    settling.start_lapses(program=program, now=b.moment(NOW))
    confirm(program, redeem(program, at="2026-02-20"), at="2026-02-20T10:00")

    settling.settle_due(program=program, now=b.moment("2026-03-04"))

    assert shared(program) == [90]
    assert is_right(program)


def test_the_log_tells_what_of_it_was_shared(program):
    one = redeem(program)
    release(program, one)

    with scope(program=program):
        found = Event.objects.filter(kind__startswith="household.re").order_by("pk")
        home = Household.objects.get().pk
        assert [(event.kind, event.data) for event in found] == [
            ("household.redeemed", {"household": home, "amounts": {"points": 60}}),
            ("household.returned", {"household": home, "amounts": {"points": 60}}),
        ]


def test_several_units_come_from_where_they_are():
    program = open_home(units={"points": UNIT, "stamps": {}})
    move(program, "in", 150)
    b.adjust(program, 3, NOW, member="ben", unit="stamps")
    put_up(program, price={"points": 90, "stamps": 3})

    one = redeem(program)

    assert lots_of_home(program) == [(100, 50), (50, 0)]
    release(program, one)
    assert shared(program) == [150]
    assert is_right(program)


def test_a_unit_that_is_not_shared_any_more_stays_where_it_is(program):
    b.change_unit(program, is_shared=False)

    with pytest.raises(refusals.TooFew):
        redeem(program)


def test_what_was_put_in_counts_as_sent_when_another_takes_it_out(program):
    b.change_unit(program, transfer_limit=30)

    with pytest.raises(ledger.DomainError) as refused:
        move(program, "out", 31, member="ben")
    move(program, "out", 30, member="ben")
    assert (refused.value.code, refused.value.params["left"]) == ("transfer_limit", 30)
    with pytest.raises(ledger.DomainError):
        move(program, "out", 1, member="ben", at="2026-02-02")
    move(program, "out", 90)  # one's own
    move(program, "out", 30, member="ben", at="2026-03-01")

    assert is_right(program)


def test_out_goes_first_what_one_put_in_oneself(program):
    b.change_unit(program, transfer_limit=1)
    move(program, "in", 40, member="ben")

    move(program, "out", 41, member="ben")

    assert b.balance(program, "ben") == Balance(active=41)
    assert shared(program) == [149]

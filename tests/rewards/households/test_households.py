"""Households (14): who belongs, what is shared, limits, leaving, and where the points go."""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members import erasure
from members.models import AuditEntry
from rewards import closing, ledger, sendings, settling
from rewards.households import moving, parting, places, sharing, staffing
from rewards.merging.joining import merge
from rewards.models import Household, HouseholdInvitation
from tests.rewards import builders as b
from tests.rewards.builders import Balance
from tests.rewards.households.homes import NOW, is_right, join, leave, limit, move, shared

pytestmark = pytest.mark.django_db


def head_of(program):
    with scope(program=program):
        return Household.objects.get().head_id


def test_what_is_put_in_another_takes_out_with_its_own_end(program):
    move(program, "in", 120)
    move(program, "out", 110, member="ben")

    assert (b.balance(program), shared(program)) == (Balance(active=30), [10])
    assert b.balance(program, "ben") == Balance(active=150)
    assert [(lot.granted, lot.expires_at) for lot in b.lots(program, "ben")[1:]] == [
        (100, b.moment("2026-03-12T00:00")),
        (10, b.moment("2026-04-02T00:00")),
    ]
    assert is_right(program)


def test_a_repeat_moves_once(program):
    first, again = move(program, "in", 50, key="k"), move(program, "in", 50, key="k")

    assert (again.repeated, again.active) == (True, first.active)
    with pytest.raises(ledger.KeyReused):
        move(program, "in", 51, key="k")


def test_the_head_says_how_much_each_may_take_in_a_month(program):
    move(program, "in", 150)
    limit(program, 60)
    move(program, "out", 50, member="ben")

    with pytest.raises(sharing.LimitReached):
        move(program, "out", 11, member="ben")
    move(program, "out", 10, member="ben")
    move(program, "out", 60, member="ben", at="2026-03-01")
    limit(program, None)
    move(program, "out", 30, member="ben", at="2026-03-02")

    assert shared(program) == [0]
    with pytest.raises(places.HeadOnly):
        limit(program, 5, head="ben")


def pool(program, at="2026-02-03"):
    return moving.pool_due(program=program, now=b.moment(at))


def test_what_members_earn_in_it_moves_in_by_itself(program):
    assert pool(program) == 0
    b.record(program, b.order("D", "2026-02-02", 1000, member="ben"))
    b.record(program, b.order("E", "2026-02-02", 2000))

    assert (pool(program), pool(program)) == (2, 0)

    assert (b.balance(program), b.balance(program, "ben")) == (Balance(active=150), Balance(active=40))
    assert shared(program) == [30]
    assert is_right(program)


def test_what_was_taken_out_stays_out(program):
    b.record(program, b.order("D", "2026-02-02", 1000, member="ben"))
    pool(program)
    limit(program, 10)

    move(program, "out", 10, member="ben", at="2026-02-03")

    assert pool(program) == 0
    assert b.balance(program, "ben") == Balance(active=50)


def test_nothing_moves_in_where_nobody_else_is(program):
    leave(program, "ben")
    b.record(program, b.order("D", "2026-02-02", 1000))

    assert pool(program) == 0

    join(program, "ben", at="2026-02-02T12:00")
    assert (pool(program), shared(program)) == (1, [10])


def test_what_may_be_returned_waits_with_who_bought(program):
    program.return_days = 14
    program.save()
    b.record(program, b.order("D", "2026-02-02", 1000, member="ben"))

    with pytest.raises(ledger.InsufficientPoints):
        move(program, "in", 1, member="ben", at="2026-02-03")
    assert pool(program, "2026-02-15") == 0
    b.record(program, b.bring_back("R", "2026-02-15", order="D", member="ben"))

    assert pool(program, "2026-02-17") == 0
    assert move(program, "in", 40, member="ben", at="2026-02-17").active == 0  # of before
    assert b.balance(program, "ben") == Balance()


def test_who_has_nothing_to_pool_is_in_nobodys_way(program, monkeypatch):
    monkeypatch.setattr(moving, "CHUNK", 1)
    join(program, "cora")
    b.record(program, b.order("D", "2026-02-02", 1000))
    b.record(program, b.order("E", "2026-02-02", 1000, member="cora"))
    pooled = moving._pool
    anna = b.find(program, "anna")
    monkeypatch.setattr(
        moving, "_pool", lambda one, place, *rest: place.member != anna and pooled(one, place, *rest)
    )

    assert (pool(program), shared(program)) == (1, [10])


def test_shared_points_end_by_their_own_dates(program):
    move(program, "in", 150)

    settling.settle_due(program=program, now=b.moment("2026-03-12"))

    assert shared(program) == [50]
    assert is_right(program)


@pytest.mark.parametrize("is_there_before", [True, False])
def test_shared_points_lapse_with_the_silence_of_all(program, is_there_before):
    if is_there_before:
        move(program, "in", 40, member="ben")
    b.change_unit(program, lapse={"days": 30, "by": ["earn"]}, is_lapse_begun=False)
    settling.start_lapses(program=program, now=b.moment(NOW))
    if not is_there_before:
        move(program, "in", 40, member="ben")

    settling.settle_due(program=program, now=b.moment("2026-03-03"))
    assert shared(program) == [40]
    assert is_right(program)
    settling.settle_due(program=program, now=b.moment("2026-03-04"))

    assert shared(program) == [0]
    assert is_right(program)


def test_what_somebody_earns_keeps_what_is_shared(program):
    b.change_unit(program, lapse={"days": 30, "by": ["earn"]}, is_lapse_begun=False)
    settling.start_lapses(program=program, now=b.moment(NOW))
    move(program, "in", 40, member="ben")
    b.record(program, b.order("D", "2026-02-20", 1000))
    pool(program, "2026-02-21")

    settling.settle_due(program=program, now=b.moment("2026-03-10"))
    assert shared(program) == [50]
    settling.settle_due(program=program, now=b.moment("2026-03-23"))

    assert shared(program) == [0]
    assert is_right(program)


def test_taking_out_and_putting_in_keeps_nothing_from_lapsing(program):
    b.change_unit(program, lapse={"days": 30, "by": ["earn"]}, is_lapse_begun=False)
    settling.start_lapses(program=program, now=b.moment(NOW))
    join(program, "cora")
    move(program, "in", 40, member="ben")
    move(program, "out", 40, member="cora", at="2026-02-20")
    move(program, "in", 40, member="cora", at="2026-02-21")

    settling.settle_due(program=program, now=b.moment("2026-03-04"))

    assert (shared(program), b.balance(program, "cora")) == ([0], Balance())
    assert is_right(program)


def test_a_return_is_the_members_own_matter(program):
    move(program, "in", 150)

    b.record(program, b.bring_back("R", "2026-02-05", order="A"))

    assert (b.balance(program), shared(program)) == (Balance(arrears=100), [150])  # 25
    move(program, "out", 120, at="2026-02-06")
    assert b.balance(program) == Balance(active=20)  # 26: what comes in repays first
    assert is_right(program)


def test_who_leaves_leaves_what_is_shared(program):
    move(program, "in", 40, member="ben")

    leave(program, "ben")

    assert shared(program) == [40]
    with pytest.raises(places.NotFound):
        move(program, "out", 10, member="ben")
    join(program, "ben", at="2026-02-02")  # and may come back


def test_the_head_takes_somebody_out_and_nobody_else_does(program):
    join(program, "cora")

    with pytest.raises(places.HeadOnly):
        leave(program, "cora", by="ben")
    leave(program, "cora", by="anna")

    with pytest.raises(places.NotFound):
        move(program, "out", 10, member="cora")


def test_when_the_head_leaves_the_next_one_leads(program):
    join(program, "cora", at="2026-02-01T10:00")

    leave(program, "anna")

    assert head_of(program) == b.find(program, "ben").pk
    leave(program, "cora", by="ben")
    with pytest.raises(parting.LastLeaves):
        leave(program, "ben")


def test_what_is_shared_goes_back_to_those_who_put_it_in(program):
    move(program, "in", 60)
    move(program, "in", 90)
    move(program, "in", 40, member="ben")

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    assert (b.balance(program).active, b.balance(program, "ben").active) == (150, 40)
    assert shared(program) == [0]
    assert places_left(program) == 0
    assert is_right(program)


def places_left(program):
    with scope(program=program):
        return Household.objects.get().places.filter(left_at=None).count()


def test_what_somebody_put_in_who_has_left_goes_back_all_the_same(program):
    move(program, "in", 40, member="ben")
    leave(program, "ben")

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    assert (b.balance(program), b.balance(program, "ben")) == (Balance(active=150), Balance(active=40))
    assert is_right(program)


def test_what_came_from_a_closed_card_goes_to_the_head(program):
    move(program, "in", 40, member="ben")
    closing.close(
        program=program, member=b.find(program, "ben"), forfeits=False, reason="moved", by=b.staff(), key="c",
        now=b.moment(NOW),
    )  # fmt: skip

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    assert b.balance(program) == Balance(active=190)


def test_what_came_from_somebody_who_was_merged_goes_to_who_was_kept(program):
    move(program, "in", 40, member="ben")
    both = {"kept": b.find(program, "cora"), "gone": b.find(program, "ben")}
    merge(program=program, **both, reason="one person", by=b.staff(), key="m", now=b.moment(NOW))

    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))

    assert b.balance(program, "cora") == Balance(active=40)


def staff_of(program):
    return {"program": program, "household_id": shared_holder(program), "by": b.staff(), "now": b.moment(NOW)}


def audited(program):
    with scope(program=program):
        rows = AuditEntry.objects.filter(subject="household").order_by("pk")
        return [(row.action, row.after, row.reason) for row in rows]


def test_staff_dissolve_it_once_with_a_reason(program):
    move(program, "in", 60)

    with pytest.raises(ledger.ReasonMissing):
        staffing.dissolve(reason=" ", **staff_of(program))
    for _ in range(2):
        staffing.dissolve(reason="asked for it", **staff_of(program))

    assert (b.balance(program), shared(program)) == (Balance(active=150), [0])
    assert audited(program) == [("household.dissolve", {"members": 2}, "asked for it")]


def test_staff_take_a_member_out_of_this_household(program):
    ben, cora = b.find(program, "ben"), b.find(program, "cora")

    with pytest.raises(places.NotFound):
        staffing.remove(member=cora, reason="why", **staff_of(program))
    with pytest.raises(ledger.ReasonMissing):
        staffing.remove(member=ben, reason="", **staff_of(program))
    staffing.remove(member=ben, reason="quarrel", **staff_of(program))

    assert places_left(program) == 1
    assert audited(program) == [("household.remove", {"member": ben.number}, "quarrel")]
    with pytest.raises(parting.LastLeaves):
        staffing.remove(member=b.find(program, "anna"), reason="why", **staff_of(program))


def test_nobody_is_in_two_households(program):
    places.found(program=program, member=b.find(program, "cora"), now=b.moment(NOW))

    with pytest.raises(places.InHousehold):
        join(program, "ben", head="cora")
    with pytest.raises(places.InHousehold):
        places.found(program=program, member=b.find(program, "ben"), now=b.moment(NOW))


def test_an_invitation_is_for_who_proves_the_contact_and_ends(program):
    to, now = sendings.read_contact("cora@example.com"), b.moment(NOW)
    made = places.invite(program=program, head=b.find(program, "anna"), to=to, now=now)
    other = {"program": program, "invitation_id": made.pk, "accepts": True}

    with pytest.raises(places.NotFound):
        places.answer(member=b.find(program, "ben"), now=now, **other)
    with pytest.raises(places.NotFound):
        places.answer(member=b.find(program, "cora"), now=b.moment("2026-02-15"), **other)
    places.answer(member=b.find(program, "cora"), now=now, **other | {"accepts": False})
    with scope(program=program):
        states = set(HouseholdInvitation.objects.values_list("state", flat=True))
    assert states == {"accepted", "declined"}


def test_who_is_blocked_moves_nothing(program):
    move(program, "in", 100)
    with scope(program=program):
        ben = b.find(program, "ben")
        ben.state = "blocked"
        ben.save()

    for way in ("in", "out"):
        with pytest.raises(ledger.MemberNotActive):
            move(program, way, 10, member="ben")


def test_who_is_closed_leaves_first(program):
    move(program, "in", 100)
    closing.close(
        program=program, member=b.find(program, "anna"), forfeits=False, reason="moved", by=b.staff(), key="c",
        now=b.moment(NOW),
    )  # fmt: skip

    assert head_of(program) == b.find(program, "ben").pk
    assert (b.balance(program), shared(program)) == (Balance(active=50), [100])
    assert is_right(program)


def test_the_last_one_goes_with_all_that_is_shared(program):
    move(program, "in", 100)
    leave(program, "ben")
    both = {"kept": b.find(program, "cora"), "gone": b.find(program, "anna")}

    merge(program=program, **both, reason="one person", by=b.staff(), key="m", now=b.moment(NOW))

    assert (b.balance(program, "cora"), shared(program)) == (Balance(active=150), [0])
    assert is_right(program)


def test_who_is_kept_stays_in_the_household(program):
    move(program, "in", 40, member="ben")
    both = {"kept": b.find(program, "anna"), "gone": b.find(program, "cora")}

    merge(program=program, **both, reason="one person", by=b.staff(), key="m", now=b.moment(NOW))

    assert head_of(program) == b.find(program, "anna").pk
    assert places_left(program) == 2


def test_two_cards_of_one_household_become_one_place_in_it(program):
    both = {"kept": b.find(program, "ben"), "gone": b.find(program, "anna")}

    merge(program=program, **both, reason="one person", by=b.staff(), key="m", now=b.moment(NOW))

    assert (head_of(program), places_left(program)) == (b.find(program, "ben").pk, 1)


def test_who_was_read_before_the_guard_is_read_again(program, monkeypatch):
    anna, ben = b.find(program, "anna"), b.find(program, "ben")
    with scope(program=program):
        before = places.place_of(ben)
    parting.leave(program=program, member=anna, now=b.moment(NOW))
    join(program, "cora", head="ben", at="2026-02-01T10:00")
    found = iter([before])
    read = places.place_of
    monkeypatch.setattr(places, "place_of", lambda member: next(found, None) or read(member))

    parting.leave(program=program, member=ben, now=b.moment(NOW))

    assert head_of(program) == b.find(program, "cora").pk


def test_a_household_without_its_head_lets_the_last_one_go(program):
    move(program, "in", 40, member="ben")
    with scope(program=program):
        Household.objects.get().places.filter(member=b.find(program, "anna")).update(left_at=b.moment(NOW))

    with scope(program=program), transaction.atomic():
        parting.depart(program=program, member=b.find(program, "ben"), now=b.moment(NOW))

    assert (b.balance(program, "ben"), places_left(program)) == (Balance(active=40), 0)


@pytest.mark.parametrize("deed", ["found", "answer"])
def test_who_was_blocked_meanwhile_joins_nothing(program, deed):
    cora = b.find(program, "cora")
    now = b.moment(NOW)
    made = places.invite(
        program=program, head=b.find(program, "anna"), to=sendings.read_contact("cora@example.com"), now=now
    )
    with scope(program=program):
        type(cora).objects.filter(pk=cora.pk).update(state="blocked")

    deeds = {
        "found": lambda: places.found(program=program, member=cora, now=now),
        "answer": lambda: places.answer(
            program=program, member=cora, invitation_id=made.pk, accepts=True, now=now
        ),
    }
    with pytest.raises(ledger.MemberNotActive):
        deeds[deed]()


@pytest.mark.parametrize("deed", ["close", "merge", "erase"])
def test_who_goes_is_locked_together_with_the_household(program, deed):
    ben, home = b.find(program, "ben"), shared_holder(program)
    given = {"program": program, "reason": "moved", "by": b.staff(), "key": "c", "now": b.moment(NOW)}
    deeds = {
        "close": lambda: closing.close(member=ben, forfeits=False, **given),
        "merge": lambda: merge(kept=b.find(program, "cora"), gone=ben, **given),
        "erase": lambda: erasure.erase(member=ben, now=b.moment(NOW)),
    }

    with CaptureQueriesContext(connection) as queries:
        deeds[deed]()

    first = next(query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"])
    assert {str(ben.pk), str(home)} <= set(re.findall(r"\d+", first))
    assert "ORDER BY" in first


def shared_holder(program):
    with scope(program=program):
        return Household.objects.get().pk


def test_a_unit_that_is_not_shared_stays_ones_own(program):
    b.change_unit(program, is_shared=False)

    with pytest.raises(places.NotFound):
        move(program, "in", 10)
    with pytest.raises(places.HouseholdsOff):
        places.found(program=program, member=b.find(program, "cora"), now=b.moment(NOW))

"""How redemptions end: by time, cancelled, failed, sent (38, 39)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from members.models import AuditEntry
from rewards import ledger, redemptions, settling
from rewards.models import Reward
from rewards.redemptions import refusals
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.redemptions.shelf import START, code_of, events, lots, proven, reserve, taken

pytestmark = pytest.mark.django_db


def test_a_reservation_nobody_confirms_is_given_back_by_time(program):
    put_up(program, stock=1)
    held = reserve(program)
    late = START + timedelta(minutes=15)

    early = redemptions.end_due(program=program, now=late - timedelta(seconds=1))
    ended, again = (redemptions.end_due(program=program, now=late) for _time in range(2))

    assert (early, ended, again) == (0, 1, 0)
    held.refresh_from_db()
    assert held.state == "released"
    assert b.balance(program) == b.Balance(active=150)
    assert taken(program) == 0
    assert proven(program) == []


def test_after_its_time_a_reservation_is_not_confirmed_even_before_the_job_came(program):
    put_up(program)
    held = reserve(program)

    with pytest.raises(refusals.RedemptionOver):
        redemptions.confirm(program=program, redemption_id=held.pk, now=START + timedelta(minutes=15))
    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=code_of(held), now=START + timedelta(minutes=15))


@pytest.mark.parametrize(("gives_back", "active"), [(False, 50), (True, 150)])
def test_what_is_not_used_in_its_days_ends(program, gives_back, active):
    put_up(program, handover="code", valid_days=10, gives_back=gives_back, stock=5)
    one = reserve(program)

    ended = redemptions.end_due(program=program, now=START + timedelta(days=11))

    one.refresh_from_db()
    assert (ended, one.state, one.is_given_back) == (1, "expired", gives_back)
    assert b.balance(program).active == active
    assert taken(program) == (0 if gives_back else 1)
    assert proven(program) == []


def test_cancelling_restores_to_the_same_lots_with_their_old_end(program):
    put_up(program, handover="code", stock=5)
    one = reserve(program)
    before = [lot.pk for lot in b.lots(program)]

    redemptions.cancel(
        program=program, redemption_id=one.pk, reason="changed her mind", now=START, by=b.staff()
    )

    assert [lot.pk for lot in b.lots(program)] == before
    assert lots(program) == [(60, 0), (90, 0)]
    assert taken(program) == 0
    with scope(program=program):
        entry = AuditEntry.objects.get(action="redemption.cancel")
    assert entry.reason == "changed her mind"
    assert proven(program) == []


def test_a_cancellation_needs_a_reason(program):
    put_up(program, handover="code")
    one = reserve(program)

    with pytest.raises(ledger.ReasonMissing):
        redemptions.cancel(program=program, redemption_id=one.pk, reason=" ", now=START)


def test_a_lot_that_ended_meanwhile_comes_back_with_grace(program):
    put_up(program, handover="code", valid_days=None)
    one = reserve(program)
    late = b.moment("2027-02-01")

    redemptions.cancel(program=program, redemption_id=one.pk, reason="why", now=late)

    back = [lot for lot in b.lots(program) if lot.origin_id]
    assert [(lot.remaining, lot.expires_at) for lot in back] == [(60, b.moment("2027-03-04T00:00"))]
    assert proven(program) == []


def test_held_points_outlive_their_date_and_end_when_released(program):
    put_up(program, hold_minutes=60 * 24 * 20)
    held = reserve(program, now=b.moment("2027-01-05"))
    late = b.moment("2027-01-12")
    settling.settle_due(program=program, now=late)
    kept = b.balance(program)

    redemptions.release(program=program, redemption_id=held.pk, now=late)

    assert kept.reserved == 100
    assert b.balance(program) == b.Balance(active=90)
    assert proven(program) == []


def test_a_failure_of_ours_gives_back_even_what_has_ended(program):
    put_up(program, hold_minutes=60 * 24 * 20, stock=2)
    held = reserve(program, now=b.moment("2027-01-05"))

    redemptions.fail(program=program, redemption_id=held.pk, reason="broken", now=b.moment("2027-01-12"))

    assert b.balance(program) == b.Balance(active=150)
    assert taken(program) == 0
    assert proven(program) == []


def test_what_was_handed_over_can_still_fail(program):
    put_up(program)
    held = reserve(program)
    redemptions.fulfil(program=program, redemption_id=held.pk, now=START)

    one = redemptions.fail(program=program, redemption_id=held.pk, reason="wrong cup", now=START)

    assert one.state == "failed"
    assert b.balance(program) == b.Balance(active=150)
    assert proven(program) == []


def test_a_release_repays_arrears_first(program):
    put_up(program, price={"points": 150})
    held = reserve(program)
    b.record(program, b.bring_back("R", "2026-03-01T12:05", order="A"))
    owed = b.balance(program)

    redemptions.release(program=program, redemption_id=held.pk, now=START + timedelta(minutes=10))

    assert owed.arrears == 60
    assert b.balance(program) == b.Balance(active=90)
    assert proven(program) == []


def test_goods_are_packed_sent_and_fulfilled(program):
    put_up(program, handover="post")
    one = reserve(program)

    redemptions.send(program=program, redemption_id=one.pk, stage="packed", now=START)
    sent = redemptions.send(program=program, redemption_id=one.pk, stage="sent", now=START, tracking="RM123")
    done = redemptions.fulfil(program=program, redemption_id=one.pk, now=START)

    assert (sent.state, sent.stage, sent.tracking) == ("issued", "sent", "RM123")
    assert (done.state, done.stage) == ("fulfilled", "sent")
    assert events(program) == ["reserved", "issued", "packed", "sent", "fulfilled"]


def test_a_stock_that_was_spoilt_is_found(program, monkeypatch):
    """The negative control of the checks: a row that was changed behind our back."""
    put_up(program, stock=3)
    reserve(program)
    with scope(program=program):
        Reward.objects.update(taken=2)

    assert [fault[0] for fault in proven(program)] == ["reward.taken"]

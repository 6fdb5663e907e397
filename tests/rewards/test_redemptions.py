"""Redemptions: reserve, confirm, release, use, cancel, fail and the end of their time (SEMANTICS 38 to 40, 13, 26, 27)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import AuditEntry, Event
from rewards import catalogue, checking, ledger, redemptions, settling
from rewards.models import Redemption, Reward
from rewards.redemptions import refusals, tickets
from rewards.redemptions.moves import find
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up

pytestmark = pytest.mark.django_db
START = b.moment("2026-03-01")
UNITS = {"points": {"expiry": {"kind": "days", "count": 365}}}


@pytest.fixture
def program():
    program = b.open_program(units=UNITS, stores=["WHITBY", "YORK"])
    b.record(program, b.order("A", "2026-01-10", 60_00), b.order("B", "2026-02-10", 90_00))
    return program


def reserve(program, reward="mug", *, key="k", now=START, member="anna", **more):
    anna = b.find(program, member)
    return redemptions.reserve(program=program, member=anna, reward=reward, key=key, now=now, **more)


def taken(program, key="mug"):
    with scope(program=program):
        return Reward.objects.get(key=key).taken


def lots(program):
    return [(lot.remaining, lot.reserved) for lot in b.lots(program)]


def code_of(one):
    return tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed))


def events(program):
    with scope(program=program):
        found = Event.objects.filter(kind__startswith="reward.").order_by("pk")
        return [event.kind.removeprefix("reward.") for event in found]


def proven(program):
    report = checking.run(program=program, verify=True)
    return [(fault.check, fault.expected, fault.found) for fault in report.faults]


# --- reserve, confirm, release ----------------------------------------------------------------------------------------


def test_reserving_holds_points_in_their_lots_and_stock(program):
    put_up(program, stock=3)

    held = reserve(program)

    assert (held.state, held.price) == ("reserved", {"points": 100})
    assert held.due_at == START + timedelta(minutes=15)
    assert b.balance(program) == b.Balance(active=50, reserved=100)
    assert lots(program) == [(60, 60), (90, 40)]
    assert taken(program) == 1
    assert proven(program) == []


def test_confirming_spends_what_is_held_and_gives_days_to_use_it(program):
    put_up(program, stock=3, valid_days=30)
    held = reserve(program)

    one = redemptions.confirm(program=program, redemption_id=held.pk, now=START + timedelta(minutes=5))

    assert one.state == "issued"
    assert one.due_at == b.moment("2026-04-01T00:00")
    assert b.balance(program) == b.Balance(active=50)
    assert lots(program) == [(0, 0), (50, 0)]
    assert taken(program) == 1
    assert events(program) == ["reserved", "issued"]
    assert proven(program) == []


def test_releasing_gives_everything_back(program):
    put_up(program, stock=3)
    held = reserve(program)

    one = redemptions.release(program=program, redemption_id=held.pk, now=START)

    assert (one.state, one.is_given_back) == ("released", True)
    assert b.balance(program) == b.Balance(active=150)
    assert lots(program) == [(60, 0), (90, 0)]
    assert taken(program) == 0
    assert proven(program) == []


def test_what_is_not_shown_at_the_till_is_issued_at_once(program):
    put_up(program, handover="code")

    one = reserve(program)

    assert one.state == "issued"
    assert b.balance(program) == b.Balance(active=50)
    assert proven(program) == []


def test_several_units_are_held_together_or_not_at_all():
    program = b.open_program(units={"points": {}, "stamps": {}})
    b.join(program, "anna")
    put_up(program, price={"points": 30, "stamps": 2})
    b.adjust(program, 50, "2026-01-01")
    b.adjust(program, 1, "2026-01-01", unit="stamps")

    with pytest.raises(refusals.TooFew) as refused:
        reserve(program)
    b.adjust(program, 1, "2026-01-02", unit="stamps")
    held = reserve(program, key="again")
    redemptions.fulfil(program=program, redemption_id=held.pk, now=START)

    assert refused.value.params["missing"] == {"stamps": 1}
    assert b.balance(program) == b.Balance(active=20)
    assert b.balance(program, unit="stamps") == b.Balance()
    assert proven(program) == []


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_repeat_of_each_step_gives_the_first_answer(program):
    put_up(program, stock=3)
    first, again = reserve(program), reserve(program)

    steps = [
        redemptions.confirm(program=program, redemption_id=first.pk, now=START + timedelta(minutes=number))
        for number in range(2)
    ]

    assert first.pk == again.pk
    assert {one.state for one in steps} == {"issued"}
    assert taken(program) == 1
    assert len([entry for entry in b.entries(program) if entry.kind == "spend"]) == 1


def test_a_key_is_for_one_wish(program):
    put_up(program)
    put_up(program, "cup")
    reserve(program)

    with pytest.raises(ledger.KeyReused):
        reserve(program, "cup")


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        (["confirm"], "release"),
        (["release"], "confirm"),
        (["release"], "fulfil"),
        (["fulfil"], "confirm"),
        (["confirm", "cancel"], "fulfil"),
        (["confirm", "cancel"], "fail"),
        (["fulfil"], "cancel"),
        ([], "cancel"),
    ],
)
def test_states_go_forward_only(program, steps, last):
    put_up(program, stock=5)
    held = reserve(program)
    before = b.balance(program)

    def go(verb):
        more = {"reason": "why"} if verb in ("cancel", "fail") else {}
        return getattr(redemptions, verb)(program=program, redemption_id=held.pk, now=START, **more)

    for verb in steps:
        go(verb)
        before = b.balance(program)
    with pytest.raises(refusals.WrongState):
        go(last)

    assert b.balance(program) == before
    assert proven(program) == []


def test_the_database_refuses_a_step_back_and_any_removal(program):
    put_up(program)
    held = reserve(program)
    redemptions.release(program=program, redemption_id=held.pk, now=START)

    with scope(program=program), pytest.raises(DatabaseError), transaction.atomic():
        Redemption.objects.filter(pk=held.pk).update(state="reserved")
    with scope(program=program), pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute("DELETE FROM rewards_redemption")


# --- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"price": {"points": 151}}, "insufficient_points"),
        ({"stock": 0}, "reward_out_of_stock"),
        ({"starts_at": START + timedelta(hours=1)}, "reward_not_yet"),
        ({"ends_at": START}, "reward_window_over"),
        ({"eligibility": {"field": "member.tags", "op": "has any", "value": ["vip"]}}, "reward_not_eligible"),
        ({"stores": ["YORK"]}, "reward_wrong_store"),
    ],
)
def test_every_refusal_has_its_code_and_changes_nothing(program, values, code):
    put_up(program, **values)

    with pytest.raises(DomainError) as refused:
        reserve(program, store="WHITBY")

    assert refused.value.code == code
    assert b.balance(program) == b.Balance(active=150)
    assert taken(program) == 0
    with scope(program=program):
        assert not Redemption.objects.exists()


def test_refusals_say_what_is_missing(program):
    put_up(program, price={"points": 151})
    put_up(program, "cup", eligibility={"field": "member.tags", "op": "has any", "value": ["vip"]})

    with pytest.raises(refusals.TooFew) as few:
        reserve(program)
    with pytest.raises(refusals.NotEligible) as other:
        reserve(program, "cup")

    assert few.value.params["missing"] == {"points": 1}
    assert "vip" in str(other.value)


def test_a_draft_and_what_has_ended_are_not_offered(program):
    draft(program)
    with pytest.raises(refusals.NotOffered):
        reserve(program)
    put_up(program, "cup")
    catalogue.end(program=program, key="cup", by=None, now=START)

    with pytest.raises(refusals.NotOffered):
        reserve(program, "cup")


def test_the_limit_of_a_member_counts_what_is_not_given_back_in_the_period(program):
    put_up(program, price={"points": 10}, per_member=1, per_period="month")
    first = reserve(program, key="1")
    redemptions.release(program=program, redemption_id=first.pk, now=START)
    reserve(program, key="2")

    with pytest.raises(refusals.LimitReached) as refused:
        reserve(program, key="3", now=START + timedelta(days=1))
    later = reserve(program, key="4", now=b.moment("2026-04-01"))

    assert refused.value.params["limit"] == 1
    assert refused.value.params["free_at"] == b.moment("2026-04-01T00:00")
    assert later.state == "reserved"


def test_a_tier_may_have_what_others_may_not():
    tree = {"field": "standing.tier", "op": "=", "value": "gold"}
    program = b.open_program(tiers={"basic": (0, {}), "gold": (500_00, {})})
    b.record(program, b.order("A", "2026-01-10", 120_00))
    put_up(program, eligibility=tree)

    with pytest.raises(refusals.NotEligible):
        reserve(program)
    b.record(program, b.order("B", "2026-02-10", 400_00))

    assert reserve(program, key="now").state == "reserved"


def test_who_is_blocked_neither_reserves_nor_uses(program):
    put_up(program, handover="code")
    one = reserve(program)
    with scope(program=program):
        type(one.member).objects.filter(pk=one.member_id).update(state="blocked")

    with pytest.raises(ledger.MemberNotActive):
        reserve(program, key="more")
    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=code_of(one), now=START)


# --- codes ----------------------------------------------------------------------------------------------------------


def test_a_code_hands_the_reward_over_once(program):
    put_up(program)
    held = reserve(program)
    code = tickets.shown(code_of(held)).lower()

    one = redemptions.use(program=program, code=code, now=START, store="WHITBY")
    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=code, now=START)

    assert (one.state, one.store.code) == ("fulfilled", "WHITBY")
    assert b.balance(program) == b.Balance(active=50)
    assert events(program) == ["reserved", "fulfilled"]
    assert proven(program) == []


def test_the_member_number_authorizes_nothing(program):
    put_up(program)
    held = reserve(program)

    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=held.member.number, now=START)


def test_a_code_of_another_program_is_none(program):
    put_up(program)
    held = reserve(program)

    assert find(program=b.open_program(), code=code_of(held)) is None


def test_a_code_is_kept_only_sealed_and_digested(program):
    put_up(program)
    held = reserve(program)
    code = code_of(held)

    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM rewards_redemption r WHERE id = %s", [held.pk])
        row = cursor.fetchone()[0]
    assert len(code) == 16
    assert code not in row
    assert code.encode().hex() not in row
    assert tickets.unseal(program_id=held.program_id + 1, sealed=bytes(held.code_sealed)) == ""


def test_a_wrong_store_is_told_and_the_code_stays_good(program):
    put_up(program, stores=["YORK"])
    held = reserve(program)

    with pytest.raises(refusals.WrongStore):
        redemptions.use(program=program, code=code_of(held), now=START, store="WHITBY")

    assert redemptions.use(program=program, code=code_of(held), now=START, store="YORK").state == "fulfilled"


# --- ends ----------------------------------------------------------------------------------------------------------


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


def test_reserving_takes_few_statements_whatever_there_is(program):
    put_up(program, price={"points": 10})
    reserve(program)
    anna = b.find(program, "anna")

    def statements(key):
        with CaptureQueriesContext(connection) as asked:
            redemptions.reserve(program=program, member=anna, reward="mug", key=key, now=START)
        return [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]

    first = statements("2")
    b.record(program, *(b.order(f"C{number}", "2026-03-01", 10_00) for number in range(8)))

    assert len(statements("3")) == len(first), first
    # The reward, the snapshot, the posting, and the redemption that is given back.
    assert len(first) <= 4, first

"""Reserve, confirm, release: each once, forward only (SEMANTICS 38, 39)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from rewards import ledger, redemptions
from rewards.models import Redemption
from rewards.redemptions import refusals
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.redemptions.shelf import START, events, lots, proven, reserve, taken

pytestmark = pytest.mark.django_db


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

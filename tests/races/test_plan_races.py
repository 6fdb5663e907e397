"""Two payments of one term at once make one term; and what the database refuses even where nothing of ours looks."""

from __future__ import annotations

import psycopg
import pytest
from django_scopes import scope

from members.models import Program
from rewards.models import Term
from rewards.plans import payments
from rewards.plans.payments import Payment
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = [pytest.mark.races, pytest.mark.slow]


def pay(program: int, reference: str) -> str:
    found = Program.objects.get(pk=program)
    try:
        done = payments.pay(
            program=found,
            member=b.find(found, "anna"),
            plan="club",
            payment=Payment(reference, NOW, 2_500),
            now=NOW,
        )
    except Exception as error:
        return type(error).__name__
    return "repeated" if done.repeated else "paid"


def opened() -> Program:
    program = b.open_program()
    b.join(program, "anna")
    p.put_up(program)
    return program


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_two_payments_at_once_are_one_term(fresh_database, owner_connection, processes, guarded):
    """Without guard, number and exclusion every one of them would begin a term of its own."""
    if not guarded:
        _disarm(owner_connection)

    def once(number: int) -> bool:
        program = opened()
        told = processes.each(pay, [(program.pk, f"P{n}") for n in range(PROCESSES)])
        with scope(program=program):
            count = Term.objects.count()
        assert told.count("paid") == count
        assert told.count("PlanHeld") == PROCESSES - 1 or not guarded
        return count == 1

    assert holds(once, guarded=guarded) is guarded


def test_one_payment_told_many_times_at_once_is_one_term(fresh_database, processes):
    program = opened()

    told = processes.each(pay, [(program.pk, "P1")] * PROCESSES)

    with scope(program=program):
        assert Term.objects.count() == 1
    assert set(told) <= {"paid", "repeated"}


def _disarm(owner: psycopg.Connection) -> None:
    """Take away the guard by the holder's seq, and what the table holds by itself."""
    owner.execute("ALTER TABLE rewards_term DROP CONSTRAINT term_one_at_a_time")
    owner.execute("ALTER TABLE rewards_term DROP CONSTRAINT term_number_unique")
    (source,) = owner.execute("SELECT pg_get_functiondef('wafa_post(jsonb)'::regprocedure)").fetchone()
    unguarded = source.replace("WHERE id = holders[1] AND seq = seqs[1]", "WHERE id = holders[1]")
    assert unguarded != source
    # All have read before the first has written.
    stalled = unguarded.replace("\nDECLARE", "\nDECLARE\n    stalled text := pg_sleep(0.3)::text;", 1)
    assert stalled != unguarded
    owner.execute(stalled)


TAMPERINGS = {
    "term_one_at_a_time": "INSERT INTO rewards_term (program_id, member_id, plan_id, number, streak, anchor_on, starts_at,"
    " ends_at, state, price_minor, paid_at, source, payment, benefits, fact_id) SELECT program_id, member_id, plan_id, 2, 1,"
    " anchor_on, ends_at - interval '1 minute', NULL, 'active', 0, paid_at, 'x', 'y', '[]', 1 FROM rewards_term",
    "goes forward only": "UPDATE rewards_term SET price_minor = 1",
    "a term goes forward only": "UPDATE rewards_term SET state = 'ended', refund_until = NULL",
    "append-only": "DELETE FROM rewards_term",
    "rewards_saving is append-only": "UPDATE rewards_saving SET amount_minor = 1",
}


@pytest.mark.parametrize("refusal", TAMPERINGS)
def test_the_database_keeps_what_was_sold(fresh_database, owner_connection, refusal):
    program = opened()
    p.pay(program, "2026-03-05")
    b.record(program, b.order("A", "2026-03-10", b.line(900, discount_minor=100)))

    with pytest.raises(psycopg.Error, match=refusal):
        owner_connection.execute(TAMPERINGS[refusal])

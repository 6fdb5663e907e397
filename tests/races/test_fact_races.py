"""Facts that meet: orders with their returns, batches with the same members, newcomers, a shared budget."""

import pytest
from django_scopes import scope

from members.models import Member, Order
from tests.races import actors
from tests.races.actors import PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = [pytest.mark.races, pytest.mark.slow]

both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
BEADS = b.line(10_000, "bead", 10)


def flat(outcomes: list) -> list:
    return [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]


@both
def test_returns_of_one_order_at_once_take_each_piece_once(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)
        actors.drop(owner_connection, "rewards_settlement", "settlement_one_after_another")

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, b.order("A", "2026-01-10", BEADS))
        back = [
            (program.pk, [[b.bring_back(f"R{n}", "2026-01-12", "bead", order="A")]]) for n in range(PROCESSES)
        ]
        told = set(flat(processes.each(actors.record, back)))
        return (
            told == {"recorded"}
            and b.balance(program) == Balance()
            and b.stored_order(program, "A").returned_minor == 10_000
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_a_return_and_the_first_arrival_of_its_order(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.rewrite_post(owner_connection, stall=0.5)
        actors.drop(owner_connection, "members_order", "order_external_id_unique")

    def once(number: int) -> bool:
        program = b.open_program()
        b.join(program, "anna")
        names = [f"A{n}" for n in range(PROCESSES // 2)]
        facts = []
        for name in names:
            facts += [
                b.order(name, "2026-01-10", BEADS),
                b.bring_back(f"R{name}", "2026-01-12", ("bead", 4), order=name),
            ]
        told = set(flat(processes.each(actors.record, [(program.pk, [[fact]]) for fact in facts])))
        with scope(program=program):
            left = set(Order.objects.values_list("external_id", "state", "returned_minor"))
        return (
            told <= {"recorded", "waiting"}
            and left == {(name, "paid", 4000) for name in names}
            and b.balance(program).active == 60 * len(names)
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_payment_change_and_returns_of_one_order_at_once(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)
        actors.drop(owner_connection, "rewards_settlement", "settlement_one_after_another")

    def once(number: int) -> bool:
        program = b.open_program()
        b.join(program, "anna")
        b.record(program, b.order("A", "2026-01-10", BEADS, is_paid=False))
        facts = [
            b.paid("A", "2026-01-11"),
            b.order("A", "2026-01-12", BEADS, b.line(2000, "cup"), revision=1, is_paid=False),
            *(b.bring_back(f"R{n}", "2026-01-12", "bead", order="A") for n in range(PROCESSES - 2)),
        ]
        told = set(flat(processes.each(actors.record, [(program.pk, [[fact]]) for fact in facts])))
        return (
            told == {"recorded"} and b.balance(program) == Balance(active=20) and not b.wrong_wallets(program)
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_batches_with_the_same_members_in_opposite_order(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        # Locked as they come, not by id; what excludes writers stays as it is.
        actors.rewrite_post(
            owner_connection,
            ("IF seqs IS DISTINCT FROM ARRAY(", "IF cardinality(seqs) <> cardinality(ARRAY("),
            (
                "ORDER BY h.id FOR NO KEY UPDATE\n        ) THEN",
                "ORDER BY random() FOR NO KEY UPDATE\n        )) THEN",
            ),
        )
    names = [f"m{n}" for n in range(12)]

    def once(number: int) -> bool:
        program = b.open_program()
        for name in names:
            b.join(program, name)
        before = deadlocks(owner_connection)
        batches = []
        for process in range(8):
            order = names if process % 2 else names[::-1]
            batches.append(
                (
                    program.pk,
                    [
                        [b.order(f"A{process}-{r}-{n}", "2026-01-10", 1000, member=n) for n in order]
                        for r in range(3)
                    ],
                )
            )
        told = set(flat(processes.each(actors.record, batches)))
        active = {b.balance(program, name).active for name in names}
        return told == {"recorded"} and active == {240} and deadlocks(owner_connection) == before

    assert holds(once, guarded=guarded) is guarded


def deadlocks(connection) -> int:
    connection.execute("SELECT pg_stat_clear_snapshot()")
    found = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return found.fetchone()[0]


@both
def test_a_newcomer_told_by_many_clients_joins_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.rewrite_post(owner_connection)
        actors.drop(owner_connection, "members_identity", "identity_unique")

    def once(number: int) -> bool:
        program = b.open_program()
        facts = [
            (program.pk, [[b.order(f"A{n}", "2026-01-10", 1000, member="ben")]]) for n in range(PROCESSES)
        ]
        told = set(flat(processes.each(actors.record, facts)))
        return (
            told == {"recorded"}
            and actors.count(program, Member) == 1
            and b.balance(program, "ben").active == 10 * PROCESSES
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_a_budget_shared_by_many_members_is_spent_exactly(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.rewrite_post(owner_connection)
        actors.drop(owner_connection, "rewards_earningrule", "earningrule_within_budget")

    def once(number: int) -> bool:
        program = b.open_program(rules={"base": {"amount": b.ONE_PER_MAJOR, "budget": "2005"}})
        for n in range(PROCESSES):
            b.join(program, f"m{n}")
        facts = [
            (program.pk, [[b.order(f"A{p}-{n}", "2026-01-10", 10_000, member=f"m{p}")] for n in range(4)])
            for p in range(PROCESSES)
        ]
        told = set(flat(processes.each(actors.record, facts)))
        given = sum(b.balance(program, f"m{n}").active for n in range(PROCESSES))
        with scope(program=program):
            rule = program.rules.get()
        return told == {"recorded"} and given == rule.spent == 2005

    assert holds(once, guarded=guarded) is guarded

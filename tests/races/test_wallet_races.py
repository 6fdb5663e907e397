"""Many processes on one wallet. Each race is run again without its guard, and must then fail."""

import pytest
from django_scopes import scope

from members.models import Fact, Program
from rewards.models import Entry
from tests.races import actors
from tests.races.actors import PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])


def spent(program: Program) -> int:
    with scope(program=program):
        return -sum(
            Entry.objects.filter(program=program, kind="spend").values_list("active_change", flat=True)
        )


@both
def test_exactly_as_many_spends_succeed_as_the_wallet_affords(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, *(b.order(f"A{n}", "2026-01-10", 1000) for n in range(30)))
        keys = [([f"k{process}-{n}" for n in range(4)],) for process in range(PROCESSES)]
        outcomes = processes.each(_spend_ten, [(program.pk, *each) for each in keys])
        told = [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]
        enough = told.count("spent") == 30 and told.count("InsufficientPoints") == 34
        return (
            enough
            and spent(program) == 300
            and b.balance(program).active == 0
            and not b.wrong_wallets(program)
        )

    assert holds(once, guarded=guarded) is guarded


def _spend_ten(program: int, keys: list[str]) -> list[str]:
    return actors.spend(program, keys, 10)


@both
def test_one_key_from_64_clients_spends_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)
        actors.drop(owner_connection, "members_fact", "fact_once_for_ever")

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, b.order("A", "2026-01-10", 100_000))
        outcomes = processes(PROCESSES, _spend_ten, program.pk, ["same"] * 4)
        told = [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]
        return sorted(told) == ["repeated"] * 63 + ["spent"] and spent(program) == 10

    assert holds(once, guarded=guarded) is guarded


@both
def test_facts_that_move_no_points_exclude_each_other_too(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program(rules={}, tiers={"basic": (0, {}), "gold": (10**12, {})})
        b.join(program, "anna")
        batches = [
            (program.pk, [[b.order(f"A{process}-{n}", "2026-01-10", 1000)] for n in range(4)])
            for process in range(PROCESSES)
        ]
        outcomes = processes.each(actors.record, batches)
        told = {one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])}
        return told == {"recorded"} and b.metric(program)[:2] == (64_000, 64)

    assert holds(once, guarded=guarded) is guarded


@both
def test_one_order_from_many_clients_earns_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)
        actors.drop(owner_connection, "members_fact", "fact_once_for_ever")
        actors.drop(owner_connection, "members_order", "order_external_id_unique")

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, b.order("first", "2026-01-10", 1000))
        told = b.order("A", "2026-01-10", 10_000)
        outcomes = processes(PROCESSES, actors.record, program.pk, [[told]] * 4)
        statuses = [
            one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])
        ]
        return (
            sorted(statuses) == ["recorded"] + ["repeated"] * 63
            and b.balance(program).active == 110
            and actors.count(program, Fact) == 2
        )

    assert holds(once, guarded=guarded) is guarded

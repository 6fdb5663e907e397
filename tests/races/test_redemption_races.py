"""Many processes at one reward. Each race is run again without its guard, and must then fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from members.models import Event, Program
from rewards import redemptions
from rewards.models import Redemption, Reward
from rewards.redemptions import moves, tickets
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.races, pytest.mark.slow]

both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
EACH, STOCK = 4, 50


def want(program: int, names: list[str], reward: str = "mug") -> list[str]:
    """Reserve the reward once for each of these members."""
    found = Program.objects.get(pk=program)
    return [_want(found, name, number, reward) for number, name in enumerate(names)]


def _want(program: Program, name: str, number: int, reward: str) -> str:
    try:
        member = b.find(program, name)
        redemptions.reserve(
            program=program, member=member, reward=reward, key=f"{name}-{number}", now=NOW, at_once=True
        )
    except Exception as error:
        return type(error).__name__
    return "taken"


def told(outcomes: list[object]) -> list[object]:
    return [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]


@both
def test_a_flash_drop_sells_exactly_its_stock(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.rewrite_post(owner_connection)
        actors.drop(owner_connection, "rewards_reward", "reward_within_stock")

    def once(number: int) -> bool:
        program = b.open_program()
        people = [[f"m{process}-{n}" for n in range(EACH)] for process in range(PROCESSES)]
        for name in [one for group in people for one in group]:
            b.record(program, b.order(f"O-{name}", "2026-01-10", 20_00, member=name))
        put_up(program, stock=STOCK, price={"points": 10})
        outcomes = told(processes.each(want, [(program.pk, group) for group in people]))
        with scope(program=program):
            sold, reward = Redemption.objects.count(), Reward.objects.get()
        return (
            outcomes.count("taken") == sold == reward.taken == STOCK
            and outcomes.count("OutOfStock") == PROCESSES * EACH - STOCK
            and not b.wrong_wallets(program)
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_a_member_gets_no_more_than_the_limit(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program()
        b.join(program, "anna")
        # It costs nothing: only the guard of the member stands between the two.
        put_up(program, price={}, per_member=1)
        outcomes = told(processes.each(_own_key, [(program.pk, process) for process in range(PROCESSES)]))
        return outcomes.count("taken") == 1 and outcomes.count("LimitReached") == PROCESSES - 1

    assert holds(once, guarded=guarded) is guarded


def _own_key(program: int, process: int) -> list[str]:
    return [_want(Program.objects.get(pk=program), "anna", process, "mug")]


@both
def test_a_reservation_is_either_used_or_released_by_time(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.rewrite_post(owner_connection, *actors.UNGUARDED, (" AND t.state = m.was", ""))
        owner_connection.execute("ALTER TABLE rewards_redemption DISABLE TRIGGER USER")

    def once(number: int) -> bool:
        program = b.open_program()
        anna = b.join(program, "anna")
        put_up(program, price={}, per_member=1)
        held = redemptions.reserve(program=program, member=anna, reward="mug", key="k", now=NOW)
        turns = [(program.pk, held.pk, process % 2) for process in range(PROCESSES)]
        outcomes = told(processes.each(_use_or_end, turns))
        return len({one for one in outcomes if one in ("fulfilled", "released")}) == 1

    assert holds(once, guarded=guarded) is guarded


def _use_or_end(program: int, number: int, is_end: int) -> list[str]:
    found = Program.objects.get(pk=program)
    try:
        if is_end:
            done = moves.end(program=found, redemption_id=number, now=NOW + timedelta(minutes=15))
        else:
            done = redemptions.fulfil(program=found, redemption_id=number, now=NOW + timedelta(minutes=14))
    except Exception as error:
        return [type(error).__name__]
    return [done.state]


@both
def test_one_code_by_many_clients_is_used_once(fresh_database, owner_connection, processes, guarded):
    """64 clients hold the same code; the goods go out once, and in the events that is seen."""
    if not guarded:
        actors.rewrite_post(owner_connection, *actors.UNGUARDED, (" AND t.state = m.was", ""))
        actors.drop(owner_connection, "members_fact", "fact_once_for_ever")
        owner_connection.execute("ALTER TABLE rewards_redemption DISABLE TRIGGER USER")

    def once(number: int) -> bool:
        program = b.open_program()
        anna = b.join(program, "anna")
        put_up(program, price={}, per_member=1)
        held = redemptions.reserve(program=program, member=anna, reward="mug", key="k", now=NOW)
        code = tickets.unseal(program_id=program.pk, sealed=bytes(held.code_sealed))
        outcomes = told(processes(PROCESSES, _use, program.pk, code))
        with scope(program=program):
            handed = program_events(program)
        return handed == 1 and set(outcomes) <= {"fulfilled", "CodeInvalid"} and "fulfilled" in outcomes

    assert holds(once, guarded=guarded) is guarded


def program_events(program: Program) -> int:
    return Event.objects.filter(program=program, kind="reward.fulfilled").count()


def _use(program: int, code: str) -> list[str]:
    found = Program.objects.get(pk=program)
    said = []
    for _time in range(EACH):
        try:
            said.append(redemptions.use(program=found, code=code, now=NOW).state)
        except Exception as error:
            said.append(type(error).__name__)
    return said

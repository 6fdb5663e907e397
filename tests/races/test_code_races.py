"""Many processes at one code. Each race is run again without its guard, and must then fail."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import Program
from rewards import bulk, intake, redemptions
from rewards.coupons import many
from rewards.models import BulkAction, Code
from rewards.pools import words
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards import coupons as c
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.races, pytest.mark.slow]

both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
EACH, CODES = 4, 40
GIVERS, GIVEN = 6, 8


def order(program: int, names: list[str]) -> list[str]:
    """An order with the code for each of these members."""
    found = Program.objects.get(pk=program)
    return [_order(found, name, number) for number, name in enumerate(names)]


def _order(program: Program, name: str, number: int) -> str:
    item = b.order(f"{name}-{number}", "2026-02-01", 1000, member=name, codes=("SUMMER",))
    try:
        outcome = intake.record(program=program, items=[item], now=NOW)[0]
    except Exception as error:
        return type(error).__name__
    return outcome.code or outcome.status


def told(outcomes: list[object]) -> list[object]:
    return [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]


@both
def test_one_code_by_64_clients_is_used_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.rewrite_post(owner_connection, (" AND (c.amount <= 0 OR t.used + c.amount <= t.most)", ""))
        actors.drop(owner_connection, "rewards_code", "code_within_most")

    def once(number: int) -> bool:
        program = b.open_program()
        people = [[f"m{process}-{n}" for n in range(EACH)] for process in range(PROCESSES)]
        c.put_up(program, "each", pool=_single(program))
        outcomes = told(processes.each(order, [(program.pk, group) for group in people]))
        return (
            outcomes.count("recorded") == len(c.uses(program)) == 1
            and outcomes.count("code_invalid") == PROCESSES * EACH - 1
        )

    assert holds(once, guarded=guarded) is guarded


def _single(program: Program) -> str:
    pool = c.open_pool(program)
    words.add(pool=pool, word="SUMMER", by=None, now=NOW)
    return pool.key


@both
def test_a_member_uses_it_no_more_than_the_limit(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program(rules={})
        b.join(program, "anna")
        c.put_up(program, per_member=1)
        turns = [(program.pk, process) for process in range(PROCESSES)]
        outcomes = told(processes.each(_anna, turns))
        return outcomes.count("recorded") == 1 and outcomes.count("coupon_limit_reached") == PROCESSES - 1

    assert holds(once, guarded=guarded) is guarded


def _anna(program: int, process: int) -> list[str]:
    return [_order(Program.objects.get(pk=program), "anna", process)]


@both
def test_two_who_give_a_coupon_to_many_at_once_give_one_each(
    fresh_database, owner_connection, processes, guarded
):
    """Every process runs an action of its own for the same members; all have looked before the first has given."""
    owner_connection.execute("""
        CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END';
        CREATE TRIGGER stall BEFORE INSERT ON rewards_codebatch FOR EACH ROW EXECUTE FUNCTION stall()
    """)

    def once(number: int) -> bool:
        program = b.open_program()
        for n in range(GIVEN):
            b.join(program, f"m{n}")
        actions = [c.prepare_gifts(program, b.staff()).pk for _ in range(GIVERS)]
        done = processes.each(give, [(program.pk, action, guarded) for action in actions])
        if any(isinstance(each, BaseException) for each in done):
            return False
        with scope(program=program):
            owners = Code.objects.values_list("member_id", flat=True)
            return sum(done) == len(owners) == len(set(owners)) == GIVEN

    assert holds(once, guarded=guarded) is guarded


def give(program: int, action: int, guarded: bool) -> int:
    """Start one of the actions and carry it out; how many got a code of it."""
    found = Program.objects.get(pk=program)
    if not guarded:
        many.wait_for = lambda ids: None
    with scope(program=found):
        by = BulkAction.objects.select_related("author").get(pk=action).author
    bulk.confirm(program=found, action_id=action, by=by, role="owner", now=NOW)
    while bulk.carry_on(program=found, action_id=action, now=NOW):
        pass
    with scope(program=found):
        return BulkAction.objects.get(pk=action).done


@both
def test_a_pool_of_vouchers_hands_each_out_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.rewrite_post(
            owner_connection,
            ("ORDER BY c.id LIMIT 1 FOR UPDATE SKIP LOCKED;", "ORDER BY c.id LIMIT 1;"),
            ("ORDER BY c.id LIMIT 1 FOR UPDATE;", "ORDER BY c.id LIMIT 1;"),
        )

    def once(number: int) -> bool:
        program = b.open_program()
        people = [[f"m{process}-{n}" for n in range(EACH)] for process in range(PROCESSES)]
        for name in [one for group in people for one in group]:
            b.join(program, name)
        pool = c.open_pool(program, purpose="voucher", source="foreign")
        c.bring(pool, *(f"VOUCHER-{n}" for n in range(CODES)))
        put_up(program, price={}, per_member=9, handover="code", pool=pool)
        outcomes = told(processes.each(want, [(program.pk, group) for group in people]))
        with scope(program=program):
            given = Code.objects.filter(redemption_id__isnull=False).values_list("redemption_id", flat=True)
            shared = len(given) - len(set(given))
        return (
            outcomes.count("taken") == len(given) == CODES
            and outcomes.count("OutOfStock") == PROCESSES * EACH - CODES
            and not shared
        )

    assert holds(once, guarded=guarded) is guarded


def want(program: int, names: list[str]) -> list[str]:
    found = Program.objects.get(pk=program)
    return [_want(found, name) for name in names]


def _want(program: Program, name: str) -> str:
    try:
        redemptions.reserve(program=program, member=b.find(program, name), reward="mug", key=name, now=NOW)
    except Exception as error:
        return type(error).__name__
    return "taken"

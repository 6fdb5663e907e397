"""Merges, spends, orders and approvals that meet. Each race is run again without its guard, and must then fail."""

import pytest
from django_scopes import scope

from members.models import Member, Merge, Program, Role, TeamMembership, User
from rewards import adjustments, merging
from rewards.merging import joining
from rewards.models import PendingAdjustment
from tests.members.teams import hire
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards import couples

pytestmark = [pytest.mark.races, pytest.mark.slow]

NUMBERS = ("100000000001", "100000000002")

both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])


def act(kind: str, program: int, *given: object) -> str:
    """One action in a process of its own; what became of it."""
    found = Program.objects.get(pk=program)
    try:
        return str(ACTS[kind](found, *given))
    except Exception as error:
        return type(error).__name__


def _merge(program, key, by):
    with scope(program=program):
        kept, gone = (Member.objects.get(number=number) for number in NUMBERS)
    user = User.objects.get(pk=by)
    merging.merge(program=program, kept=kept, gone=gone, reason="same", by=user, key=key, now=NOW)
    return "merged"


def _merge_unguarded(program, key, by):
    """As if nobody had to wait for a holder."""
    joining.lock_both = lambda kept, gone: (kept, gone)
    return _merge(program, key, by)


def _spend(program, key):
    b.spend(program, 10, "2026-02-01", member="hanna", key=key)
    return "spent"


def _order(program, number):
    return actors.record(program.pk, [[b.order(number, "2026-01-20", 1000, member="hanna")]])[0]


def _approve(program, number, by):
    adjustments.approve(program=program, adjustment_id=number, by=User.objects.get(pk=by), now=NOW)
    return "approved"


def _approve_unguarded(program, number, by):
    """As if the wish were not locked, and each approval had a key of its own."""

    def read(adjustment_id, _by):
        found = PendingAdjustment.objects.select_related("unit", "member__merged_into").get(pk=adjustment_id)
        if found.state != "waiting":
            raise adjustments.AlreadyDecided
        found.key = f"{by}"
        return found

    adjustments._lock = read
    return _approve(program, number, by)


ACTS = {
    "merge": _merge,
    "merge_unguarded": _merge_unguarded,
    "spend": _spend,
    "order": _order,
    "approve": _approve,
    "approve_unguarded": _approve_unguarded,
}


def pair(program: Program) -> tuple[User, Member, Member]:
    """Somebody who merges, and anna and hanna with a hundred points each."""
    anna, hanna = (b.join(program, name) for name in ("anna", "hanna"))
    b.record(program, *(b.order(f"{n}-1", "2026-01-10", 10_000, member=n) for n in ("anna", "hanna")))
    with scope(program=program):
        # Known to the other processes, whoever has the identities by then.
        for member, number in ((anna, NUMBERS[0]), (hanna, NUMBERS[1])):
            Member.objects.filter(pk=member.pk).update(number=number)
    return hire(program), anna, hanna


@both
def test_a_merge_among_spends_and_orders_of_the_gone_member(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program()
        by, anna, hanna = pair(program)
        work = [("merge", program.pk, "m1", by.pk)]
        work += [("spend", program.pk, f"s{n}") for n in range(4)]
        work += [("order", program.pk, f"o{n}") for n in range(4)]
        told = processes.each(act, work)
        spent = told.count("spent")
        return (
            told[0] == "merged"
            and told.count("recorded") == 4
            and couples.holds(program, anna) == (200 + 40 - 10 * spent, 0, 0)
            and couples.holds(program, hanna) == (0, 0, 0)
            and not couples.faults(program)
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_two_are_merged_once_however_many_ask(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)
        owner_connection.execute("DROP INDEX merge_gone_once")

    def once(number: int) -> bool:
        program = b.open_program()
        by, anna, _hanna = pair(program)
        name = "merge" if guarded else "merge_unguarded"
        told = processes.each(act, [(name, program.pk, f"m{n}", by.pk) for n in range(PROCESSES // 2)])
        with scope(program=program):
            made = Merge.objects.count()
        return (
            sorted(told) == ["Unmergeable"] * (len(told) - 1) + ["merged"]
            and made == 1
            and couples.holds(program, anna) == (200, 0, 0)
            and not couples.faults(program)
        )

    assert holds(once, guarded=guarded) is guarded


@both
def test_many_who_approve_at_once_book_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        # All of them have read before the first has booked.
        actors.rewrite_post(owner_connection, stall=0.3)

    def once(number: int) -> bool:
        program = b.open_program(adjust_limits={"manager": {"points": 1}})
        anna = b.join(program, "anna")
        asker = TeamMembership.objects.get(user=hire(program, Role.MANAGER))
        waiting = adjustments.ask(
            program=program, member=anna, unit="points", amount=70, reason="r", by=asker, key="a" * 32, now=NOW
        ).pending  # fmt: skip
        others = [hire(program, Role.MANAGER) for _ in range(8)]
        name = "approve" if guarded else "approve_unguarded"
        told = processes.each(act, [(name, program.pk, waiting.pk, user.pk) for user in others])
        return sorted(told) == ["AlreadyDecided"] * 7 + ["approved"] and b.balance(program).active == 70

    assert holds(once, guarded=guarded) is guarded

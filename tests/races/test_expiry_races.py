"""Spends against expiry with two expiry workers: every point is spent or ended, never both (10, 16)."""

import pytest
from django_scopes import scope

from members.models import Member, Program
from rewards import ledger, settling
from rewards.models import Entry, Lot
from tests.fixtures.databases import ROOT
from tests.races.actors import PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

SETTLE = ROOT / "rewards" / "sql" / "settle.sql"
BEFORE, AFTER = b.moment("2026-01-20T23:59"), b.moment("2026-01-21T00:01")
MEMBERS, LOTS, WORKERS = 12, 6, 2


def spend_or_settle(program: int, number: int) -> list[str]:
    """The first two processes expire what is due, the others spend from everybody until nothing is left."""
    found = Program.objects.get(pk=program)
    if number < WORKERS:
        settling.CHUNK = 5
        return [f"moved {settling.settle_due(program=found, now=AFTER)}" for _ in range(6)]
    with scope(program=found):
        members = list(Member.objects.order_by("pk"))
    return [_spend(found, members[(number + n) % MEMBERS], f"k{number}-{n}") for n in range(12)]


def _spend(program: Program, member: Member, key: str) -> str:
    try:
        ledger.spend(program=program, member=member, unit="points", amount=7, key=key, now=BEFORE)
    except ledger.InsufficientPoints:
        return "empty"
    return "spent"


def rewrite_settle(owner, *, guarded):
    """It waits between claiming and settling, so that others get between; without its guard it locks nobody."""
    text = SETTLE.read_text()
    claim = "FOR NO KEY UPDATE OF h SKIP LOCKED"
    pause = "PERFORM set_config('wafa.posting', 'on', true);"
    assert claim in text
    assert pause in text
    text = text.replace(pause, f"{pause} PERFORM pg_sleep(0.05);")
    owner.execute(text if guarded else text.replace(claim, ""))


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_every_point_is_spent_or_ended(fresh_database, owner_connection, processes, guarded):
    rewrite_settle(owner_connection, guarded=guarded)

    def once(number: int) -> bool:
        program = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 10}}})
        orders = [
            b.order(f"{n}-{lot}", "2026-01-10", 500, member=f"m{n}") for n in range(MEMBERS) for lot in range(LOTS)
        ]  # fmt: skip
        b.record(program, *orders)
        told = processes.each(spend_or_settle, [(program.pk, n) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        settling.settle_due(program=program, now=AFTER)
        with scope(program=program):
            spent = -sum(Entry.objects.filter(kind="spend").values_list("active_change", flat=True))
            ended = sum(Lot.objects.values_list("expired", flat=True))
            left = sum(Lot.objects.values_list("remaining", flat=True))
        counted = sum(each == "spent" for outcome in told for each in outcome) * 7
        return (
            spent == counted
            and spent + ended == MEMBERS * LOTS * 5
            and left == 0
            and not b.wrong_wallets(program)
        )

    assert holds(once, guarded=guarded) is guarded

"""What the processes of the races do, and how a guard is taken away for the negative controls."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from django_scopes import scope

from members.models import Member, Program
from rewards import intake, ledger
from rewards.intake.items import Item
from tests.fixtures.databases import ROOT
from tests.rewards import builders as b

POST = ROOT / "rewards" / "sql" / "post.sql"
NOW = b.moment("2026-02-01")
PROCESSES = 16


def record(program: int, batches: list[list[Item]]) -> list[str]:
    """Record batches one after the other; the status of every item, or what was raised."""
    found = Program.objects.get(pk=program)
    statuses: list[str] = []
    for items in batches:
        try:
            statuses += [outcome.status for outcome in intake.record(program=found, items=items, now=NOW)]
        except Exception as error:
            statuses += [type(error).__name__] * len(items)
    return statuses


def spend(program: int, keys: list[str], amount: int) -> list[str]:
    """Spend from anna's wallet, once for each key."""
    found = Program.objects.get(pk=program)
    member = b.find(found, "anna")
    return [_spend(found, member, key, amount) for key in keys]


def _spend(program: Program, member: Member, key: str, amount: int) -> str:
    try:
        done = ledger.spend(program=program, member=member, unit="points", amount=amount, key=key, now=NOW)
    except Exception as error:
        return type(error).__name__
    return "repeated" if done.repeated else "spent"


def count(program: Program, model: type) -> int:
    with scope(program=program):
        return int(model.objects.filter(program=program).count())  # type: ignore[attr-defined]


def holds(once: Callable[[int], bool], *, guarded: bool) -> bool:
    """Whether the race ends well in every round. Without its guard more rounds are run, to see it fail at last."""
    return all(once(number) for number in range(2 if guarded else 12))


# --- taking guards away -----------------------------------------------------------------------------------------


def rewrite_post(owner: psycopg.Connection, *pairs: tuple[str, str], stall: float = 0.05) -> None:
    """Load a copy of wafa_post with other words; each of them must have been there.

    It waits for `stall` seconds between reading and writing, so that all the processes have read before the first has
    written: a missing guard must show on any machine, not only where chance would have it.
    """
    text = POST.read_text()
    stalling = ("AS $$\nDECLARE", f"AS $$\nDECLARE\n    stalled text := pg_sleep({stall})::text;")
    for old, new in (stalling, *pairs):
        assert old in text, old
        text = text.replace(old, new)
    owner.execute(text)


def drop(owner: psycopg.Connection, table: str, constraint: str) -> None:
    """Drop a constraint that is a guard."""
    owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


UNGUARDED = (
    (" AND seq = seqs[1]", ""),
    (
        "IF seqs IS DISTINCT FROM ARRAY(\n            SELECT h.seq",
        "IF holders IS DISTINCT FROM ARRAY(\n            SELECT h.id",
    ),
)


def unguard(owner: psycopg.Connection, *, stall: float = 0.05) -> None:
    """Without the holder's guard, and without the gapless numbers of entries, which would catch the same."""
    rewrite_post(owner, *UNGUARDED, stall=stall)
    drop(owner, "rewards_entry", "entry_seq_gapless_start")

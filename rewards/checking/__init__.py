"""Everything the ledger claims, derived again from its rows in one snapshot, set-based and in the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from members.models import Program
from rewards.checking import (
    awards,
    books,
    causes,
    codes,
    households,
    merges,
    plans,
    prizes,
    redemptions,
    seals,
    tenders,
    transfers,
)
from rewards.checking.scans import Fault, Proof, name_faults, prove

__all__ = ["Fault", "Proof", "Report", "run"]

LIMIT = 100
# Large sets on tables that may never have been analyzed: joins by hash, in memory where it fits, on all cores.
SETTINGS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "work_mem": "192MB",
    "enable_nestloop": "off",
    "jit": "off",
    "parallel_leader_participation": "off",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0.01",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What was proved. `faults` is capped per question; `wrong` counts all wrong rows."""

    program: str
    verified: bool
    entries: int
    seconds: float
    proofs: list[Proof]
    faults: list[Fault]
    took: dict[str, float]

    @property
    def wrong(self) -> int:
        return sum(proof.wrong for proof in self.proofs)

    @property
    def speed(self) -> int:
        """Entries a second, all checks together."""
        return round(self.entries / self.seconds) if self.seconds else 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ok": not self.wrong, "wrong": self.wrong, "entries_per_second": self.speed}


def run(*, program: Program | None = None, verify: bool = False, limit: int = LIMIT) -> Report:
    """Check one program or all of them; with `verify` also every digest and seal. At most `limit` faults a question."""
    number = program.pk if program else None
    scans = [
        *books.SCANS,
        *awards.SCANS,
        *merges.SCANS,
        *redemptions.SCANS,
        *households.SCANS,
        *plans.SCANS,
        *codes.SCANS,
        *transfers.SCANS,
        *tenders.SCANS,
        *causes.SCANS,
        *prizes.SCANS,
        *([seals.HEADS] if verify else []),
    ]
    proofs: list[Proof] = []
    faults: list[Fault] = []
    took: dict[str, float] = {}
    begin = time.perf_counter()
    with snapshot() as cursor:
        for scan in scans:
            began = time.perf_counter()
            found = prove(cursor, scan, program=number, verifying=verify)
            took[found[0].key] = round(time.perf_counter() - began, 3)
            wrong = {proof.key for proof in found if proof.wrong}
            for question in scan.questions:
                if question.key in wrong:
                    faults += name_faults(cursor, scan, question, program=number, limit=limit)
            proofs += found
        if verify:
            more, flaws = seals.prove(program=program)
            proofs, faults = proofs + more, faults + flaws[:limit]
    seconds = time.perf_counter() - begin
    entries = next(proof.rows for proof in proofs if proof.key == "entry.seq")
    return Report(program.slug if program else "", verify, entries, seconds, proofs, faults, took)


@contextmanager
def snapshot() -> Iterator[CursorWrapper]:
    """One snapshot that nobody can write in; inside a transaction already begun, that one."""
    begun = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not begun:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in SETTINGS.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield cursor

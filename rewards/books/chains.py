"""A wallet's chain of entries: each one changes the balances, and its digest covers the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from rewards.lots import LotRow, micros
from rewards.policies import Lapse

# Kinds of entries that are activities by themselves.
ACTIVITIES = {"earn": "earn", "bonus": "earn", "spend": "spend"}


@dataclass(slots=True)
class Chain:
    """One wallet. `is_complete` says whether all its open lots were read; movements that choose lots need that."""

    id: int
    program_id: int
    holder_id: int
    unit_id: int
    take_id: Callable[[], int]
    seq: int = 0
    pending: int = 0
    active: int = 0
    reserved: int = 0
    arrears: int = 0
    digest: bytes = b""
    next_due_at: datetime | None = None
    is_new: bool = False
    is_complete: bool = True
    # The next moment of lots that were not read.
    unread_due_at: datetime | None = None
    # Inactivity (9): when everything usable ends, and the policy that pushes this forward; None where it never does.
    lapses_at: datetime | None = None
    lapse: Lapse | None = None
    is_moved: bool = False
    lots: dict[int, LotRow] = field(default_factory=dict)
    entries: list[list[Any]] = field(default_factory=list)
    allocations: list[list[int]] = field(default_factory=list)

    def _enter(
        self,
        kind: str,
        *,
        at: datetime,
        moment: datetime,
        pending: int = 0,
        active: int = 0,
        reserved: int = 0,
        arrears: int = 0,
        lot: LotRow | None = None,
        fact_id: int | None = None,
        order_id: int | None = None,
        mends_id: int | None = None,
    ) -> int:
        """Append one entry to the chain; its id. In the order of columns that rewards/sql/post.sql names."""
        self.is_moved = True
        self.seq += 1
        self.pending += pending
        self.active += active
        self.reserved += reserved
        self.arrears += arrears
        number = self.take_id()
        row = [
            number, self.id, self.seq, kind, at, moment, pending, active, reserved, arrears,
            self.pending, self.active, self.reserved, self.arrears, lot.id if lot else None, fact_id, order_id, mends_id,
        ]  # fmt: skip
        self.digest = sha256(self.digest + _canonical(self.program_id, row, lot).encode()).digest()
        row.append("\\x" + self.digest.hex())
        self.entries.append(row)
        if self.lapse is not None:
            self._note_activity(kind, at, moment, active)
        return number

    def stir(self, activity: str, at: datetime, moment: datetime) -> None:
        """An activity that may push forward when the wallet lapses (9). What was due is settled before."""
        if self.lapse is not None and activity in self.lapse.by:
            self._push(self.lapse, at, moment)

    def lapse_at(self, until: datetime) -> None:
        """The clock runs to this moment."""
        self.lapses_at, self.is_moved = until, True
        if self.active:
            self.next_due_at = min(self.next_due_at or until, until)

    def _note_activity(self, kind: str, at: datetime, moment: datetime, gain: int) -> None:
        assert self.lapse is not None  # noqa: S101 - the caller asked
        if ACTIVITIES.get(kind) in self.lapse.by:
            self._push(self.lapse, at, moment)
        elif gain > 0 and (self.lapses_at is None or self.lapses_at <= at):
            # Whatever becomes usable while no clock runs starts one.
            self.lapses_at = None
            self._push(self.lapse, at, at if kind == "activate" else moment)
        if self.active and self.lapses_at is not None:
            self.next_due_at = min(self.next_due_at or self.lapses_at, self.lapses_at)

    def _push(self, lapse: Lapse, at: datetime, moment: datetime) -> None:
        """Move the end forward. A clock that starts counts from now: what comes late takes nothing that was there."""
        until = lapse.after(at if self.lapses_at is not None else max(at, moment))
        if self.lapses_at is None or self.lapses_at < until:
            self.lapses_at, self.is_moved = until, True

    def _allocate(self, entry: int, lot: LotRow, amount: int) -> None:
        if amount:
            self.allocations.append([entry, lot.id, amount])

    def _use(self, entry: int, parts: Iterable[tuple[LotRow, int]]) -> None:
        """The entry takes these amounts from these lots."""
        for lot, part in parts:
            lot.remaining -= part
            lot.is_changed = True
            self._allocate(entry, lot, part)

    def _active_lots(self) -> list[LotRow]:
        return sorted((lot for lot in self.lots.values() if lot.usable), key=LotRow.order_of_use)


def pick(lots: Iterable[LotRow], amount: int) -> list[tuple[LotRow, int]]:
    """How much to take of which lot, in the order given, until `amount` is reached or nothing is left."""
    picked = []
    for lot in lots:
        if amount <= 0:
            break
        part = min(lot.usable if lot.is_active else lot.remaining, amount)
        picked.append((lot, part))
        amount -= part
    return picked


def _canonical(program_id: int, row: list[Any], lot: LotRow | None) -> str:
    """What the digest of an entry covers: the text of rewards/sql/canonical.sql."""
    (
        _, wallet, seq, kind, at, moment, pending, active, reserved, arrears,
        is_pending, is_active, is_reserved, is_owed, _, fact_id, order_id, mends_id,
    ) = row  # fmt: skip
    born = f"{lot.id}|{lot.granted}|{micros(lot.active_at)}|{micros(lot.expires_at)}" if lot else "|||"
    return (
        f"{program_id}|{wallet}|{seq}|{kind}|{micros(at)}|{micros(moment)}|{pending}|{active}|{reserved}"
        f"|{arrears}|{is_pending}|{is_active}|{is_reserved}|{is_owed}|{born}"
        f"|{'' if fact_id is None else fact_id}|{'' if order_id is None else order_id}"
        f"|{'' if mends_id is None else mends_id}"
    )

"""Wallets in memory. Every movement of points is computed here, on one wallet, and written by rewards.posting.

A book never touches the database: it starts from what was read, applies movements, and keeps the rows to write. It
holds SEMANTICS 4 to 8, 10, 25 and 26; rewards/sql/guards.sql checks the sums again at every commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from rewards.lots import NEVER, LotRow, Reversal, micros


@dataclass(slots=True)
class Book:
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
    is_moved: bool = False
    lots: dict[int, LotRow] = field(default_factory=dict)
    entries: list[list[Any]] = field(default_factory=list)
    allocations: list[list[int]] = field(default_factory=list)

    # --- movements -------------------------------------------------------------------------------------------------

    def settle(self, moment: datetime) -> None:
        """Activate and expire everything due up to `moment`, in the order in which it became due (10)."""
        if self.next_due_at is None or self.next_due_at > moment:
            return
        while True:
            due = [
                lot
                for lot in self.lots.values()
                if lot.due_at is not None and lot.due_at <= moment and lot.remaining
            ]
            if not due:
                break
            lot = min(due, key=lambda each: (each.due_at or NEVER, each.order_of_use()))
            if lot.is_active:
                self._expire(lot, moment)
            else:
                self._activate(lot, moment)
        moments = [lot.due_at for lot in self.lots.values() if lot.remaining and lot.due_at]
        if self.unread_due_at is not None:
            moments.append(self.unread_due_at)
        self.next_due_at = min(moments, default=None)
        self.is_moved = True

    def credit(
        self,
        kind: str,
        amount: int,
        *,
        at: datetime,
        moment: datetime,
        active_at: datetime | None,
        expires_at: datetime | None,
        earned_at: datetime | None = None,
        awaits: str = "",
        terms: str = "",
        fact_id: int | None = None,
        order_id: int | None = None,
        version_id: int | None = None,
        origin_id: int | None = None,
        earner_id: int | None = None,
        mends_id: int | None = None,
    ) -> LotRow:
        """Open a lot of `amount`; what becomes active repays arrears first (26). A lot already past its date is
        expired by the settle() that follows. A lot that comes from
        another (`origin_id`) belongs to the order that earned that (`earner_id`)."""
        is_active = active_at is not None and active_at <= moment
        repaid = min(self.arrears, amount) if is_active else 0
        lot = LotRow(
            id=self.take_id(),
            wallet_id=self.id,
            granted=amount,
            remaining=amount - repaid,
            is_active=is_active,
            earned_at=earned_at or at,
            active_at=active_at,
            expires_at=expires_at,
            awaits=awaits,
            terms=terms,
            fact_id=fact_id,
            order_id=order_id if origin_id is None else earner_id,
            version_id=version_id,
            origin_id=origin_id,
            is_new=True,
        )
        self.lots[lot.id] = lot
        entry = self._enter(
            kind,
            at=at,
            moment=moment,
            pending=0 if is_active else amount,
            active=amount - repaid if is_active else 0,
            arrears=-repaid,
            lot=lot,
            fact_id=fact_id,
            order_id=order_id,
            mends_id=mends_id,
        )
        self._allocate(entry, lot, repaid)
        self._note_due(lot)
        self.settle(moment)
        return lot

    def wake(
        self,
        lot: LotRow,
        *,
        at: datetime,
        moment: datetime,
        active_at: datetime | None,
        expires_at: datetime | None,
        awaits: str,
        fact_id: int,
    ) -> LotRow:
        """The event a lot awaited has come: what remains of it moves to a new lot with its dates set, which is active
        unless its policy makes it wait longer."""
        amount = lot.remaining
        is_active = active_at is not None and active_at <= moment
        repaid = min(self.arrears, amount) if is_active else 0
        awake = LotRow(
            id=self.take_id(),
            wallet_id=self.id,
            granted=amount,
            remaining=amount - repaid,
            is_active=is_active,
            earned_at=lot.earned_at,
            active_at=active_at,
            expires_at=expires_at,
            awaits=awaits,
            terms=lot.terms,
            fact_id=lot.fact_id,
            order_id=lot.order_id,
            version_id=lot.version_id,
            origin_id=lot.id,
            is_new=True,
        )
        self.lots[awake.id] = awake
        entry = self._enter(
            "activate",
            at=at,
            moment=moment,
            pending=-amount if is_active else 0,
            active=amount - repaid if is_active else 0,
            arrears=-repaid,
            lot=awake,
            fact_id=fact_id,
            order_id=lot.order_id,
        )
        self._take(lot, amount)
        self._allocate(entry, lot, amount)
        self._allocate(entry, awake, repaid)
        self._note_due(awake)
        self.settle(moment)
        return awake

    def debit(
        self,
        kind: str,
        amount: int,
        *,
        at: datetime,
        moment: datetime,
        fact_id: int | None,
        order_id: int | None = None,
        mends_id: int | None = None,
    ) -> None:
        """Take `amount` from active lots in order of use. The caller has checked that there is enough."""
        taken = self._pick(self._active_lots(), amount)
        entry = self._enter(
            kind, at=at, moment=moment, active=-amount, fact_id=fact_id, order_id=order_id, mends_id=mends_id
        )
        for lot, part in taken:
            self._take(lot, part)
            self._allocate(entry, lot, part)

    def move(
        self,
        kind: str,
        parts: Sequence[tuple[LotRow, int]],
        *,
        moment: datetime,
        fact_id: int,
        arrears: int = 0,
    ) -> None:
        """Take these amounts from these lots, pending or active, and change the arrears, in one entry."""
        if not parts and not arrears:
            return
        pending = sum(part for lot, part in parts if not lot.is_active)
        entry = self._enter(
            kind,
            at=moment,
            moment=moment,
            pending=-pending,
            active=pending - sum(part for _, part in parts),
            arrears=arrears,
            fact_id=fact_id,
        )
        for lot, part in parts:
            self._take(lot, part)
            self._allocate(entry, lot, part)

    def pay(self, kind: str, amount: int, *, moment: datetime, fact_id: int, room: int | None = None) -> int:
        """Take `amount` from active lots in order of use and owe the rest, at most `room` of it (None: all); how much
        was neither paid nor owed."""
        taken = self._pick(self._active_lots(), amount)
        short = amount - sum(part for _, part in taken)
        owed = short if room is None else min(short, max(0, room))
        self.move(kind, taken, moment=moment, fact_id=fact_id, arrears=owed)
        return short - owed

    def reverse(
        self,
        amount: int,
        *,
        at: datetime,
        moment: datetime,
        fact_id: int,
        order_id: int | None,
        own: Iterable[LotRow],
        ended: int,
        limit: int | None,
        mode: str,
    ) -> Reversal:
        """Take back `amount` (25, 26): from the order's `own` lots, pending then active; what had already ended unused
        (`ended`) is taken from nowhere; then from other active lots in order of use; the rest becomes arrears up to
        `limit` and beyond it is forgiven. `mode` is the unit's shortfall policy."""
        mine = sorted((lot for lot in own if lot.remaining), key=LotRow.order_of_use)
        pending = self._pick([lot for lot in mine if not lot.is_active], amount)
        from_pending = sum(part for _, part in pending)
        active = self._pick([lot for lot in mine if lot.usable], amount - from_pending)
        from_own = from_pending + sum(part for _, part in active)
        from_ended = min(amount - from_own, ended)
        taken_ids = {lot.id for lot, _ in active}
        others = self._pick(
            [lot for lot in self._active_lots() if lot.id not in taken_ids], amount - from_own - from_ended
        )
        from_others = sum(part for _, part in others)
        short = amount - from_own - from_ended - from_others
        room = short if mode == "arrears" and limit is None else max(0, (limit or 0) - self.arrears)
        to_arrears = min(short, room) if mode == "arrears" else 0
        outcome = Reversal(amount, from_own, from_ended, from_others, to_arrears, short - to_arrears)
        self._write_reversal(
            outcome, [*pending, *active, *others], from_pending, at, moment, fact_id, order_id
        )
        return outcome

    def restore(
        self,
        lot: LotRow,
        amount: int,
        *,
        at: datetime,
        moment: datetime,
        fact_id: int,
        order_id: int | None,
        grace_until: datetime | None,
    ) -> None:
        """Give spent points back to the lot they came from, with its old expiry; a lot that has meanwhile ended comes
        back as a new lot usable until `grace_until`, which still belongs to the order that earned it (27). So does one of
        a wallet that was merged into this one, with its old expiry."""
        has_ended = lot.expires_at is not None and lot.expires_at <= moment
        if lot.wallet_id != self.id or has_ended or amount > lot.granted - lot.expired - lot.remaining:
            self.credit(
                "restore",
                amount,
                at=at,
                moment=moment,
                active_at=at,
                expires_at=grace_until if has_ended else lot.expires_at,
                earned_at=lot.earned_at,
                terms=lot.terms,
                fact_id=fact_id,
                order_id=order_id,
                origin_id=lot.id,
                earner_id=lot.order_id,
            )
            return
        repaid = min(self.arrears, amount)
        entry = self._enter(
            "restore",
            at=at,
            moment=moment,
            active=amount - repaid,
            arrears=-repaid,
            fact_id=fact_id,
            order_id=order_id,
        )
        lot.remaining += amount - repaid
        lot.is_changed = True
        self.lots[lot.id] = lot
        self._allocate(entry, lot, repaid - amount)
        self._note_due(lot)

    # --- parts -----------------------------------------------------------------------------------------------------

    def _write_reversal(
        self,
        outcome: Reversal,
        taken: list[tuple[LotRow, int]],
        from_pending: int,
        at: datetime,
        moment: datetime,
        fact_id: int,
        order_id: int | None,
    ) -> None:
        from_active = outcome.from_own - from_pending + outcome.from_others
        short = outcome.to_arrears + outcome.forgiven
        if not taken and not short:
            return
        entry = self._enter(
            "reverse",
            at=at,
            moment=moment,
            pending=-from_pending,
            active=-from_active,
            arrears=short,
            fact_id=fact_id,
            order_id=order_id,
        )
        for lot, part in taken:
            self._take(lot, part)
            self._allocate(entry, lot, part)
        if outcome.forgiven:
            self._enter(
                "forgive",
                at=at,
                moment=moment,
                arrears=-outcome.forgiven,
                fact_id=fact_id,
                order_id=order_id,
                mends_id=entry,
            )

    def _activate(self, lot: LotRow, moment: datetime) -> None:
        repaid = min(self.arrears, lot.remaining)
        entry = self._enter(
            "activate",
            at=lot.active_at or moment,
            moment=moment,
            pending=-lot.remaining,
            active=lot.remaining - repaid,
            arrears=-repaid,
            lot=lot,
            order_id=lot.order_id,
            fact_id=lot.fact_id,
        )
        lot.is_active = lot.is_changed = True
        lot.remaining -= repaid
        self._allocate(entry, lot, repaid)

    def _expire(self, lot: LotRow, moment: datetime) -> None:
        amount = lot.remaining - lot.reserved
        entry = self._enter(
            "expire",
            at=lot.expires_at or moment,
            moment=moment,
            active=-amount,
            fact_id=lot.fact_id,
            order_id=lot.order_id,
        )
        self._take(lot, amount)
        lot.expired += amount
        self._allocate(entry, lot, amount)

    def _note_due(self, lot: LotRow) -> None:
        due = lot.due_at
        if due is not None and lot.remaining and (self.next_due_at is None or due < self.next_due_at):
            self.next_due_at = due

    def _active_lots(self) -> list[LotRow]:
        return sorted((lot for lot in self.lots.values() if lot.usable), key=LotRow.order_of_use)

    @staticmethod
    def _pick(lots: Iterable[LotRow], amount: int) -> list[tuple[LotRow, int]]:
        picked = []
        for lot in lots:
            if amount <= 0:
                break
            part = min(lot.usable if lot.is_active else lot.remaining, amount)
            picked.append((lot, part))
            amount -= part
        return picked

    @staticmethod
    def _take(lot: LotRow, amount: int) -> None:
        lot.remaining -= amount
        lot.is_changed = True

    def _allocate(self, entry: int, lot: LotRow, amount: int) -> None:
        if amount:
            self.allocations.append([entry, lot.id, amount])

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
        """Append one entry to the chain; its digest covers the previous one and the canonical text."""
        self.is_moved = True
        self.seq += 1
        self.pending += pending
        self.active += active
        self.reserved += reserved
        self.arrears += arrears
        born = (
            (lot.id, lot.granted, micros(lot.active_at), micros(lot.expires_at)) if lot else ("", "", "", "")
        )
        canonical = (
            f"{self.program_id}|{self.id}|{self.seq}|{kind}|{micros(at)}|{micros(moment)}|{pending}|{active}|{reserved}"
            f"|{arrears}|{self.pending}|{self.active}|{self.reserved}|{self.arrears}|{born[0]}|{born[1]}|{born[2]}"
            f"|{born[3]}|{'' if fact_id is None else fact_id}|{'' if order_id is None else order_id}"
            f"|{'' if mends_id is None else mends_id}"
        )
        self.digest = sha256(self.digest + canonical.encode()).digest()
        number = self.take_id()
        # In the order of columns that rewards/sql/post.sql names.
        self.entries.append(
            [
                number,
                self.id,
                self.seq,
                kind,
                at,
                moment,
                pending,
                active,
                reserved,
                arrears,
                self.pending,
                self.active,
                self.reserved,
                self.arrears,
                lot.id if lot else None,
                fact_id,
                order_id,
                mends_id,
                "\\x" + self.digest.hex(),
            ]
        )
        return number

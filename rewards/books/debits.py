"""What lowers a balance: spends, moves and reversals, taken from lots in order of use (5, 25, 26)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rewards.books.chains import pick
from rewards.books.dues import Dues
from rewards.lots import LotRow, Reversal

Parts = list[tuple[LotRow, int]]


class Debits(Dues):
    __slots__ = ()

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
    ) -> Parts:
        """Take `amount` from active lots in order of use; which lots and how much of each. The caller has checked that
        there is enough."""
        taken = pick(self._active_lots(), amount)
        entry = self._enter(
            kind, at=at, moment=moment, active=-amount, fact_id=fact_id, order_id=order_id, mends_id=mends_id
        )
        self._use(entry, taken)
        return taken

    def take(self, kind: str, amount: int, *, moment: datetime, fact_id: int) -> Parts:
        """As debit(), and which lots it took from, how much of each."""
        parts = pick(self._active_lots(), amount)
        self.move(kind, parts, moment=moment, fact_id=fact_id)
        return parts

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
        self._use(entry, parts)

    def pay(self, kind: str, amount: int, *, moment: datetime, fact_id: int, room: int | None = None) -> int:
        """Take `amount` from active lots in order of use and owe the rest, at most `room` of it (None: all); how much
        was neither paid nor owed."""
        taken = pick(self._active_lots(), amount)
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
        pending = pick([lot for lot in mine if not lot.is_active], amount)
        from_pending = _sum(pending)
        active = pick([lot for lot in mine if lot.usable], amount - from_pending)
        from_own = from_pending + _sum(active)
        from_ended = min(amount - from_own, ended)
        taken_ids = {lot.id for lot, _ in active}
        others = pick(
            [lot for lot in self._active_lots() if lot.id not in taken_ids], amount - from_own - from_ended
        )
        from_others = _sum(others)
        short = amount - from_own - from_ended - from_others
        room = short if mode == "arrears" and limit is None else max(0, (limit or 0) - self.arrears)
        to_arrears = min(short, room) if mode == "arrears" else 0
        outcome = Reversal(amount, from_own, from_ended, from_others, to_arrears, short - to_arrears)
        taken = [*pending, *active, *others]
        if taken or short:
            self._write_reversal(outcome, taken, from_pending, at, moment, fact_id, order_id)
        return outcome

    def _write_reversal(
        self,
        outcome: Reversal,
        taken: Parts,
        from_pending: int,
        at: datetime,
        moment: datetime,
        fact_id: int,
        order_id: int | None,
    ) -> None:
        entry = self._enter(
            "reverse",
            at=at,
            moment=moment,
            pending=-from_pending,
            active=from_pending - outcome.from_own - outcome.from_others,
            arrears=outcome.to_arrears + outcome.forgiven,
            fact_id=fact_id,
            order_id=order_id,
        )
        self._use(entry, taken)
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


def _sum(parts: Parts) -> int:
    return sum(part for _, part in parts)

"""What happens to lots by themselves: they become usable and they end, in the order in which that falls due (10)."""

from __future__ import annotations

from datetime import datetime

from rewards.books.chains import Chain
from rewards.lots import NEVER, LotRow


class Dues(Chain):
    __slots__ = ()

    def settle(self, moment: datetime) -> None:
        """Activate and expire everything due up to `moment`, in the order in which it became due (10)."""
        if self.next_due_at is None or self.next_due_at > moment:
            return
        while due := [lot for lot in self.lots.values() if _is_due(lot, moment)]:
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
        lot.is_active = True
        self._use(entry, [(lot, repaid)])

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
        lot.expired += amount
        self._use(entry, [(lot, amount)])

    def _note_due(self, lot: LotRow) -> None:
        due = lot.due_at
        if due is not None and lot.remaining and (self.next_due_at is None or due < self.next_due_at):
            self.next_due_at = due


def _is_due(lot: LotRow, moment: datetime) -> bool:
    return lot.due_at is not None and lot.due_at <= moment and lot.remaining > 0

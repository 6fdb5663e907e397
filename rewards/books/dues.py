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
        while True:
            due = [lot for lot in self.lots.values() if _is_due(lot, moment)]
            lot = min(due, key=lambda each: (each.due_at or NEVER, each.order_of_use()), default=None)
            if self._lapses_before(lot.due_at if lot else None, moment):
                self._end_all(moment)
            elif lot is None:
                break
            elif lot.is_active:
                self._expire(lot, lot.expires_at or moment, moment)
            else:
                self._activate(lot, moment)
        moments = [lot.due_at for lot in self.lots.values() if lot.remaining and lot.due_at]
        moments += [each for each in (self.unread_due_at, self.lapses_at if self.active else None) if each]
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

    def _lapses_before(self, due_at: datetime | None, moment: datetime) -> bool:
        """Whether the wallet lapses before the next of its lots falls due."""
        if not self.active or self.lapses_at is None or self.lapses_at > moment:
            return False
        return due_at is None or self.lapses_at < due_at

    def _end_all(self, moment: datetime) -> None:
        """For so long nobody did anything: what is usable ends (9). Where the policy is gone, only its date does."""
        at, self.lapses_at = self.lapses_at, None
        if self.lapse is not None:
            for lot in self._active_lots():
                self._expire(lot, at or moment, moment)

    def _expire(self, lot: LotRow, at: datetime, moment: datetime) -> None:
        amount = lot.remaining - lot.reserved
        entry = self._enter(
            "expire",
            at=at,
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

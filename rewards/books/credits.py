"""What raises a balance: credits open lots, awaited ones wake, spent points come back. All repay arrears first (26)."""

from __future__ import annotations

from datetime import datetime

from rewards.books.dues import Dues
from rewards.lots import LotRow


class Credits(Dues):
    __slots__ = ()

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
        expired by the settle() that follows. A lot that comes from another (`origin_id`) belongs to the order that earned
        that (`earner_id`)."""
        earner_id = order_id if origin_id is None else earner_id
        lot = LotRow(
            self.take_id(), self.id, amount, amount, _has_come(active_at, moment), earned_at or at, active_at, expires_at,
            awaits=awaits, terms=terms, fact_id=fact_id, order_id=earner_id, version_id=version_id, origin_id=origin_id,
        )  # fmt: skip
        repaid = self._open(lot)
        entry = self._enter(
            kind,
            at=at,
            moment=moment,
            pending=0 if lot.is_active else amount,
            active=lot.remaining if lot.is_active else 0,
            arrears=-repaid,
            lot=lot,
            fact_id=fact_id,
            order_id=order_id,
            mends_id=mends_id,
        )
        self._allocate(entry, lot, repaid)
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
        awake = LotRow(
            self.take_id(), self.id, amount, amount, _has_come(active_at, moment), lot.earned_at, active_at, expires_at,
            awaits=awaits, terms=lot.terms, fact_id=lot.fact_id, order_id=lot.order_id, version_id=lot.version_id,
            origin_id=lot.id,
        )  # fmt: skip
        repaid = self._open(awake)
        entry = self._enter(
            "activate",
            at=at,
            moment=moment,
            pending=-amount if awake.is_active else 0,
            active=awake.remaining if awake.is_active else 0,
            arrears=-repaid,
            lot=awake,
            fact_id=fact_id,
            order_id=lot.order_id,
        )
        self._use(entry, [(lot, amount)])
        self._allocate(entry, awake, repaid)
        self.settle(moment)
        return awake

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
        self.lots[lot.id] = lot
        self._use(entry, [(lot, repaid - amount)])
        self._note_due(lot)

    def _open(self, lot: LotRow) -> int:
        """Take up a new lot; how much of it repays arrears."""
        repaid = min(self.arrears, lot.granted) if lot.is_active else 0
        lot.is_new = True
        lot.remaining = lot.granted - repaid
        self.lots[lot.id] = lot
        self._note_due(lot)
        return repaid


def _has_come(active_at: datetime | None, moment: datetime) -> bool:
    return active_at is not None and active_at <= moment

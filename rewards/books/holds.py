"""Points that are held: reserved in their lots, then spent or released. Held points do not end (6, 13, 38)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rewards.books.chains import pick
from rewards.books.credits import Credits
from rewards.lots import LotRow

Part = tuple[LotRow, int]


class Holds(Credits):
    __slots__ = ()

    def reserve(
        self, amount: int, *, moment: datetime, fact_id: int, order_id: int | None = None
    ) -> list[Part]:
        """Hold `amount` of active lots in order of use; which lots and how much of each. The caller has checked that
        there is enough."""
        parts = pick(self._active_lots(), amount)
        entry = self._enter(
            "reserve", at=moment, moment=moment, active=-amount, reserved=amount, fact_id=fact_id, order_id=order_id
        )  # fmt: skip
        self._hold(entry, parts)
        return parts

    def confirm(
        self,
        parts: Sequence[Part],
        *,
        moment: datetime,
        fact_id: int,
        order_id: int | None = None,
        kind: str = "spend",
    ) -> None:
        """Spend what is held of these lots."""
        entry = self._enter(
            kind,
            at=moment,
            moment=moment,
            reserved=-sum(part for _, part in parts),
            fact_id=fact_id,
            order_id=order_id,
        )
        for lot, part in parts:
            lot.reserved -= part
        self._use(entry, parts)

    def release(
        self,
        parts: Sequence[Part],
        *,
        moment: datetime,
        fact_id: int,
        order_id: int | None = None,
        grace_until: datetime | None = None,
    ) -> None:
        """Give back what is held of these lots: it repays arrears first (26), and of a lot past its date it ends at
        once (13). With `grace_until` the failure was ours: what ends comes back as a new lot usable until then."""
        owed = min(self.arrears, sum(part for _, part in parts))
        free: list[Part] = []
        for lot, part in parts:
            repaid = min(owed, part)
            owed -= repaid
            if repaid:
                self._repay(lot, repaid, moment, fact_id, order_id)
            if part > repaid:
                free.append((lot, part - repaid))
        if free:
            amount = sum(part for _, part in free)
            entry = self._enter(
                "release", at=moment, moment=moment, active=amount, reserved=-amount, fact_id=fact_id, order_id=order_id
            )  # fmt: skip
            self._hold(entry, [(lot, -part) for lot, part in free])
        self.settle(moment)
        if grace_until is not None:
            self._return_ended(free, moment, fact_id, grace_until)

    def _repay(self, lot: LotRow, amount: int, moment: datetime, fact_id: int, order_id: int | None) -> None:
        """An entry of its own: held points that make up for a shortfall never become usable in between."""
        entry = self._enter(
            "reverse", at=moment, moment=moment, reserved=-amount, arrears=-amount, fact_id=fact_id, order_id=order_id
        )  # fmt: skip
        lot.reserved -= amount
        self._use(entry, [(lot, amount)])

    def _return_ended(self, parts: Sequence[Part], moment: datetime, fact_id: int, until: datetime) -> None:
        for lot, part in parts:
            if lot.expires_at is not None and lot.expires_at <= moment:
                self.credit(
                    "reinstate",
                    part,
                    at=moment,
                    moment=moment,
                    active_at=moment,
                    expires_at=until,
                    earned_at=lot.earned_at,
                    terms=lot.terms,
                    fact_id=fact_id,
                    origin_id=lot.id,
                )

    def _hold(self, entry: int, parts: Sequence[Part]) -> None:
        for lot, part in parts:
            lot.reserved += part
            lot.is_changed = True
            self._note_due(lot)
            self._allocate(entry, lot, part)

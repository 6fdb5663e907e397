"""A small ledger in plain Python, written from SEMANTICS alone: what the real one is compared with.

Three units: `points` (1 per 1.00, 20 days, arrears without limit), `stamps` (one per piece, usable after 5 days, never
end, shortfalls are forgiven) and `credit` (5 % back in cents, to the end of the month, arrears up to 50).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.rewards.model.wallets import ASKED, GRACE, NEVER, UNITS, Lot, Wallet, dates, midnight_after


def half_even(amount: int, part: int, whole: int) -> int:
    quotient, rest = divmod(amount * part, whole)
    return quotient + (rest * 2 > whole or (rest * 2 == whole and quotient % 2))


@dataclass(eq=False)
class Line:
    sku: str
    quantity: int
    amount: int
    returned: int = 0

    @property
    def kept(self) -> int:
        return half_even(self.amount, self.quantity - self.returned, self.quantity)


@dataclass(eq=False)
class Order:
    member: str
    at: datetime
    lines: list[Line]
    is_paid: bool
    is_cancelled: bool = False
    refunded: int = 0
    # What the order gave and what of it is reversed, by unit.
    net: dict[str, tuple[int, int]] = field(default_factory=dict)
    absorbed: dict[str, int] = field(default_factory=dict)
    spent: dict[str, list[tuple[Lot, int]]] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    # What tenders paid of it, and what of that a change gave back, by unit: one ledger unit is worth one minor unit.
    paid: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)

    def left(self) -> list[int]:
        """What of each line's amount has not come back: refunds of amounts shrink all in proportion (24)."""
        kept = [line.kept for line in self.lines]
        refund = min(self.refunded, sum(kept))
        shares = [refund * one // sum(kept) if sum(kept) else 0 for one in kept]
        order = sorted(range(len(kept)), key=lambda n: (-(refund * kept[n] % (sum(kept) or 1)), n))
        for n in order[: refund - sum(shares)]:
            shares[n] += 1
        return [one - share for one, share in zip(kept, shares, strict=True)]

    def price(self) -> dict[str, int]:
        left = self.left()
        pieces = sum(
            line.quantity - line.returned for line, amount in zip(self.lines, left, strict=True) if amount > 0
        )
        return {"points": sum(left) // 100, "stamps": pieces, "credit": sum(left) * 5 // 100}

    def gross(self) -> dict[str, int]:
        whole = [Line(line.sku, line.quantity, line.amount) for line in self.lines]
        return Order(self.member, self.at, whole, True).price()


class Ledger:
    """Everything one program knows; `now` only moves forward."""

    def __init__(self) -> None:
        self.wallets: dict[tuple[str, str], Wallet] = {}
        self.orders: dict[str, Order] = {}

    def wallet(self, member: str, unit: str) -> Wallet:
        return self.wallets.setdefault((member, unit), Wallet(unit))

    def settle(self, now: datetime) -> None:
        for wallet in self.wallets.values():
            wallet.settle(now)

    def settle_of(self, member: str, now: datetime) -> None:
        """All wallets of a member: who is guarded is brought up to date whole."""
        for (holder, _unit), wallet in self.wallets.items():
            if holder == member:
                wallet.settle(now)

    def order(
        self, name: str, member: str, at: datetime, lines: list[Line], is_paid: bool, now: datetime
    ) -> None:
        order = self.orders[name] = Order(member, at, lines, is_paid)
        self._post(order, now)

    def order_with(
        self, name: str, member: str, lines: list[Line], now: datetime, unit: str, amount: int
    ) -> bool:
        """An order that points pay in part: they go before it earns, or there is no order."""
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        if wallet.active < amount:
            return False
        order = self.orders[name] = Order(member, now, lines, True, paid={unit: amount})
        order.spent[unit] = wallet.take(amount)
        self._post(order, now)
        return True

    def pay(self, name: str, at: datetime, now: datetime) -> None:
        order = self.orders[name]
        if order.is_paid or order.is_cancelled:
            return
        order.is_paid = True
        self._wake(order, at, now)

    def _wake(self, order: Order, at: datetime, now: datetime) -> None:
        for unit in UNITS:
            wallet = self.wallet(order.member, unit)
            for lot in [
                lot for lot in wallet.lots if lot.order is order and lot.awaits_payment and lot.remaining
            ]:
                wallet.settle(now)
                amount, lot.remaining = lot.remaining, 0
                active_at = max(dates(unit, order.at)[0], at)
                ends = dates(unit, active_at)[1]
                wallet.open(
                    amount, now, earned_at=lot.earned_at, active_at=active_at, expires_at=ends, order=order
                )

    def change(self, name: str, lines: list[Line], is_paid: bool, at: datetime, now: datetime) -> None:
        order = self.orders[name]
        if order.is_cancelled:
            return
        came_back: dict[str, int] = {}
        for line in order.lines:
            came_back[line.sku] = came_back.get(line.sku, 0) + line.returned
        for line in lines:
            line.returned = min(line.quantity, came_back.get(line.sku, 0))
            came_back[line.sku] = came_back.get(line.sku, 0) - line.returned
        was_paid, order.is_paid, order.lines = order.is_paid, order.is_paid or is_paid, lines
        excess = sum(order.paid.values()) - sum(order.cut.values()) - order.total
        for unit, paid in order.paid.items():
            order.cut[unit] = order.cut.get(unit, 0) + max(0, min(excess, paid - order.cut.get(unit, 0)))
        self._finish(order, now)
        if order.is_paid and not was_paid:
            self._wake(order, at, now)

    def bring_back(self, name: str, sku: str, quantity: int, now: datetime) -> int:
        order = self.orders[name]
        if order.is_cancelled:
            return quantity
        rest = self._match(order, sku, quantity)
        self._finish(order, now)
        return rest

    def refund(self, name: str, amount: int, now: datetime) -> None:
        order = self.orders[name]
        if not order.is_cancelled:
            order.refunded += amount
            self._finish(order, now)

    def bring_back_unnamed(self, member: str, sku: str, quantity: int, at: datetime, now: datetime) -> int:
        mine = [(order.at, number, order) for number, order in enumerate(self.orders.values())
                if order.member == member and order.at <= at and not order.is_cancelled]  # fmt: skip
        touched = []
        for _at, _number, order in sorted(mine, reverse=True):
            before = quantity
            quantity = self._match(order, sku, quantity)
            if quantity < before:
                touched.append(order)
        for order in touched:
            self._finish(order, now)
        return quantity

    def cancel(self, name: str, now: datetime) -> None:
        order = self.orders[name]
        if not order.is_cancelled:
            for line in order.lines:
                line.returned = line.quantity
            order.is_cancelled = True
            self._finish(order, now)

    def spend(self, member: str, unit: str, amount: int, now: datetime, name: str = "") -> bool:
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        if wallet.active < amount:
            return False
        taken = wallet.take(amount)
        if name:
            self.orders[name].spent.setdefault(unit, []).extend(taken)
        return True

    def hold(self, member: str, unit: str, amount: int, now: datetime) -> list[tuple[Lot, int]] | None:
        """What is held is still in its lots, and does not end (13)."""
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        if wallet.active < amount:
            return None
        parts = wallet.take(amount)
        for lot, part in parts:
            lot.remaining += part
            lot.reserved += part
        return parts

    def release(self, member: str, unit: str, parts: list[tuple[Lot, int]], now: datetime) -> None:
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        for lot, part in parts:
            repaid = min(wallet.arrears, part)  # 26
            wallet.arrears -= repaid
            lot.remaining -= repaid
            lot.reserved -= part
        wallet.settle(now)

    def transfer(self, sender: str, recipient: str, unit: str, amount: int, now: datetime) -> bool:
        source, target = self.wallet(sender, unit), self.wallet(recipient, unit)
        source.settle(now)
        target.settle(now)
        if source.active < amount:
            return False
        fresh = dates(unit, now)[1] if unit != "stamps" else None
        for lot, part in source.take(amount):
            ends = min((each for each in (lot.expires_at, fresh) if each), default=None)  # 14
            target.open(part, now, earned_at=lot.earned_at, active_at=now, expires_at=ends, order=None)
        return True

    def donate(self, member: str, amount: int, now: datetime) -> bool:
        """What is given is gone for the member; only the cause has it (14)."""
        wallet = self.wallet(member, "points")
        wallet.settle(now)
        if wallet.active < amount:
            return False
        wallet.take(amount)
        return True

    def receive(
        self, sender: str, recipient: str, unit: str, parts: list[tuple[Lot, int]], now: datetime
    ) -> None:
        """What was held for the recipient goes over (14)."""
        source, target = self.wallet(sender, unit), self.wallet(recipient, unit)
        source.settle(now)
        target.settle(now)
        fresh = dates(unit, now)[1] if unit != "stamps" else None
        for lot, part in parts:
            lot.reserved -= part
            lot.remaining -= part
            ends = min((each for each in (lot.expires_at, fresh) if each), default=None)
            target.open(part, now, earned_at=lot.earned_at, active_at=now, expires_at=ends, order=None)

    def merge(self, kept: str, gone: str, now: datetime) -> None:
        """Everything of the one becomes the other's: lots with their dates, orders, what is owed."""
        for unit in UNITS:
            source, target = self.wallet(gone, unit), self.wallet(kept, unit)
            source.settle(now)
            target.settle(now)
            for lot in sorted((lot for lot in source.lots if lot.remaining), key=Lot.rank):
                amount, lot.remaining = lot.remaining, 0
                target.open(
                    amount, now, earned_at=lot.earned_at, active_at=lot.active_at, expires_at=lot.expires_at,
                    order=lot.order, awaits_payment=lot.awaits_payment,
                )  # fmt: skip
            target.former += [*source.lots, *source.former]
            paid = sum(part for _lot, part in target.take(source.arrears))
            target.arrears += source.arrears - paid
            self.wallets[gone, unit] = target
        for order in self.orders.values():
            if order.member == gone:
                order.member = kept

    def offers(self, member: str, unit: str, now: datetime) -> list[Lot]:
        """What ended within the days of grace, once (11); the latest end first."""
        tick = timedelta(microseconds=1)
        found = [
            lot
            for lot in self.wallet(member, unit).lots
            if lot.expired
            and not lot.was_given_back
            and lot.expires_at is not None
            and now < midnight_after(lot.expires_at - tick, ASKED)
        ]
        return sorted(found, key=lambda lot: (lot.expires_at or NEVER, lot.number), reverse=True)

    def reinstate(self, member: str, unit: str, lot: Lot, now: datetime) -> None:
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        lot.was_given_back = True
        ends = midnight_after(now, ASKED)
        new = wallet.open(
            lot.expired, now, earned_at=lot.earned_at, active_at=now, expires_at=ends, order=lot.order
        )
        new.was_given_back = True

    def adjust(self, member: str, unit: str, amount: int, now: datetime) -> bool:
        if amount < 0:
            return self.spend(member, unit, -amount, now)
        wallet = self.wallet(member, unit)
        wallet.settle(now)
        wallet.open(amount, now, earned_at=now, active_at=now, expires_at=dates(unit, now)[1], order=None)
        return True

    # --- parts ------------------------------------------------------------------------------------------------

    @staticmethod
    def _match(order: Order, sku: str, quantity: int) -> int:
        for line in order.lines:
            if line.sku == sku:
                part = min(quantity, line.quantity - line.returned)
                line.returned += part
                quantity -= part
        return quantity

    def _finish(self, order: Order, now: datetime) -> None:
        self._post(order, now)
        returned = order.total - sum(order.left())
        for unit, parts in order.spent.items():
            wallet = self.wallet(order.member, unit)
            spent, done = sum(part for _lot, part in parts), order.restored.get(unit, 0)
            cut = order.cut.get(unit, 0)
            wanted = cut - (-(spent - cut) * returned // order.total)  # 28
            if wanted > done:
                order.restored[unit] = wanted
                wallet.settle(now)
                self.restore(wallet, parts, done, wanted, now)

    @staticmethod
    def restore(
        wallet: Wallet,
        parts: list[tuple[Lot, int]],
        done: int,
        wanted: int,
        now: datetime,
        *,
        grace: int = GRACE,
    ) -> None:
        passed = 0
        for lot, part in reversed(parts):  # 27: last taken first
            give = min(wanted, passed + part) - max(done, passed)
            passed += part
            if give <= 0:
                continue
            has_ended = lot.expires_at is not None and lot.expires_at <= now
            if has_ended or lot not in wallet.lots or give > lot.granted - lot.expired - lot.remaining:
                wallet.open(
                    give, now, earned_at=lot.earned_at, active_at=now, order=lot.order,
                    expires_at=midnight_after(now, grace) if has_ended else lot.expires_at,
                )  # fmt: skip
            else:
                repaid = min(wallet.arrears, give)
                wallet.arrears -= repaid
                lot.remaining += give - repaid

    def _post(self, order: Order, now: datetime) -> None:
        """Bring every unit to what the order should have given: max(0, awarded − …) of 24."""
        left, gross = order.price(), order.gross()
        for unit in sorted(UNITS):
            reversal = max(0, gross[unit] - left[unit])
            target, before = (gross[unit], reversal), order.net.get(unit, (0, 0))
            if target == before or (sum(target) == 0 and unit not in order.net):
                continue
            change = (target[0] - target[1]) - (before[0] - before[1])
            order.net[unit] = target
            wallet = self.wallet(order.member, unit)
            wallet.settle(now)
            if change < 0:
                wallet.reverse(-change, order)
            if change <= 0:
                continue
            active_at, ends = dates(unit, order.at)
            if order.is_paid:
                wallet.open(
                    change, now, earned_at=order.at, active_at=active_at, expires_at=ends, order=order
                )
            else:
                wallet.open(
                    change, now, earned_at=order.at, active_at=None, expires_at=None, order=order,
                    awaits_payment=True,
                )  # fmt: skip

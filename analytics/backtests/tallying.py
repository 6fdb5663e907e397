"""From a folded member to figures: what each world gave, by day, store, category, tier and rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from analytics.backtests import sums
from analytics.backtests.changes import Sides
from analytics.backtests.folding import Deed, Folded, World
from analytics.backtests.stories import Bought
from analytics.backtests.sums import Sums

# Without a store or a category, as a key of JSON.
NONE = ""
TIER, BUDGET, OTHER = "tier", "budget", "other"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member's line of the result; values in 1/scale minor units."""

    member_id: int
    orders: int
    before: int
    after: int
    tier_before: str
    tier_after: str


@dataclass(slots=True)
class Tally:
    """The figures of one chunk."""

    sides: Sides
    until: datetime
    sums: Sums = field(default_factory=Sums)
    rows: list[MemberRow] = field(default_factory=list)
    rules: dict[int, list[int]] = field(default_factory=dict)
    # By (day, store, tier, whether it is an order): how many, basis, margin, given at once before and after, and net of what
    # came back before and after. One place for each order; days, stores and tiers are made of it at the end.
    cells: dict[tuple[date, int | None, str, bool], list[int]] = field(default_factory=dict)

    def close(self) -> None:
        """Everybody is counted."""
        total = self.sums
        total.rules = {str(rule): row for rule, row in self.rules.items()}
        for (day, store, tier, is_order), row in self.cells.items():
            count, basis, margin, once, then, before, after = row
            orders = count if is_order else 0
            total.orders += orders
            total.events += count - orders
            total.basis += basis
            total.margin += margin
            sums.add(total.days, day.isoformat(), (orders, basis, once, then, before, after))
            sums.add(total.tiers, tier, (orders, basis, margin, before, after))
            if is_order:
                total.sold[day.isoformat()] = total.sold.get(day.isoformat(), 0) + then
                sums.add(total.stores, str(store or NONE), (orders, basis, margin, before, after))

    def add(self, member: Folded) -> None:
        """Count one member."""
        before = after = orders = 0
        for deed in member.deeds:
            values = self._deed(deed)
            before += values[0]
            after += values[1]
            orders += isinstance(deed.what, Bought)
        before -= member.before.paid
        after -= member.after.paid
        if self.sides.is_expiry_changed:
            # As in the cost of all: only what ends besides what ended anyway.
            after -= self._worth(self._ended(member.after)) - self._worth(self._ended(member.before))
        self.hold(member.before, member.after)
        total = self.sums
        total.members += bool(member.deeds)
        tiers = member.tiers
        if member.deeds or tiers[0] != tiers[1]:
            key = f"{tiers[0]}>{tiers[1]}"
            total.moves[key] = total.moves.get(key, 0) + 1
        if member.deeds or before != after or tiers[0] != tiers[1]:
            self.rows.append(MemberRow(member.id, orders, before, after, *tiers))

    def _deed(self, deed: Deed) -> tuple[int, int]:
        """What it gave in each world, net of what came back."""
        what, was, will = deed.what, deed.before, deed.after
        before, after = self._worth(was.left), self._worth(will.left)
        # Of most orders nothing came back: then both are one.
        once = before if was.left is was.pricing.totals else self._worth(was.pricing.totals)
        then = after if will.left is will.pricing.totals else self._worth(will.pricing.totals)
        total = self.sums
        _add_all(total.before, was.left)
        _add_all(total.after, will.left)
        _add_all(total.real, what.real)
        self._rules(deed)
        basis, margin, store = 0, 0, None
        is_order = isinstance(what, Bought)
        if isinstance(what, Bought):
            basis, margin, store = what.basis, what.margin or 0, what.store_id
            total.unknown_margin += what.margin is None
            self._categories(what, margin, before, after)
        key = (deed.day, store, deed.tier, is_order)
        row = self.cells.get(key)
        if row is None:
            row = self.cells[key] = [0, 0, 0, 0, 0, 0, 0]
        for place, value in enumerate((1, basis, margin, once, then, before, after)):
            row[place] += value
        if what.real != was.left:
            self._compare(deed)
        return before, after

    def _compare(self, deed: Deed) -> None:
        """Whether the replay of what was says what the ledger says, and if not, why."""
        real, told = deed.what.real, deed.before.left
        if all(real.get(key, 0) == told.get(key, 0) for key in {*real, *told}):
            return
        why = OTHER
        if isinstance(deed.what, Bought) and deed.what.tier != deed.before.context.tier:
            why = TIER
        elif any(award.rule_id in self.sides.budgets for award in deed.before.pricing.awards):
            why = BUDGET
        self.sums.unlike[why] = self.sums.unlike.get(why, 0) + 1

    def _categories(self, order: Bought, margin: int, before: int, after: int) -> None:
        """Spread over the lines by what of them earns; the parts add up to the whole."""
        lines, rows, basis = order.lines, self.sums.categories, order.basis
        if not lines:
            return
        if len(lines) == 1 or basis <= 0:
            sums.add(rows, lines[0].category, (1, basis, margin, before, after))
            return
        seen = first = second = third = 0
        for line in lines:
            seen += line.basis_minor
            one, two, three = margin * seen // basis, before * seen // basis, after * seen // basis
            row = rows.get(line.category)
            if row is None:
                row = rows[line.category] = [0, 0, 0, 0, 0]
            row[0] += 1
            row[1] += line.basis_minor
            row[2] += one - first
            row[3] += two - second
            row[4] += three - third
            first, second, third = one, two, three

    def _rules(self, deed: Deed) -> None:
        """What each rule gave at once, before anything came back."""
        weights, rows, budgets = self.sides.weights, self.rules, self.sides.budgets
        for place, priced in ((0, deed.before), (2, deed.after)):
            for award in priced.pricing.awards:
                awarded = award.awarded
                if not awarded:
                    continue
                rule = award.rule_id
                row = rows.get(rule)
                if row is None:
                    row = rows[rule] = [0, 0, 0, 0]
                row[place] += 1
                row[place + 1] += awarded * weights[award.unit]
                if rule in budgets:
                    days = self.sums.budgets.setdefault(str(rule), {})
                    days.setdefault(deed.day.isoformat(), [0, 0])[place // 2] += awarded

    def hold(self, before: World, after: World) -> None:
        """Count what somebody, or a household, holds in the end, paid, and lacked."""
        total = self.sums
        for place, world in enumerate((before, after)):
            held = {unit: purse.held(self.until) for unit, purse in world.purses.items()}
            total.held[place] += self._worth(held)
            total.ended[place] += self._worth(self._ended(world))
            total.paid[place] += world.paid
        # What would lack that did not lack before.
        total.lacking[0] += max(0, after.times_lacking - before.times_lacking)
        total.lacking[1] += max(0, after.lacking - before.lacking)

    def _ended(self, world: World) -> dict[str, int]:
        return {unit: purse.ended(self.until) for unit, purse in world.purses.items()}

    def _worth(self, amounts: Mapping[str, int]) -> int:
        weights, worth = self.sides.weights, 0
        for unit, amount in amounts.items():
            worth += amount * weights[unit]
        return worth


def _add_all(total: dict[str, int], amounts: Mapping[str, int]) -> None:
    for unit, amount in amounts.items():
        if amount:
            total[unit] = total.get(unit, 0) + amount

"""What an import did, in figures: tallies of parts add up to the tally of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from rewards.intake.items import CancelIn, Item, OrderIn, Outcome, PaidIn, ReturnIn


@dataclass(slots=True)
class Tally:
    """`orders` are those that were taken, now or before: recorded, repeated and waiting add up to all items taken.
    Revenue is what the lines of these orders cost. `points` and `reversed_points` are of this run, by unit.

    Of the `return_lines`, `unmatched_lines` were not covered by earlier purchases and `partly_matched_lines` not
    wholly; lines of returns without a member are counted apart and match nothing."""

    rows: int = 0
    orders: int = 0
    anonymous_orders: int = 0
    lines: int = 0
    revenue_minor: int = 0
    anonymous_revenue_minor: int = 0
    returns: int = 0
    anonymous_returns: int = 0
    return_lines: int = 0
    unmatched_lines: int = 0
    partly_matched_lines: int = 0
    anonymous_return_lines: int = 0
    payments: int = 0
    cancellations: int = 0
    recorded: int = 0
    repeated: int = 0
    waiting: int = 0
    rejected_orders: int = 0
    rejected_rows: int = 0
    points: Counter[str] = field(default_factory=Counter)
    reversed_points: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        for each in fields(self):
            # Counter's own += drops what is not above zero and is slow; update() adds.
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, each.name, mine + theirs)

    def count(self, item: Item, outcome: Outcome | None) -> None:
        """One item that was taken; without an outcome (a dry run) only what the file says is counted."""
        if isinstance(item, OrderIn):
            self._count_order(item)
        elif isinstance(item, ReturnIn):
            self.returns += 1
            if item.member is None and not item.order:
                self.anonymous_returns += 1
                self.anonymous_return_lines += len(item.lines)
            else:
                self.return_lines += len(item.lines)
        elif isinstance(item, PaidIn):
            self.payments += 1
        elif isinstance(item, CancelIn):
            self.cancellations += 1
        if outcome is not None:
            self._count_outcome(outcome)

    def _count_order(self, item: OrderIn) -> None:
        total = sum([line.amount_minor for line in item.lines])
        self.orders += 1
        self.lines += len(item.lines)
        if item.member is None:
            self.anonymous_orders += 1
            self.anonymous_revenue_minor += total
        else:
            self.revenue_minor += total

    def _count_outcome(self, outcome: Outcome) -> None:
        if outcome.status == "repeated":
            self.repeated += 1
            return
        if outcome.status == "waiting":
            self.waiting += 1
        else:
            self.recorded += 1
        self.points.update(outcome.awarded)
        self.reversed_points.update(outcome.reversed)

    def reject(self, *, rows: int, code: str) -> None:
        self.rejected_orders += 1
        self.rejected_rows += rows
        self.rejected[code] += rows

"""What an import did, in figures: tallies of parts add up to the tally of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit.formats import format_money, format_number
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


@dataclass(slots=True)
class Report:
    """The whole import. `customers` are the members who have orders of this source afterwards."""

    tally: Tally
    currency: str
    members_created: int
    customers: int
    seconds: float
    is_dry_run: bool
    unused_columns: tuple[str, ...]
    rejected_file: str

    @property
    def rate(self) -> float:
        return self.tally.rows / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        found: dict[str, Any] = {each.name: getattr(self.tally, each.name) for each in fields(self.tally)}
        found = {name: dict(value) if isinstance(value, Counter) else value for name, value in found.items()}
        return found | {
            "member_orders": self.tally.orders - self.tally.anonymous_orders,
            "matched_lines": self.tally.return_lines
            - self.tally.unmatched_lines
            - self.tally.partly_matched_lines,
            "members_created": self.members_created,
            "customers": self.customers,
            "currency": self.currency,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rate),
            "dry_run": self.is_dry_run,
            "unused_columns": list(self.unused_columns),
            "rejected_file": self.rejected_file,
        }

    def lines(self) -> list[tuple[str, str]]:
        """The same for people: what it is, how much."""
        tally = self.tally
        found = [
            (_("rows"), format_number(tally.rows)),
            (
                _("orders"),
                _("%(all)s with %(lines)s lines, %(anonymous)s of them without a member")
                % {
                    "all": format_number(tally.orders),
                    "lines": format_number(tally.lines),
                    "anonymous": format_number(tally.anonymous_orders),
                },
            ),
            (
                _("revenue"),
                _("%(members)s of members, %(anonymous)s without a member")
                % {
                    "members": format_money(tally.revenue_minor, self.currency),
                    "anonymous": format_money(tally.anonymous_revenue_minor, self.currency),
                },
            ),
            (
                _("returns"),
                _(
                    "%(all)s with %(lines)s lines, %(none)s of them not covered by earlier purchases, %(part)s in part"
                )
                % {
                    "all": format_number(tally.returns),
                    "lines": format_number(tally.return_lines),
                    "none": format_number(tally.unmatched_lines),
                    "part": format_number(tally.partly_matched_lines),
                },
            ),
            (
                _("returns without a member"),
                format_number(tally.anonymous_returns),
            ),
            (_("recorded"), format_number(tally.recorded)),
            (_("there before"), format_number(tally.repeated)),
            (_("waiting for their order"), format_number(tally.waiting)),
            (_("members created"), format_number(self.members_created)),
        ]
        for unit, amount in sorted(tally.points.items()):
            taken = tally.reversed_points.get(unit, 0)
            text = _("%(given)s given, %(taken)s taken back")
            found.append((unit, text % {"given": format_number(amount), "taken": format_number(taken)}))
        found += [
            (_("set aside: %(reason)s") % {"reason": reason}, format_number(n))
            for reason, n in sorted(tally.set_aside.items())
        ]
        found += [
            (_("rejected: %(reason)s") % {"reason": code}, format_number(n))
            for code, n in sorted(tally.rejected.items())
        ]
        if self.unused_columns:
            found.append((_("columns not used"), ", ".join(self.unused_columns)))
        if tally.rejected_rows:
            found.append((_("rejected rows are in"), self.rejected_file))
        rate = format_number(round(self.rate))
        found.append(
            (
                _("time"),
                _("%(seconds).1f s, %(rate)s rows a second") % {"seconds": self.seconds, "rate": rate},
            )
        )
        return [(name, value) for name, value in found if value != "0"]

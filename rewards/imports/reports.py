"""What is said when an import has ended: to people in lines, to programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit.formats import format_money, format_number
from rewards.imports.tallies import Tally


@dataclass(slots=True)
class Report:
    """The whole import. `customers` are the members who have orders of this source afterwards; `precisions` are the
    decimals of the program's units."""

    tally: Tally
    currency: str
    precisions: Mapping[str, int]
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
        """Everything, ready for JSON; points in ledger units, money in minor units."""
        tally = self.tally
        found: dict[str, Any] = {each.name: getattr(tally, each.name) for each in fields(tally)}
        found = {name: dict(value) if isinstance(value, Counter) else value for name, value in found.items()}
        return found | {
            "member_orders": tally.orders - tally.anonymous_orders,
            "matched_lines": tally.return_lines - tally.unmatched_lines - tally.partly_matched_lines,
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
        """What it is and how much; what is nothing is left out."""
        found = [*self._facts(), *self._points(), *self._oddities()]
        return [(name, value) for name, value in found if value != format_number(0)]

    def _facts(self) -> Iterator[tuple[str, str]]:
        tally = self.tally
        yield _("rows"), format_number(tally.rows)
        text = _("%(all)s with %(lines)s lines, %(anonymous)s of them without a member")
        yield (
            _("orders"),
            _filled(text, all=tally.orders, lines=tally.lines, anonymous=tally.anonymous_orders),
        )
        of_members = format_money(tally.revenue_minor, self.currency)
        of_others = format_money(tally.anonymous_revenue_minor, self.currency)
        text = _("%(members)s of members, %(others)s of orders without a member")
        yield _("revenue"), text % {"members": of_members, "others": of_others}
        if tally.returns:
            text = _("%(all)s, %(anonymous)s of them without a member")
            yield _("returns"), _filled(text, all=tally.returns, anonymous=tally.anonymous_returns)
            text = _("%(all)s of members, %(part)s bought before only in part and %(none)s not at all")
            yield (
                _("lines brought back"),
                _filled(
                    text, all=tally.return_lines, part=tally.partly_matched_lines, none=tally.unmatched_lines
                ),
            )
        yield _("payments"), format_number(tally.payments)
        yield _("cancellations"), format_number(tally.cancellations)
        yield _("recorded"), format_number(tally.recorded)
        yield _("there before"), format_number(tally.repeated)
        yield _("waiting for their order"), format_number(tally.waiting)
        yield _("members created"), format_number(self.members_created)

    def _points(self) -> Iterator[tuple[str, str]]:
        for unit, amount in sorted(self.tally.points.items()):
            digits = self.precisions.get(unit, 0)
            given = format_number(Decimal(amount).scaleb(-digits), decimals=digits)
            taken = format_number(
                Decimal(self.tally.reversed_points.get(unit, 0)).scaleb(-digits), decimals=digits
            )
            yield unit, _("%(given)s given, %(taken)s taken back") % {"given": given, "taken": taken}

    def _oddities(self) -> Iterator[tuple[str, str]]:
        for reason, rows in sorted(self.tally.set_aside.items()):
            yield _("set aside: %(reason)s") % {"reason": reason}, format_number(rows)
        for code, rows in sorted(self.tally.rejected.items()):
            yield _("rejected: %(reason)s") % {"reason": code}, format_number(rows)
        if self.rejected_file:
            yield _("rejected rows are in"), self.rejected_file
        if self.unused_columns:
            yield _("columns not used"), ", ".join(self.unused_columns)
        text = _("%(seconds).1f s, %(rate)s rows a second")
        yield _("time"), text % {"seconds": self.seconds, "rate": format_number(round(self.rate))}


def _filled(text: str, **numbers: int) -> str:
    return text % {name: format_number(number) for name, number in numbers.items()}

"""Rows of one order are put together while they stand close to each other; no more than a window is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from rewards.imports.tables import Row

# How many orders are open at once: rows of an order may be mixed with those of a few others.
OPEN = 16
MOST_ROWS = 10_000
# Characters of an order: whatever a file holds, the open ones fit into memory.
MOST_TEXT = 4 << 20
REMEMBERED = 50_000

# Line number of the row to blame, stable code, reason.
Fault = tuple[int, str, str]


@dataclass(slots=True)
class Group:
    """The rows of one order: their line numbers and cells, `size` characters in all. A `fault` refuses all of them."""

    key: str
    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    fault: Fault | None = None
    size: int = 0


class Refusals:
    """Orders that were refused, so that no later part of them passes for the whole; the oldest are forgotten."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, int] = OrderedDict()

    def add(self, key: str, number: int) -> None:
        if key:
            self._rows.setdefault(key, number)
            if len(self._rows) > REMEMBERED:
                self._rows.popitem(last=False)

    def fault_of(self, key: str) -> Fault | None:
        number = self._rows.get(key)
        if number is None:
            return None
        return number, "order_refused", _("row %(row)d of this order was rejected") % {"row": number}


class Grouping:
    """`key_of(cells)` names the order a row belongs to; "" is refused."""

    def __init__(self, key_of: Callable[[list[str]], str]) -> None:
        self.key_of = key_of
        self.open: OrderedDict[str, Group] = OrderedDict()
        self.refusals = Refusals()
        # The last unreadable row, until its neighbour below has been told.
        self.torn: Fault | None = None

    def groups(self, rows: Iterable[Row]) -> Iterator[Group]:
        """The orders, each when the window has passed it."""
        above: Group | None = None
        for number, cells, damage in rows:
            key = self.key_of(cells)
            if damage or not key:
                self.torn = _beside(number)
                if above is not None:
                    above.fault = above.fault or self.torn
                yield self._torn_row(key, number, cells, damage)
                continue
            group = self.open.get(key)
            if group is None:
                if len(self.open) >= OPEN:
                    yield self._close()
                group = self.open[key] = Group(key, fault=self.refusals.fault_of(key))
            group.numbers.append(number)
            group.rows.append(cells)
            group.size += len("".join(cells))
            if self.torn:
                group.fault, self.torn = group.fault or self.torn, None
            if len(group.rows) > MOST_ROWS or group.size > MOST_TEXT:
                group.fault = group.fault or _too_many(number)
                self.open.move_to_end(key, last=False)
                yield self._close()
            above = group
        while self.open:
            yield self._close()

    def _close(self) -> Group:
        key, group = self.open.popitem(last=False)
        group.fault = group.fault or self.refusals.fault_of(key)
        if group.fault:
            self.refusals.add(key, group.fault[0])
        return group

    def _torn_row(self, key: str, number: int, cells: list[str], damage: str) -> Group:
        self.refusals.add(key, number)
        code, reason = ("row_unreadable", damage) if damage else ("order_missing", _("it names no order"))
        return Group(key, [number], [cells], (number, code, reason), sum(map(len, cells)))


def _beside(number: int) -> Fault:
    return (
        number,
        "row_beside",
        _("row %(row)d beside it cannot be read and may belong to it") % {"row": number},
    )


def _too_many(number: int) -> Fault:
    return (
        number,
        "too_many_rows",
        _("an order has at most %(most)s rows and four million characters") % {"most": f"{MOST_ROWS:,}"},
    )

"""The first rows of a file as an import would take them, with the points they would earn now. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from django.utils.translation import gettext as _
from django_scopes import scope

from members.models import Order, OrderState, Program, Store
from rewards import intake
from rewards.imports import runs
from rewards.imports.canonical import Profile, RowRefused, Terms
from rewards.imports.groups import Group, Grouping
from rewards.imports.sources import SourceTooLong, opened
from rewards.imports.tables import Row, Table
from rewards.intake.items import CancelIn, Item, OrderIn, PaidIn, ReturnIn

# So many rows are checked, of so many orders the points are told.
ROWS = 2_000
# Of no more bytes, unpacked: a page waits for them.
BYTES = 16 << 20
ORDERS = 8
FAULTS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One order, return or payment as it would be taken; points in ledger units, money in minor units. With a `fault`
    the intake would refuse it."""

    row: int
    kind: str
    number: str
    at: datetime
    who: str
    lines: int
    total_minor: int | None
    points: dict[str, int]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    row: int
    reason: str


@dataclass(slots=True)
class Preview:
    """`rows` were looked at, all of the file unless `is_cut`; `faulty_rows` of them would be rejected."""

    rows: int = 0
    orders: int = 0
    faulty_rows: int = 0
    is_cut: bool = False
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The names of the columns and the first rows."""

    header: list[str]
    rows: list[list[str]]


def head_of(*, path: str, encoding: str | None, count: int = 5) -> Head:
    """What the file looks like. Raises SourceUnreadable."""
    with opened(path, encoding=encoding, most=BYTES) as source:
        table = Table(source.lines)
        rows, _is_cut = _first(table, count)
        return Head(table.header, [cells for _number, cells, _fault in rows])


def look(*, program: Program, wish: runs.Wish, now: datetime) -> Preview:
    """Read the first rows as the import would. Raises SourceUnreadable when the file cannot be read like this."""
    found = Preview()
    with scope(program=program), opened(wish.path, encoding=wish.encoding, most=BYTES) as source:
        table = Table(source.lines, delimiter=wish.delimiter)
        terms = Terms(
            wish.source, program.zone, program.currency, wish.date_format, wish.days, wish.region, wish.store
        )
        profile = runs.PROFILES[wish.profile](table.header, mapping=wish.mapping, terms=terms)
        found.unused = profile.layout.unused
        stores = set(Store.objects.filter(program=program).values_list("code", flat=True))
        for group in _groups(profile, table, found):
            _take(found, program, wish, profile, group, stores, now)
    return found


def _groups(profile: Profile, table: Table, found: Preview) -> Iterator[Group]:
    """The orders of the first rows. One that is cut off by their end is not judged."""
    first, found.is_cut = _first(table, ROWS)
    found.rows = len(first)
    groups = list(Grouping(profile.key).groups(iter(first)))
    yield from groups[:-1] if found.is_cut and len(groups) > 1 else groups


def _first(table: Table, most: int) -> tuple[list[Row], bool]:
    """The first rows, as far as a page reads, and whether there are more."""
    found: list[Row] = []
    try:
        found.extend(islice(table.rows(), most + 1))
    except SourceTooLong:
        if not found:
            raise
        return found, True
    return found[:most], len(found) > most


def _take(
    found: Preview,
    program: Program,
    wish: runs.Wish,
    profile: Profile,
    group: Group,
    stores: set[str],
    now: datetime,
) -> None:
    try:
        item = profile.item(group) if group.fault is None else group.fault[2]
    except RowRefused as refused:
        _refuse(found, group, group.numbers[refused.row], refused.message)
        return
    if group.fault is not None:
        _refuse(found, group, group.fault[0], group.fault[2])
        return
    if isinstance(item, str):
        return
    found.orders += isinstance(item, OrderIn)
    if len(found.lines) < ORDERS:
        line = _line(program, wish, item, group.numbers[0], stores, now)
        found.lines.append(line)
        if line.fault:
            _refuse(found, group, line.row, line.fault)


def _refuse(found: Preview, group: Group, row: int, reason: str) -> None:
    found.faulty_rows += len(group.rows)
    if len(found.faults) < FAULTS:
        found.faults.append(Fault(row, reason))


def _line(program: Program, wish: runs.Wish, item: Item, row: int, stores: set[str], now: datetime) -> Line:
    who = item.member.value if isinstance(item, OrderIn | ReturnIn) and item.member else ""
    count = len(item.lines) if isinstance(item, OrderIn | ReturnIn) else 0
    if not isinstance(item, OrderIn):
        return Line(row, _kind(item), item.external_id, item.occurred_at, who, count, _refunded(item), {})
    total = sum(line.amount_minor for line in item.lines)
    if _is_known(program, item):
        return Line(row, _("there before:"), item.external_id, item.occurred_at, who, count, total, {})
    asked = item
    if wish.creates_stores and item.store not in stores:
        # The import would create it; a preview cannot.
        asked = replace(item, store="")
    outcome = intake.preview(program=program, item=asked, now=now).outcome
    points = {key: amount for key, amount in outcome.awarded.items() if amount}
    fault = outcome.message if outcome.status == "refused" else ""
    return Line(row, _kind(item), item.external_id, item.occurred_at, who, count, total, points, fault)


def _is_known(program: Program, item: OrderIn) -> bool:
    """Whether this order was recorded before: then it earns nothing again."""
    found = Order.objects.filter(program=program, source=item.source, external_id=item.external_id)
    return found.exclude(state=OrderState.AWAITED).exists()


def _kind(item: Item) -> str:
    if isinstance(item, OrderIn):
        return _("order") if item.is_paid else _("order, not paid")
    if isinstance(item, ReturnIn):
        return _("return")
    if isinstance(item, PaidIn):
        return _("payment")
    return _("cancellation") if isinstance(item, CancelIn) else ""


def _refunded(item: Item) -> int | None:
    if not isinstance(item, ReturnIn):
        return None
    return -(
        item.amount_minor if item.amount_minor is not None else sum(line.amount_minor for line in item.lines)
    )

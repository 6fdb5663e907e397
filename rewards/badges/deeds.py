"""What counts: an order as it stands after returns, or a custom event; and what of it a goal takes (SEMANTICS 17, 29)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Collection, Field
from rewards import offers
from rewards.engine.facts import Line, Occasion
from rewards.engine.fields import LINE, OccasionRegistry

if TYPE_CHECKING:
    from rewards.badges.goals import Goal

PLACES = Decimal("0.0001")
MOST = Decimal(10**12)
DEED = OccasionRegistry("deed", now="local")


@dataclass(frozen=True, slots=True)
class Deed:
    """`anchor` is the id of the order or of the event's fact; `lines` are what is left of an order and counts."""

    anchor: int
    member_id: int
    occasion: Occasion
    lines: tuple[Line, ...] = ()

    @property
    def at(self) -> datetime:
        return self.occasion.occurred_at

    @property
    def local(self) -> datetime:
        return self.occasion.local

    @property
    def total(self) -> int:
        return sum(line.basis_minor for line in self.lines)

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Share:
    """What one deed brings to one goal; `key` is what must differ where different ones are counted, `team` for whom it is
    where teams do it together."""

    anchor: int
    at: datetime
    value: Decimal
    key: str = ""
    team: str = ""


def register() -> None:
    """Fill the registry; called by the app's ready(), and harmless when repeated. Nothing here may ask what can change
    after the deed: neither the member nor the tier."""
    if DEED.field("order.total"):
        return
    DEED.add(
        Field("order.total", conditions.MONEY, _("order total"), "total"),
        Field("order.quantity", conditions.INTEGER, _("number of items"), "quantity"),
        Field("order.channel", conditions.TEXT, _("channel"), attrgetter("occasion.channel")),
        Field(
            "order.store", conditions.TEXT, _("store"), attrgetter("occasion.store"), choices=offers.stores
        ),
        Field("order.weekday", conditions.INTEGER, _("day of the week"), _weekday, choices=offers.weekdays),
        Field("order.hour", conditions.INTEGER, _("hour of the day"), attrgetter("local.hour")),
        Collection("lines", _("lines"), LINE, "lines"),
    )
    DEED.open_fields = [
        ("data.text.", _("text of the event")),
        ("data.number.", _("number of the event")),
        ("data.flag.", _("yes or no of the event")),
    ]


def _weekday(deed: Any) -> int:
    weekday: int = deed.local.isoweekday()
    return weekday


def shares(goal: Goal, deed: Deed) -> Iterator[Share]:
    """What the deed brings to the goal; nothing where it does not count for it."""
    kind = deed.occasion.kind
    if (kind != goal.event if goal.event else kind != "order") or not goal.admits(deed.at):
        return
    if goal.where is not None and not goal.where(deed):
        return
    lines = deed.lines if goal.of_lines is None else tuple(line for line in deed.lines if goal.of_lines(line))
    if goal.event or lines:
        for key, value in _values(goal, deed, lines):
            if value > 0:
                yield Share(deed.anchor, deed.at, value, key)


def _values(goal: Goal, deed: Deed, lines: tuple[Line, ...]) -> Iterator[tuple[str, Decimal]]:
    counted = goal.counted
    if counted == "days":
        yield deed.local.date().isoformat(), Decimal(1)
    elif counted == "stores":
        if deed.occasion.store:
            yield deed.occasion.store, Decimal(1)
    elif counted == "categories":
        for category in sorted({line.category for line in lines if line.category}):
            yield category, Decimal(1)
    elif counted == "spend":
        yield "", Decimal(sum(line.basis_minor for line in lines))
    elif counted == "items":
        yield "", Decimal(sum(line.quantity for line in lines))
    elif counted == "sum":
        yield "", number_of(deed.occasion.data, goal.field)
    else:
        yield "", Decimal(1)


def number_of(data: Mapping[str, object], name: str) -> Decimal:
    """A number of an event's data, to four places; 0 where there is none that can be counted."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return Decimal(0)
    found = Decimal(str(value))
    if not found.is_finite() or not 0 < found <= MOST:
        return Decimal(0)
    return found.quantize(PLACES, ROUND_HALF_EVEN)

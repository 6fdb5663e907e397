"""What a badge asks, read from its definition: what is counted, within which time, and how much of it each level needs.

{"count": "orders" | "spend" | "items" | "days" | "stores" | "categories" | "events" | "sum",
 "event": "run", "field": "km",                       for events, days of events and sums of a number in their data
 "lines": {…}, "where": {…},                          trees of conditions over one line, over the order or event
 "window": {"kind": "ever"}, {"kind": "calendar", "unit": "month", "repeats": true}, {"kind": "days", "count": 30},
           {"kind": "joining", "days": 30},
 "streak": {"unit": "week", "each": 3},               then the targets are lengths: so many weeks with 3 each
 "group": {"by": "all" | "stores" | "tags" | "households", "tags": ["red", "blue"], "least": "5"},
                                                      then a team reaches the targets, and whoever brought at least so much
                                                      of it wins
 "levels": [{"key": "bronze", "target": 5, "names": {"en": "Bronze"}, "prizes": […]}]}
Money is in minor units; targets of sums may have decimals, as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from rewards.badges.deeds import DEED
from rewards.badges.prizes import Prize, read_prizes
from rewards.engine.definitions import Part
from rewards.engine.fields import LINE

COUNTS = ("orders", "spend", "items", "days", "stores", "categories", "events", "sum")
# Of these it counts how many different ones there are.
DISTINCT = frozenset({"days", "stores", "categories"})
OF_EVENTS = frozenset({"events", "sum"})
OF_ORDERS = frozenset({"orders", "spend", "items", "stores", "categories"})
WINDOWS = ("ever", "calendar", "days", "joining")
UNITS = ("day", "week", "month", "quarter", "year")
GROUPS = ("all", "stores", "tags", "households")
# What teams can do together adds up.
SUMS = frozenset({"orders", "spend", "items", "events", "sum"})
MOST_LEVELS, MOST_TEAMS, LONGEST_TAG, LONGEST_WINDOW, MOST = 12, 20, 64, 3660, 10**12
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?", re.ASCII)

type Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Level:
    key: str
    target: Decimal
    names: Mapping[str, str]
    prizes: tuple[Prize, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """`unit` of a calendar window, `days` of a rolling one or after joining; `repeats`: it can be won in each period."""

    kind: str = "ever"
    unit: str = ""
    days: int = 0
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Streak:
    """Periods one after the other, each with at least `each`."""

    unit: str
    each: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """Who does it together: everybody, those who buy in one store, who bear one of these `tags` (the first that fits), or
    a household. Who brought at least `least` has a part in what the team reaches."""

    by: str
    least: Decimal
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """`opens_at` and `closes_at` are those of a challenge: nothing outside counts."""

    counted: str
    event: str
    field: str
    of_lines: Test | None
    where: Test | None
    window: Window
    streak: Streak | None
    levels: tuple[Level, ...]
    zone: ZoneInfo
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    group: Group | None = None

    @property
    def is_of_events(self) -> bool:
        return bool(self.event)

    @property
    def is_distinct(self) -> bool:
        return self.counted in DISTINCT

    @property
    def is_money(self) -> bool:
        """Whether values and targets are minor units; the targets of a streak are lengths."""
        return self.counted == "spend" and self.streak is None

    def admits(self, moment: datetime) -> bool:
        return (self.opens_at is None or moment >= self.opens_at) and (
            self.closes_at is None or moment < self.closes_at
        )


def parse(
    definition: object, *, zone: ZoneInfo, opens_at: datetime | None = None, closes_at: datetime | None = None
) -> Goal:
    """Raises RuleError with the path of what cannot be."""
    part = Part(definition)
    counted = part.choice("count", COUNTS)
    event = part.text("event") if part.has("event") else ""
    if counted in OF_EVENTS and not event:
        part.refuse("event", _("An event needs its kind."))
    if counted in OF_ORDERS and event:
        part.refuse("event", _("This is counted of orders."))
    name = part.text("field") if counted == "sum" else ""
    lines = _tree(part, "lines", LINE)
    if lines is not None and (event or counted in OF_EVENTS):
        part.refuse("lines", _("Events have no lines."))
    where = _tree(part, "where", DEED)
    window = _window(part.part("window")) if part.has("window") else Window()
    streak = _streak(part.part("streak")) if part.has("streak") else None
    if streak is not None and window.kind != "ever":
        part.refuse("window", _("A row of days, weeks or months has no other time."))
    levels = _levels(part, is_whole=counted != "sum" or streak is not None)
    group = _group(part.part("group")) if part.has("group") else None
    if group is not None and (counted not in SUMS or streak is not None or window.kind != "ever"):
        part.refuse(
            "group.by",
            _("Together only what adds up counts: orders, spend, items or events, and no other time."),
        )
    if group is not None and group.by == "stores" and event:
        part.refuse("group.by", _("Events have no store."))
    part.close()
    return Goal(
        counted,
        event,
        name,
        lines,
        where,
        window,
        streak,
        levels,
        zone,
        opens_at=opens_at,
        closes_at=closes_at,
        group=group,
    )


def _tree(part: Part, name: str, registry: conditions.Registry) -> Test | None:
    if not part.has(name):
        return None
    try:
        condition = conditions.parse(part.value(name), registry)
    except conditions.ConditionError as error:
        part.refuse(name, str(error))
    if condition.is_relative:
        # The answer must not change by itself: what was counted stays counted.
        part.refuse(name, _("Conditions of a badge may not ask about days from now."))
    return None if condition.is_trivial else condition.predicate()


def _window(part: Part) -> Window:
    kind = part.choice("kind", WINDOWS)
    unit, days, repeats = "", 0, False
    if kind == "calendar":
        unit, repeats = part.choice("unit", UNITS), part.flag("repeats")
    elif kind == "days":
        days = part.whole("count", least=1, most=LONGEST_WINDOW)
    elif kind == "joining":
        days = part.whole("days", least=1, most=LONGEST_WINDOW)
    part.close()
    return Window(kind, unit, days, repeats)


def _streak(part: Part) -> Streak:
    unit = part.choice("unit", UNITS)
    each = _target(part, "each", is_whole=False) if part.has("each") else Decimal(1)
    part.close()
    return Streak(unit, each)


def _group(part: Part) -> Group:
    by = part.choice("by", GROUPS)
    least = _target(part, "least", is_whole=False) if part.has("least") else Decimal(1)
    tags: tuple[str, ...] = ()
    if by == "tags":
        found = part.value("tags")
        if not isinstance(found, list) or not 2 <= len(set(map(str, found))) == len(found) <= MOST_TEAMS:
            part.refuse("tags", _("Name 2 to %(most)s teams, each once."), most=MOST_TEAMS)
        if not all(isinstance(tag, str) and 1 <= len(tag) <= LONGEST_TAG for tag in found):
            part.refuse("tags", _("A tag has between 1 and 64 characters and no comma."))
        tags = tuple(found)
    part.close()
    return Group(by, least, tags)


def _levels(part: Part, *, is_whole: bool) -> tuple[Level, ...]:
    found: list[Level] = []
    items = part.items("levels")
    if len(items) > MOST_LEVELS:
        part.refuse("levels", _("At most %(most)s levels."), most=MOST_LEVELS)
    for path, item in items:
        one = Part(item, path)
        key = one.text("key")
        if not KEY.fullmatch(key) or len(key) > 40 or any(level.key == key for level in found):
            one.refuse("key", _("Small letters, digits and hyphens, each level another key."))
        target = _target(one, "target", is_whole=is_whole)
        if found and target <= found[-1].target:
            one.refuse("target", _("Each level needs more than the one before."))
        names = one.value("names") or {}
        if not isinstance(names, Mapping) or not all(isinstance(text, str) for text in names.values()):
            one.refuse("names", _("Give a text per language."))
        prizes = read_prizes(one)
        one.close()
        found.append(Level(key, target, dict(names), prizes))
    return tuple(found)


def _target(part: Part, name: str, *, is_whole: bool) -> Decimal:
    value = part.value(name)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not 0 < Decimal(text) <= MOST:
        part.refuse(name, _("Give a positive number."))
    found = Decimal(text)
    if is_whole and found != found.to_integral_value():
        part.refuse(name, _("Give a whole number."))
    return found

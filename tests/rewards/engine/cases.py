"""One case for every amount, cap period, group mode, window and override: plain data for every path to an award.

Each case is a sequence of orders (or events) of one member. `given` is what each rule awards, in ledger units;
`left` is what remains of the order in each unit once the items at the positions `returned` have come back, priced
with what was known at its moment. Moments are local times of the program, whose zone is UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ORDER = {"on": "order"}
ONE_PER_MAJOR = {"kind": "per_amount", "points": "1", "per_minor": 100}
MUGS = {"field": "category", "op": "=", "value": "mugs"}


@dataclass(frozen=True)
class Item:
    amount_minor: int
    category: str = "mugs"
    quantity: int = 1
    sku: str = "sku-1"
    is_paid_by_reward: bool = False


@dataclass(frozen=True)
class Order:
    at: str
    items: tuple[Item, ...]
    given: Mapping[str, int]
    returned: tuple[int, ...] = (1,)
    left: Mapping[str, int] = field(default_factory=dict)
    cut: Mapping[str, str] = field(default_factory=dict)
    store: str = "north"
    channel: str = "till"
    kind: str = "order"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`rules` maps keys to definitions, whose trigger (order) and unit (points) may be left out; their ids follow
    the order of the mapping. `units` maps keys to precision and cap per order in ledger units."""

    name: str
    semantics: int
    rules: Mapping[str, Mapping[str, Any]]
    orders: tuple[Order, ...]
    units: Mapping[str, tuple[int, int | None]] = field(default_factory=lambda: {"points": (0, None)})
    tier: str = ""
    multipliers: Mapping[str, str] = field(default_factory=dict)
    member: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    # How much each terms text gets of the first order, where lots of their own are what the case is about.
    lots: Mapping[str, int] | None = None


def fixed(points: str, **others: Any) -> dict[str, Any]:
    return {"amount": {"kind": "fixed", "points": points}, **others}


def base(**others: Any) -> dict[str, Any]:
    return {"amount": ONE_PER_MAJOR, **others}


NOON = "2026-02-02T12:00"  # a Monday
TWO = (Item(6000), Item(4000, category="tea"))

AMOUNTS = (
    Case(
        "per amount, exact",
        19,
        {"base": base()},
        (Order(NOON, (Item(1080), Item(4000)), {"base": 50}, returned=(2,), left={"points": 10}),),
    ),
    Case(
        "per amount, whole steps of the whole order",
        18,
        {"base": {"amount": {"kind": "per_amount", "points": "5", "per_minor": 1000, "steps": "whole"}}},
        (Order(NOON, (Item(1999), Item(1999)), {"base": 15}, returned=(2,), left={"points": 5}),),
    ),
    Case(
        "per amount of a fraction of a point",
        19,
        {"base": {"amount": {"kind": "per_amount", "points": "0.5", "per_minor": 300}}},
        (Order(NOON, (Item(1000), Item(1000)), {"base": 3}, left={"points": 1}),),
    ),
    Case(
        "per order",
        18,
        {"ten": {"amount": {"kind": "per_order", "points": "10"}}},
        (Order(NOON, TWO, {"ten": 10}, returned=(2,), left={"points": 10}),),
    ),
    Case(
        "per visit: once a day in each store",
        18,
        {"visit": {"amount": {"kind": "per_visit", "points": "1"}}},
        (
            Order("2026-02-02T09:00", TWO, {"visit": 1}, returned=(1, 2)),
            Order("2026-02-02T18:00", TWO, {}, returned=(1, 2)),
            Order("2026-02-02T19:00", TWO, {"visit": 1}, store="south", left={"points": 1}),
            Order("2026-02-03T09:00", TWO, {"visit": 1}, left={"points": 1}),
        ),
    ),
    Case(
        "per item of the matching lines",
        18,
        {"stamp": {"amount": {"kind": "per_item", "points": "1"}, "lines": MUGS, "unit": "stamps"}},
        (Order(NOON, (Item(900, quantity=3), Item(400, "tea", 2)), {"stamp": 3}),),
        units={"stamps": (0, None)},
    ),
    Case(
        "a line paid by a reward and one of zero net give no stamp",
        17,
        {"stamp": {"amount": {"kind": "per_item", "points": "1"}, "unit": "stamps"}},
        (Order(NOON, (Item(500), Item(500, is_paid_by_reward=True), Item(0)), {"stamp": 1}),),
        units={"stamps": (0, None)},
    ),
    Case(
        "an order of nothing but free lines is no order",
        17,
        {"ten": {"amount": {"kind": "per_order", "points": "10"}}},
        (Order(NOON, (Item(500, is_paid_by_reward=True),), {}),),
    ),
    Case(
        "percent back",
        18,
        {"back": {"amount": {"kind": "percent", "percent": "2.5"}, "unit": "credit"}},
        (Order(NOON, (Item(1999), Item(1000)), {"back": 74}, left={"credit": 25}),),
        units={"credit": (2, None)},
    ),
    Case(
        "fixed",
        18,
        {"bonus": fixed("50")},
        (Order(NOON, TWO, {"bonus": 50}, left={"points": 50}),),
    ),
    Case(
        "fixed, with a precision of the unit",
        1,
        {"bonus": fixed("1.25")},
        (Order(NOON, TWO, {"bonus": 125}, left={"points": 125}),),
        units={"points": (2, None)},
    ),
    Case(
        "multiplier on all rules of the unit",
        19,
        {"base": base(), "double": {"amount": {"kind": "multiplier", "factor": "2"}}},
        (Order(NOON, TWO, {"base": 100, "double": 100}, left={"points": 80}),),
    ),
    Case(
        "multiplier on named rules and some lines",
        19,
        {
            "base": base(),
            "items": {"amount": {"kind": "per_item", "points": "3"}},
            "mugs": {"amount": {"kind": "multiplier", "factor": "1.5", "of": ["base"]}, "lines": MUGS},
        },
        (Order(NOON, TWO, {"base": 100, "items": 6, "mugs": 30}, left={"points": 43}),),
    ),
    Case(
        "multiplier without a filter on a rule with one, on whole steps",
        19,
        {
            "steps": {
                "amount": {"kind": "per_amount", "points": "5", "per_minor": 1000, "steps": "whole"},
                "lines": MUGS,
            },
            "half": {"amount": {"kind": "multiplier", "factor": "1.5"}},
        },
        (Order(NOON, TWO, {"steps": 30, "half": 15}, returned=(2,), left={"points": 45}),),
    ),
    Case(
        "multiplier stands first by priority and is still reckoned after its rule",
        19,
        {"triple": {"amount": {"kind": "multiplier", "factor": "3"}, "priority": 9}, "base": base()},
        (Order(NOON, TWO, {"triple": 200, "base": 100}, returned=(2,), left={"points": 180}),),
    ),
    Case(
        "no multiplier on order bonuses",
        19,
        {"bonus": fixed("7"), "double": {"amount": {"kind": "multiplier", "factor": "2"}}},
        (Order(NOON, TWO, {"bonus": 7}, left={"points": 7}),),
    ),
)

TIERS = (
    Case(
        "tier multiplies per-amount awards only",
        19,
        {"base": base(), "bonus": fixed("5"), "items": {"amount": {"kind": "per_item", "points": "1"}}},
        (Order(NOON, (Item(1080),), {"base": 16, "bonus": 5, "items": 1}),),
        tier="gold",
        multipliers={"points": "3/2"},
    ),
    Case(
        "tier multiplies line multipliers of per-amount rules",
        19,
        {"base": base(), "double": {"amount": {"kind": "multiplier", "factor": "2"}}},
        (Order(NOON, TWO, {"base": 150, "double": 150}, left={"points": 120}),),
        tier="gold",
        multipliers={"points": "1.5"},
    ),
    Case(
        "tier of another unit changes nothing",
        19,
        {"back": {"amount": {"kind": "percent", "percent": "5"}, "unit": "credit"}},
        (Order(NOON, TWO, {"back": 500}, left={"credit": 200}),),
        units={"credit": (2, None), "points": (0, None)},
        tier="gold",
        multipliers={"points": "2"},
    ),
)

CAPS = (
    Case(
        "cap per order",
        18,
        {"base": base(caps={"order": "70"})},
        (Order(NOON, TWO, {"base": 70}, left={"points": 40}, cut={"base": "order"}),),
    ),
    Case(
        "cap per day",
        18,
        {"base": base(caps={"day": "120"})},
        (
            Order("2026-02-02T09:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-02T23:59", TWO, {"base": 20}, left={"points": 20}, cut={"base": "day"}),
            Order("2026-02-03T00:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "cap per ISO week",
        18,
        {"base": base(caps={"week": "120"})},
        (
            Order("2025-12-29T12:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-01-04T12:00", TWO, {"base": 20}, left={"points": 20}, cut={"base": "week"}),
            Order("2026-01-05T12:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "cap per month",
        18,
        {"base": base(caps={"month": "120"})},
        (
            Order("2026-01-01T00:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-01-31T23:59", TWO, {"base": 20}, left={"points": 20}, cut={"base": "month"}),
            Order("2026-02-01T00:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "cap per year",
        18,
        {"base": base(caps={"year": "120"})},
        (
            Order("2025-01-01T00:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2025-12-31T23:59", TWO, {"base": 20}, left={"points": 20}, cut={"base": "year"}),
            Order("2026-01-01T00:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "cap for a lifetime",
        18,
        {"base": base(caps={"lifetime": "120"})},
        (
            Order("2025-01-01T00:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-12-31T23:59", TWO, {"base": 20}, left={"points": 20}, cut={"base": "lifetime"}),
            Order("2027-01-01T00:00", TWO, {}, cut={"base": "lifetime"}),
        ),
    ),
    Case(
        "the tightest cap gives the reason",
        20,
        {"base": base(caps={"order": "90", "day": "80", "month": "95"})},
        (Order(NOON, TWO, {"base": 80}, left={"points": 40}, cut={"base": "day"}),),
    ),
    Case(
        "total budget",
        18,
        {"base": base(budget=150)},
        (
            Order("2026-02-02T09:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-03T09:00", TWO, {"base": 50}, left={"points": 40}, cut={"base": "budget"}),
            Order("2026-02-04T09:00", TWO, {}, cut={"base": "budget"}),
        ),
    ),
    Case(
        "cap per order of the unit: the last by priority is cut",
        19,
        {"base": base(), "bonus": fixed("30", priority=5)},
        (Order(NOON, TWO, {"bonus": 30, "base": 80}, left={"points": 70}, cut={"base": "unit_order"}),),
        units={"points": (0, 110)},
    ),
    Case(
        "a cap below one rule leaves the others alone",
        19,
        {"base": base(caps={"order": "10"}), "bonus": fixed("30")},
        (Order(NOON, TWO, {"base": 10, "bonus": 30}, left={"points": 40}, cut={"base": "order"}),),
    ),
)

GROUPS = (
    Case(
        "group: add all",
        18,
        {
            "ten": fixed("10", group={"key": "promo", "mode": "all"}),
            "base": base(group={"key": "promo", "mode": "all"}),
        },
        (Order(NOON, TWO, {"ten": 10, "base": 100}, left={"points": 50}),),
    ),
    Case(
        "group: best only, compared after caps",
        19,
        {
            "base": base(group={"key": "promo", "mode": "best"}, caps={"order": "45"}),
            "fifty": fixed("50", group={"key": "promo", "mode": "best"}),
        },
        (Order(NOON, TWO, {"fifty": 50}, left={"points": 50}, cut={"base": "group"}),),
    ),
    Case(
        "group: best only changes its winner with a return",
        24,
        {
            "base": base(group={"key": "promo", "mode": "best"}),
            "fifty": fixed("50", group={"key": "promo", "mode": "best"}),
        },
        (Order(NOON, TWO, {"base": 100}, left={"points": 50}, cut={"fifty": "group"}),),
    ),
    Case(
        "group: a tie goes to the earlier rule",
        19,
        {
            "late": fixed("50", group={"key": "promo", "mode": "best"}),
            "early": fixed("50", group={"key": "promo", "mode": "best"}, priority=1),
        },
        (Order(NOON, TWO, {"early": 50}, left={"points": 50}, cut={"late": "group"}),),
    ),
    Case(
        "group: first only by priority",
        18,
        {
            "big": fixed("50", group={"key": "promo", "mode": "first"}),
            "small": fixed("5", group={"key": "promo", "mode": "first"}, priority=1),
        },
        (Order(NOON, TWO, {"small": 5}, left={"points": 5}, cut={"big": "group"}),),
    ),
    Case(
        "group: the first that gives something",
        18,
        {
            "once": fixed("5", group={"key": "promo", "mode": "first"}, priority=1, caps={"lifetime": "5"}),
            "always": fixed("2", group={"key": "promo", "mode": "first"}),
        },
        (
            Order("2026-02-02T09:00", TWO, {"once": 5}, left={"points": 5}, cut={"always": "group"}),
            Order("2026-02-02T10:00", TWO, {"always": 2}, left={"points": 2}, cut={"once": "lifetime"}),
        ),
    ),
    Case(
        "group: compared within one unit",
        19,
        {
            "points": fixed("5", group={"key": "promo", "mode": "best"}),
            "stamps": fixed("1", group={"key": "promo", "mode": "best"}, unit="stamps"),
        },
        (Order(NOON, TWO, {"points": 5, "stamps": 1}, left={"points": 5, "stamps": 1}),),
        units={"points": (0, None), "stamps": (0, None)},
    ),
    Case(
        "stop after: no later rule of the unit",
        18,
        {
            "later": base(),
            "first": fixed("20", priority=3, stop=True),
            "other": fixed("1", unit="stamps"),
        },
        (Order(NOON, TWO, {"first": 20, "other": 1}, left={"points": 20, "stamps": 1}),),
        units={"points": (0, None), "stamps": (0, None)},
    ),
    Case(
        "stop after: a rule that gives nothing stops nobody",
        18,
        {"later": base(), "first": fixed("20", priority=3, stop=True, caps={"lifetime": "20"})},
        (
            Order("2026-02-02T09:00", TWO, {"first": 20}, left={"points": 20}),
            Order("2026-02-02T10:00", TWO, {"later": 100}, left={"points": 40}, cut={"first": "lifetime"}),
        ),
    ),
    Case(
        "stop after: a multiplier spares what it multiplies",
        18,
        {
            "double": {"amount": {"kind": "multiplier", "factor": "2"}, "priority": 5, "stop": True},
            "base": base(),
            "bonus": fixed("10"),
        },
        (Order(NOON, TWO, {"double": 100, "base": 100}, left={"points": 80}),),
    ),
)

WINDOWS = (
    Case(
        "window: dates, the end exclusive",
        18,
        {"base": base(window={"from": "2026-02-02", "until": "2026-02-03"})},
        (
            Order("2026-02-01T23:59", TWO, {}),
            Order("2026-02-02T00:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-03T00:00", TWO, {}),
        ),
    ),
    Case(
        "window: days of the week",
        18,
        {"base": base(window={"weekdays": [6, 7]})},
        (
            Order("2026-02-06T12:00", TWO, {}),
            Order("2026-02-07T12:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "window: hours",
        18,
        {"base": base(window={"hours": [[9, "12:30"], [17, 19]]})},
        (
            Order("2026-02-02T08:59", TWO, {}),
            Order("2026-02-02T12:29", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-02T12:30", TWO, {}),
            Order("2026-02-02T18:00", TWO, {"base": 100}, left={"points": 40}),
        ),
    ),
    Case(
        "window: hours across midnight belong to the evening's day",
        18,
        {"base": base(window={"weekdays": [5], "hours": [[22, 2]]})},
        (
            Order("2026-02-06T01:00", TWO, {}),
            Order("2026-02-06T22:00", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-07T01:59", TWO, {"base": 100}, left={"points": 40}),
            Order("2026-02-07T22:00", TWO, {}),
        ),
    ),
)

FREQUENCIES = (
    Case(
        "frequency: once",
        18,
        {"welcome": fixed("100", frequency={"once": True})},
        (
            Order("2026-02-02T09:00", TWO, {"welcome": 100}, left={"points": 100}),
            Order("2027-02-02T09:00", TWO, {}),
        ),
    ),
    Case(
        "frequency: twice a month",
        18,
        {"bonus": fixed("5", frequency={"times": 2, "per": "month"})},
        (
            Order("2026-02-02T09:00", TWO, {"bonus": 5}, left={"points": 5}),
            Order("2026-02-03T09:00", TWO, {"bonus": 5}, left={"points": 5}),
            Order("2026-02-28T23:59", TWO, {}),
            Order("2026-03-01T00:00", TWO, {"bonus": 5}, left={"points": 5}),
        ),
    ),
    Case(
        "frequency: cooldown",
        18,
        {"bonus": fixed("5", frequency={"cooldown_seconds": 3600})},
        (
            Order("2026-02-02T09:00", TWO, {"bonus": 5}, left={"points": 5}),
            Order("2026-02-02T09:59", TWO, {}),
            Order("2026-02-02T10:00", TWO, {"bonus": 5}, left={"points": 5}),
        ),
    ),
    Case(
        "frequency: a rule cut to nothing has not fired",
        18,
        {"bonus": fixed("5", frequency={"once": True}, caps={"day": "10"}), "cap": fixed("4", priority=1)},
        (
            Order("2026-02-02T09:00", TWO, {"cap": 4}, left={"points": 4}, cut={"bonus": "unit_order"}),
            Order("2026-02-02T10:00", TWO, {"cap": 4}, left={"points": 4}, cut={"bonus": "unit_order"}),
        ),
        units={"points": (0, 4)},
    ),
)

FILTERS = (
    Case(
        "line filter",
        18,
        {"mugs": base(lines=MUGS)},
        (Order(NOON, TWO, {"mugs": 60}),),
    ),
    Case(
        "minimum of the matching lines",
        18,
        {"mugs": base(lines=MUGS, minimum_minor=6000), "tea": base(minimum_minor=10001)},
        (Order(NOON, TWO, {"mugs": 60}),),
    ),
    Case(
        "minimum no longer reached after a return",
        24,
        {"bonus": fixed("20", minimum_minor=10000)},
        (Order(NOON, TWO, {"bonus": 20}, returned=(2,)),),
    ),
    Case(
        "conditions on order, member, standing and segment",
        18,
        {
            "web": fixed("1", conditions={"field": "order.channel", "op": "=", "value": "web"}),
            "till": fixed("2", conditions={"field": "order.channel", "op": "=", "value": "till"}),
            "store": fixed("4", conditions={"field": "order.store", "op": "=", "value": "north"}),
            "gold": fixed("8", conditions={"field": "standing.tier", "op": "=", "value": "gold"}),
            "vip": fixed("16", conditions={"field": "member.segments", "op": "has any", "value": ["vip"]}),
            "large": fixed("32", conditions={"field": "order.total", "op": ">=", "value": 10000}),
            "tea": fixed("64", conditions={"has": "lines", "where": MUGS}),
        },
        (
            Order(
                NOON,
                TWO,
                {"till": 2, "store": 4, "gold": 8, "vip": 16, "large": 32, "tea": 64},
                left={"points": 30},
            ),
        ),
        tier="gold",
        segments=frozenset({"vip"}),
    ),
)

ROUNDING = (
    Case(
        "the total is rounded down once, shares by largest remainder",
        19,
        {
            "half": {"amount": {"kind": "per_amount", "points": "0.5", "per_minor": 100}},
            "rest": {"amount": {"kind": "per_amount", "points": "0.7", "per_minor": 100}},
        },
        (Order(NOON, (Item(100),), {"rest": 1}),),
    ),
    Case(
        "ties go to the lower rule id, not to the priority",
        19,
        {"one": {"amount": {"kind": "fixed", "points": "0.5"}}, "two": fixed("0.5", priority=7)},
        (Order(NOON, TWO, {"one": 1}, left={"points": 1}),),
    ),
)

OVERRIDES = (
    Case(
        "another expiry opens its own lot",
        19,
        {
            "base": base(),
            "short": fixed("10", expiry={"kind": "days", "count": 30}),
            "bonus": fixed("5"),
        },
        (Order(NOON, TWO, {"base": 100, "short": 10, "bonus": 5}, left={"points": 55}),),
        lots={"": 105, '{"expiry":{"count":30,"kind":"days"}}': 10},
    ),
    Case(
        "another pending policy opens its own lot",
        19,
        {"base": base(pending={"kind": "days", "count": 14}), "bonus": fixed("5")},
        (Order(NOON, TWO, {"base": 100, "bonus": 5}, left={"points": 45}),),
        lots={"": 5, '{"pending":{"count":14,"kind":"days"}}': 100},
    ),
)

EVENTS = (
    Case(
        "custom event",
        18,
        {
            "review": fixed("25", trigger={"on": "event", "kind": "review.written"}),
            "good": fixed(
                "5",
                trigger={"on": "event", "kind": "review.written"},
                conditions={"field": "data.number.rating", "op": ">=", "value": "4"},
            ),
            "order": base(),
        },
        (
            Order(
                NOON,
                (),
                {"review": 25, "good": 5},
                (),
                {"points": 30},
                {},
                "",
                "",
                "review.written",
                {"rating": 5},
            ),
            Order(NOON, (), {"review": 25}, (), {"points": 25}, {}, "", "", "review.written", {"rating": 3}),
            Order(NOON, (), {}, (), {}, {}, "", "", "review.read"),
        ),
    ),
    Case(
        "schedule",
        18,
        {
            "birthday": fixed(
                "100", trigger={"on": "schedule", "kind": "birthday"}, frequency={"times": 1, "per": "year"}
            )
        },
        (
            Order(NOON, (), {"birthday": 100}, (), {"points": 100}, kind="schedule.birthday"),
            Order(NOON, (), {}, (), {}, kind="schedule.birthday"),
        ),
    ),
    Case(
        "check-in: a visit without an order",
        18,
        {
            "visit": {
                "amount": {"kind": "per_visit", "points": "2"},
                "trigger": {"on": "event", "kind": "checkin"},
            }
        },
        (
            Order("2026-02-02T09:00", (), {"visit": 2}, (), {"points": 2}, kind="checkin"),
            Order("2026-02-02T10:00", (), {}, (), {}, kind="checkin"),
        ),
    ),
)

WORKED = Case(
    "the worked member's orders",
    19,
    {"base": base()},
    (
        Order("2026-02-02T00:00", (Item(1080),), {"base": 16}),
        Order("2026-03-06T00:00", (Item(10000),), {"base": 150}),
    ),
    tier="gold",
    multipliers={"points": "1.5"},
)

CASES = (
    *AMOUNTS,
    *TIERS,
    *CAPS,
    *GROUPS,
    *WINDOWS,
    *FREQUENCIES,
    *FILTERS,
    *ROUNDING,
    *OVERRIDES,
    *EVENTS,
    WORKED,
)

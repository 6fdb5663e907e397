"""What each kind of amount gives, with tiers, multipliers and rounding."""

from tests.rewards.engine.cases.shapes import MUGS, NOON, TWO, Case, Item, Order, base, fixed

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

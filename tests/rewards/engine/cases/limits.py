"""What caps, windows and frequencies take away."""

from tests.rewards.engine.cases.shapes import NOON, TWO, Case, Order, base, fixed

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

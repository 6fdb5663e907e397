"""Which rules and lines count: groups, stops, filters, conditions, overrides, events."""

from tests.rewards.engine.cases.shapes import MUGS, NOON, TWO, Case, Order, base, fixed

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

"""The arithmetic of an award, for people, also after it was stored."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from rewards.engine import contexts, reasons
from rewards.engine.facts import Context, Counter, Line, Occasion
from tests.rewards.engine.cases import CAPS, FILTERS, ONE_PER_MAJOR, WORKED, Case, base
from tests.rewards.engine.pricing_of import fold, program_of


def test_the_worked_order_of_a_gold_member_reads_step_by_step():
    award = next(fold(WORKED))[3].awards[0]

    assert award.steps == (
        {"step": "per_amount", "value": "1", "amount": "10.8", "basis_minor": 1080, "per_minor": 100},
        {"step": "tier", "factor": "1.5", "amount": "16.2"},
        {"step": "rounding", "amount": "16"},
    )


def test_steps_are_the_same_after_storing():
    award = next(fold(WORKED))[3].awards[0]

    stored = json.loads(json.dumps(award.trail))

    assert reasons.unfold(stored, cut_by=award.cut_by, awarded=award.awarded) == award.steps


def test_a_cap_keeps_what_was_desired():
    """SEMANTICS 20."""
    orders = list(fold(CAPS[1]))
    award = orders[1][3].awards[0]

    assert (award.desired, award.awarded, award.cut_by) == (100, 20, "day")
    assert award.steps[-1] == {"step": "cap", "by": "day", "amount": "20", "left": "20"}


def test_lines_are_named_where_a_filter_chose_them():
    award = next(fold(FILTERS[0]))[3].awards[0]

    assert award.steps[0]["lines"] == [1]


def test_exact_texts():
    assert reasons.plain(Fraction(81, 5)) == "16.2"
    assert reasons.plain(Fraction(5, 3)) == "5/3"
    assert reasons.plain(Fraction(100)) == "100"
    assert reasons.plain(Fraction(1, 10**9)) == "0.000000001"
    assert reasons.plain(Fraction(10**30 + 1)) == str(10**30 + 1)


def test_a_context_survives_json_exactly():
    context = Context(
        tier="gold",
        rank=2,
        multipliers={"points": Fraction(4, 3)},
        counters={"1:life": Counter(5, 2, 1770000000.25), "1:d2026-02-01": Counter(5, 2)},
        segments=frozenset({"vip", "new"}),
        member={
            "birthday": date(1990, 2, 28),
            "seen": datetime(2026, 2, 1, tzinfo=UTC),
            "ratio": Decimal("1.10"),
            "tags": frozenset({"a"}),
            "nested": {"$date": [1, {"x": None}]},
            "language": "fa",
        },
    )

    stored = json.loads(json.dumps(contexts.dump(context)))

    found = contexts.load(stored)
    assert found.member["nested"] == {"$date": (1, {"x": None})}
    assert {**found.member, "nested": 0} == {**context.member, "nested": 0}
    assert (found.multipliers, found.counters, found.segments) == (
        context.multipliers,
        context.counters,
        context.segments,
    )


def test_an_empty_context_takes_no_room():
    assert contexts.dump(Context()) == {}
    assert contexts.load({}) == Context()


def test_the_counters_of_a_rule_follow_local_time():
    caps = dict.fromkeys(("day", "week", "month", "year", "lifetime"), "100")
    visit = {"amount": {"kind": "per_visit", "points": "1"}}
    program = program_of(Case("", 0, {"base": base(caps=caps, budget=5), "visit": visit}, ()))
    local = datetime.fromisoformat("2027-01-01T01:00+02:00")
    occasion = Occasion("order", local.astimezone(UTC), local, store="north")

    assert program.counter_keys(occasion) == (
        "1:d2027-01-01",
        "1:w2026-W53",
        "1:m2027-01",
        "1:y2027",
        "1:life",
        "1:budget",
        "2:v2027-01-01:north",
    )


def test_an_award_counts_only_where_something_was_awarded():
    program = program_of(Case("", 0, {"base": {"amount": ONE_PER_MAJOR, "caps": {"day": "5"}}}, ()))
    at = datetime(2026, 2, 2, tzinfo=UTC)
    order = Occasion("order", at, at, lines=(Line(1, "a", "A", "mugs", 1, 900),))

    first = program.price(order, Context())
    second = program.price(order, Context(counters={"1:d2026-02-02": Counter(5, 1, 0.0)}))

    assert first.awards[0].counter_keys == ("1:d2026-02-02",)
    assert (second.awards[0].desired, second.awards[0].awarded, second.awards[0].counter_keys) == (9, 0, ())
    assert second.totals == {}
    assert second.grants == ()

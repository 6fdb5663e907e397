"""Every case of the engine through the real intake, and back again through its return (SEMANTICS 18 to 20, 24)."""

from collections import Counter as Sums
from datetime import datetime

import pytest
from django_scopes import scope

from members.models import Program
from rewards.intake.items import EventIn, LineIn, OrderIn, Outcome, ReturnIn, ReturnLineIn
from rewards.models import Award
from tests.rewards import builders as b
from tests.rewards.engine.cases import CASES, Case, Order

pytestmark = pytest.mark.django_db

# Segments are told to the engine by a higher app; without it nobody is in one.
NEEDS_SEGMENTS = "member.segments"


def program_of(case: Case) -> Program:
    units = {
        key: {"precision": precision, "cap_per_order": cap} for key, (precision, cap) in case.units.items()
    }
    tiers = {"basic": (0, {}), case.tier: (0, dict(case.multipliers))} if case.tier else None
    program = b.open_program(
        rules=dict(case.rules), units=units, tiers=tiers, stores=["north", "south"], prices_include_tax=True
    )
    b.join(program, "anna", **case.member)
    return program


def item_of(order: Order, number: int) -> OrderIn | EventIn:
    at = b.moment(datetime.fromisoformat(order.at).isoformat())
    if order.kind != "order":
        source = "wafa" if order.kind.startswith("schedule.") else b.SOURCE
        return EventIn(source, f"E{number}", order.kind, at, b.who("anna"), order.data)
    lines = tuple(
        LineIn(
            each.sku,
            each.quantity,
            each.amount_minor,
            category=each.category,
            is_reward=each.is_paid_by_reward,
        )
        for each in order.items
    )
    return OrderIn(b.SOURCE, f"A{number}", at, lines, b.who("anna"), store=order.store, channel=order.channel)


def awards_of(program: Program, outcome: Outcome) -> list[tuple[str, str, int, str]]:
    """Every award of a fact as (rule, unit, awarded, what cut it)."""
    with scope(program=program):
        versions = dict(program.rules.values_list("versions__pk", "key"))
        units = dict(program.units.values_list("pk", "key"))
        rows = Award.objects.filter(fact_id=outcome.fact_id)
        return [(versions[row.version_id], units[row.unit_id], row.awarded, row.cut_by) for row in rows]


def rules_without_segments(case: Case) -> set[str]:
    return {key for key, definition in case.rules.items() if NEEDS_SEGMENTS not in str(definition)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_through_intake_and_back(case: Case):
    program = program_of(case)
    known = rules_without_segments(case)
    recorded = []

    for number, order in enumerate(case.orders):
        (outcome,) = b.record(program, item_of(order, number))
        awards = awards_of(program, outcome)
        given = {rule: amount for rule, _unit, amount, _cut in awards if amount}
        totals = Sums[str]()
        for _rule, unit, amount, _cut in awards:
            totals[unit] += amount

        assert given == {rule: amount for rule, amount in order.given.items() if rule in known}, order.at
        assert {rule: cut for rule, _unit, _amount, cut in awards if cut} == dict(order.cut), order.at
        assert outcome.awarded == {unit: total for unit, total in totals.items() if total}, order.at
        recorded.append((number, order, outcome))

    latest = max(b.moment(order.at) for order in case.orders)
    for number, order, outcome in reversed(recorded):
        if order.kind != "order" or not order.returned:
            continue
        back = tuple(ReturnLineIn("", order.items[p - 1].quantity, position=p) for p in order.returned)
        (answer,) = b.record(program, ReturnIn(b.SOURCE, f"R{number}", latest, f"A{number}", lines=back))
        lost = sum(amount for rule, amount in order.given.items() if rule not in known)
        left = {unit: total - lost for unit, total in order.left.items()}

        taken = {unit: total - left.get(unit, 0) for unit, total in outcome.awarded.items()}
        assert answer.reversed == {unit: amount for unit, amount in taken.items() if amount > 0}, order.at
    assert b.wrong_wallets(program) == []

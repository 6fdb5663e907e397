"""The try-it box says what the till would say, for the rules in force and for a draft, and writes nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members.models import AuditEntry, Event, Fact
from rewards import intake, trials
from rewards.engine.definitions import RuleError
from rewards.models import Award, Entry
from tests.rewards.builders import (
    find,
    join,
    line,
    moment,
    open_program,
    order,
    publish,
    record,
    record_each,
    stored_order,
)

pytestmark = pytest.mark.django_db

NOW = moment("2026-06-15")
ORDER = {"trigger": {"on": "order"}, "unit": "points"}
MUGS = {"field": "category", "op": "=", "value": "Mugs"}
RULES = {
    "base": {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
    "mugs": {
        "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
        "lines": MUGS,
        "caps": {"month": "30"},
    },
    "welcome": {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}},
    "big": {
        "amount": {"kind": "fixed", "points": "5"},
        "conditions": {"field": "order.total", "op": ">=", "value": 90_000},
    },
}
DRAFT = ORDER | RULES["mugs"] | {"caps": {"month": "100"}}


@pytest.fixture
def program():
    return open_program(
        rules=RULES, tiers={"base": (0, {}), "gold": (5_000, {"points": "3/2"})}, stores=["north"]
    )


def mugs(amount):
    return line(amount, category="Mugs")


def compare(program, subject, key="mugs", definition=DRAFT, now=NOW):
    with scope(program=program):
        return trials.compare(
            program=program, subject=subject, key=key, name=key.title(), definition=definition, now=now
        )


def past(program, number, **others):
    with scope(program=program):
        return trials.past(program=program, order=stored_order(program, number), **others)


def by_name(trial):
    return {row.name: (row.live.awarded, row.draft.awarded) for row in trial.rows}


def test_a_past_order_is_priced_on_both_sides_as_of_its_moment(program):
    record_each(
        program,
        order("A", "2026-06-02", mugs(2000)),
        order("B", "2026-06-03", mugs(3000), 1000),
        order("C", "2026-06-04", 100),
    )

    trial = compare(program, past(program, "B"))

    # 20 of the cap were used by A; what B itself gave does not count against it.
    assert by_name(trial) == {"base": (40, 40), "Mugs": (10, 30), "welcome": (0, 0), "big": (0, 0)}
    assert (trial.live, trial.draft) == ({"points": 50}, {"points": 70})
    assert trial.differences == {"points": 20}
    reasons = {row.name: row.live.reason.code for row in trial.rows}
    assert reasons == {"base": "given", "Mugs": "cut", "welcome": "frequency", "big": "conditions"}


def test_the_live_side_is_what_was_in_fact_given(program):
    outcomes = record_each(
        program, order("A", "2026-06-02", 8000), order("B", "2026-06-03", mugs(3333), 100, store="north")
    )

    for outcome, number in zip(outcomes, "AB", strict=True):
        assert compare(program, past(program, number)).live == outcome.awarded


def test_a_typed_order_earns_what_the_till_would_promise(program):
    record_each(program, order("A", "2026-06-02", mugs(6000)))
    promised = intake.preview(
        program=program, item=order("X", NOW, mugs(2500), line(1000, quantity=2), store="north"), now=NOW
    )

    lines = [trials.TypedLine("m", 1, 2500, "Mugs"), trials.TypedLine("s", 2, 500)]
    with scope(program=program):
        subject = trials.typed(
            program=program, lines=lines, at=NOW, member=find(program, "anna"), store="north"
        )
    trial = compare(program, subject)

    assert trial.live == promised.outcome.awarded
    assert trial.tier == "gold"
    assert [row.live.reason.code for row in trial.rows] == [reason.code for reason in promised.reasons]


def test_a_typed_order_without_a_member_is_that_of_somebody_new(program):
    with scope(program=program):
        subject = trials.typed(program=program, lines=[trials.TypedLine("s", 1, 1000)], at=NOW)

    trial = compare(program, subject)

    assert trial.live == {"points": 110}


def test_a_new_cap_counts_what_the_rule_gave_before(program):
    record_each(program, order("A", "2026-06-02", 3000), order("B", "2026-06-03", 3000))

    capped = ORDER | RULES["base"] | {"caps": {"month": "40", "day": "100"}}
    trial = compare(program, past(program, "B"), key="base", definition=capped)

    assert by_name(trial)["Base"] == (30, 10)


def test_a_new_rule_is_tried_beside_the_others(program):
    record(program, order("A", "2026-06-02", 3000))

    extra = ORDER | {"amount": {"kind": "per_order", "points": "7"}}
    trial = compare(program, past(program, "A"), key="", definition=extra)

    row = next(row for row in trial.rows if row.is_own)
    assert (row.live.reason, row.draft.awarded) == (None, 7)
    assert trial.differences == {"points": 7}


def test_a_rule_in_force_today_is_asked_of_an_order_of_long_ago(program):
    record(program, order("A", "2026-01-02", 3000))
    publish(
        program,
        "base",
        {"amount": {"kind": "per_amount", "points": "2", "per_minor": 100}},
        since="2026-06-01",
    )

    trial = compare(program, past(program, "A"), key="base", definition=ORDER | RULES["base"])

    assert by_name(trial)["Base"] == (60, 30)


def test_an_order_may_be_tried_at_another_moment(program):
    record(program, order("A", "2026-06-02", 3000))
    weekend = ORDER | RULES["base"] | {"window": {"weekdays": [6, 7]}}

    own = compare(program, past(program, "A"), key="base", definition=weekend)
    sunday = compare(program, past(program, "A", at=moment("2026-06-14")), key="base", definition=weekend)

    assert next(row for row in own.rows if row.is_own).draft.reason.code == "window"
    assert by_name(sunday)["Base"] == (30, 30)


def test_an_event_is_tried_with_its_attributes(program):
    definition = {
        "trigger": {"on": "event", "kind": "review"},
        "unit": "points",
        "amount": {"kind": "fixed", "points": "9"},
        "conditions": {"field": "data.number.stars", "op": ">=", "value": "4"},
    }
    with scope(program=program):
        good, bad = (
            trials.happening(program=program, kind="review", at=NOW, data={"stars": stars})
            for stars in (5, 2)
        )

    assert compare(program, good, key="", definition=definition).draft == {"points": 9}
    assert compare(program, bad, key="", definition=definition).rows[0].draft.reason.code == "conditions"


def test_a_budget_counts_what_was_spent(program):
    publish(program, "base", RULES["base"] | {"budget": "100"})
    join(program, "joan")
    record_each(program, order("A", "2026-06-02", 9500), order("B", "2026-06-03", 3000, member="joan"))

    with scope(program=program):
        subject = trials.typed(program=program, lines=[trials.TypedLine("s", 1, 3000)], at=NOW)
    trial = compare(program, subject, key="base", definition=ORDER | RULES["base"] | {"budget": "120"})

    assert by_name(trial)["Base"] == (0, 20)


def test_what_cannot_work_is_refused(program):
    record(program, order("A", "2026-06-02", 3000))

    with pytest.raises(RuleError):
        compare(program, past(program, "A"), definition=ORDER | {"amount": {"kind": "fixed", "points": "x"}})


def test_nothing_is_written_and_the_statements_are_few(program):
    record_each(program, *(order(f"O{n}", f"2026-06-0{n}", mugs(1000 * n), 100) for n in range(1, 8)))
    subject = past(program, "O7")
    with scope(program=program):
        before = [model.objects.count() for model in (Fact, Event, Entry, Award, AuditEntry)]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        compare(program, subject)

    with scope(program=program):
        assert [model.objects.count() for model in (Fact, Event, Entry, Award, AuditEntry)] == before
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert len(queries) <= 14

"""Rules over time: versions take over, plans are taken back, and no rule is pulled away from under another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members.models import AuditEntry
from rewards import rules
from rewards.engine.definitions import RuleError
from rewards.models import EarningRule, RuleVersion
from rewards.rules import Phase
from tests.rewards.builders import balance, moment, open_program, order, record, record_each, staff

pytestmark = pytest.mark.django_db

# Ahead of every clock: the database lets no end be moved that has come.
NOW = moment("2126-06-01")
LATER = NOW + timedelta(days=10)
ONE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "1", "per_minor": 100},
}
TWO = ONE | {"amount": {"kind": "per_amount", "points": "2", "per_minor": 100}}
DOUBLE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
}


@pytest.fixture
def program():
    return open_program(rules={})


def publish(program, definition=ONE, *, key="base", at=NOW, since=None, name="Base"):
    return rules.publish(
        program=program,
        key=key,
        name=name,
        definition=definition,
        by=staff(),
        now=at,
        since=since,
        reason="it pays",
    )


def phase(program, at, key="base"):
    with scope(program=program):
        return rules.timeline(RuleVersion.objects.filter(rule__key=key), at)


def test_it_works(program):
    publish(program)

    assert phase(program, NOW).phase is Phase.LIVE
    record(program, order("A", NOW + timedelta(hours=1), 1000))
    assert balance(program).active == 10


def test_a_planned_version_takes_over_at_its_moment(program):
    publish(program)
    publish(program, TWO, since=LATER)

    before, after = phase(program, NOW), phase(program, LATER)
    assert (before.live.number, before.next.number, before.ends_at) == (1, 2, None)
    assert (after.live.number, after.next) == (2, None)
    record_each(program, order("A", LATER - timedelta(minutes=1), 1000), order("B", LATER, 1000))
    assert balance(program).active == 10 + 20


def test_a_rule_that_only_begins_later_is_scheduled(program):
    publish(program, since=LATER)

    assert phase(program, NOW).phase is Phase.SCHEDULED


def test_a_planned_version_is_taken_back_and_the_former_goes_on(program):
    publish(program)
    publish(program, TWO, since=LATER)

    rules.cancel(program=program, key="base", by=staff(), now=NOW + timedelta(days=1), reason="not yet")

    found = phase(program, LATER)
    assert (found.live.number, found.ends_at, found.next) == (1, None, None)
    record(program, order("A", LATER, 1000))
    assert balance(program).active == 10
    assert publish(program, TWO, at=LATER).number == 3


def test_a_planned_end_is_taken_back(program):
    publish(program)
    rules.retire(program=program, key="base", by=staff(), now=NOW, reason="over", at=LATER)
    assert phase(program, NOW).ends_at == LATER
    assert phase(program, LATER).phase is Phase.RETIRED

    rules.cancel(program=program, key="base", by=staff(), now=NOW, reason="stays")

    assert phase(program, LATER).phase is Phase.LIVE


def test_what_has_begun_is_not_taken_back(program):
    publish(program)

    with pytest.raises(rules.NothingAhead):
        rules.cancel(program=program, key="base", by=staff(), now=NOW, reason="")


def test_retiring_takes_back_what_was_planned(program):
    publish(program)
    publish(program, TWO, since=LATER)

    rules.retire(program=program, key="base", by=staff(), now=NOW + timedelta(days=1), reason="over")

    assert phase(program, LATER).phase is Phase.RETIRED
    record(program, order("A", LATER, 1000))
    assert balance(program).active == 0
    with pytest.raises(rules.NotInForce):
        rules.retire(program=program, key="base", by=staff(), now=LATER, reason="again")


def test_an_earlier_order_that_comes_late_is_still_priced_by_a_retired_rule(program):
    publish(program)
    rules.retire(program=program, key="base", by=staff(), now=LATER, reason="over")

    record(program, order("A", NOW + timedelta(days=1), 1000), now=LATER + timedelta(days=1))

    assert balance(program).active == 10


def test_a_version_may_not_begin_before_the_planned_one(program):
    publish(program)
    publish(program, TWO, since=LATER)

    with pytest.raises(rules.VersionTooEarly):
        publish(program, ONE, at=NOW + timedelta(days=1))


def test_a_rule_that_another_builds_on_is_not_retired(program):
    publish(program)
    publish(program, DOUBLE, key="double", name="Double days")

    with pytest.raises(rules.RuleInUse, match="“Double days” builds on this rule"):
        rules.retire(program=program, key="base", by=staff(), now=LATER, reason="over")

    record(program, order("A", LATER, 1000))
    assert balance(program).active == 20


def test_a_rule_that_a_planned_one_builds_on_is_not_retired_either(program):
    publish(program)
    publish(program, DOUBLE, key="double", since=LATER)

    with pytest.raises(rules.RuleInUse):
        rules.retire(program=program, key="base", by=staff(), now=NOW + timedelta(days=1), reason="over")


def test_a_refused_version_leaves_everything_as_it_was(program):
    publish(program)

    with pytest.raises(RuleError) as refused:
        publish(program, ONE | {"caps": {"day": "0.5"}}, at=LATER, name="Other")

    assert refused.value.path == "caps.day"
    assert phase(program, LATER).live.number == 1
    with scope(program=program):
        assert EarningRule.objects.get(key="base").name == "Base"


def test_a_smaller_budget_does_not_stop_orders(program):
    publish(program, ONE | {"budget": "100"})
    record(program, order("A", NOW + timedelta(hours=1), 8000))
    publish(program, ONE | {"budget": "50"}, at=LATER)

    record_each(program, order("B", LATER + timedelta(hours=1), 1000))
    assert balance(program).active == 80
    late = record(program, order("C", NOW + timedelta(hours=2), 1000), now=LATER + timedelta(days=1))[0]

    assert late.status == "recorded"
    assert balance(program).active == 90


def test_everything_is_audited(program):
    publish(program)
    publish(program, TWO, since=LATER)
    rules.cancel(program=program, key="base", by=staff(), now=NOW, reason="not yet")
    rules.retire(program=program, key="base", by=staff(), now=NOW, reason="over")

    with scope(program=program):
        found = list(AuditEntry.objects.order_by("pk").values_list("action", "reason"))
    assert found == [
        ("rule.publish", "it pays"),
        ("rule.publish", "it pays"),
        ("rule.cancel", "not yet"),
        ("rule.retire", "over"),
    ]


def test_a_rule_of_another_program_is_not_found(program):
    publish(program)

    with pytest.raises(NotFound):
        rules.retire(program=open_program(), key="nothing", by=staff(), now=LATER, reason="over")

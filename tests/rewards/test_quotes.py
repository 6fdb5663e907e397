"""Preview and signed quotes (SEMANTICS 23) and the publishing of rules (21)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Event, Fact, Order, Program
from rewards import intake, rules
from rewards.intake.items import LineIn, OrderIn, Who
from rewards.models import Entry
from tests.rewards import builders

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "1", "per_minor": 100},
}
TWO = {**ONE, "amount": {"kind": "per_amount", "points": "2", "per_minor": 100}}


@pytest.fixture
def program() -> Program:
    found = builders.open_program(rules={})
    rules.publish(
        program=found, key="base", name="Base", definition=ONE, by=None, now=NOW - timedelta(days=9)
    )
    return found


def an_order(number: str, *, at: datetime = NOW, quote: str = "") -> OrderIn:
    who = Who("email", "ann@example.com", joins=True)
    return OrderIn("shop", number, at, (LineIn("MUG", 1, 4000),), member=who, quote=quote)


def record(program: Program, item: OrderIn, now: datetime = NOW) -> intake.Outcome:
    return intake.record(program=program, items=[item], now=now)[0]


def test_a_preview_says_what_an_order_would_earn_and_writes_nothing(program):
    record(program, an_order("A"))
    with scope(program=program):
        before = [model.objects.count() for model in (Fact, Order, Entry, Event)]

    shown = intake.preview(program=program, item=an_order("B"), now=NOW)

    with scope(program=program):
        assert [model.objects.count() for model in (Fact, Order, Entry, Event)] == before
    assert shown.outcome.awarded == {"points": 40}
    assert shown.outcome.balance == {"points": 80}
    assert [award.awarded for award in shown.awards] == [40]
    assert shown.reasons[0].has_fired
    assert shown.quote


def test_a_quoted_order_is_priced_by_the_versions_of_the_quote(program):
    record(program, an_order("A"))
    quote = intake.preview(program=program, item=an_order("B"), now=NOW).quote
    rules.publish(
        program=program, key="base", name="Base", definition=TWO, by=None, now=NOW + timedelta(minutes=1)
    )
    later = NOW + timedelta(minutes=2)

    promised = record(program, an_order("B", at=later, quote=quote), later)
    plain = record(program, an_order("C", at=later), later)

    assert promised.awarded == {"points": 40}
    assert plain.awarded == {"points": 80}


def test_a_quote_is_used_once(program):
    record(program, an_order("A"))
    quote = intake.preview(program=program, item=an_order("B"), now=NOW).quote

    first = record(program, an_order("B", quote=quote))
    repeat = record(program, an_order("B", quote=quote))
    other = record(program, an_order("C", quote=quote))

    assert (first.status, repeat.status) == ("recorded", "repeated")
    assert (other.status, other.code) == ("refused", "quote_refused")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": (LineIn("MUG", 2, 4000),)}, "quote_refused"),
        ({"member": Who("email", "ben@example.com", joins=True)}, "quote_refused"),
        ({"quote": "forged"}, "quote_refused"),
        ({"occurred_at": NOW + timedelta(hours=1)}, "quote_expired"),
    ],
)
def test_a_quote_holds_for_its_own_order_only(program, change, code):
    record(program, an_order("A"))
    quote = intake.preview(program=program, item=an_order("B"), now=NOW).quote
    item = replace(an_order("B", quote=quote), **change)

    outcome = record(program, item, max(NOW, item.occurred_at))

    assert (outcome.status, outcome.code) == ("refused", code)
    with scope(program=program):
        assert Order.objects.filter(external_id="B").count() == 0


def test_a_quote_of_another_program_is_refused(program):
    other = builders.open_program(rules={})
    record(program, an_order("A"))
    record(other, an_order("A"))
    quote = intake.preview(program=other, item=an_order("B"), now=NOW).quote

    outcome = record(program, an_order("B", quote=quote))

    assert outcome.code == "quote_refused"


def test_a_version_ends_where_the_next_begins_and_late_orders_keep_the_old_one(program):
    rules.publish(program=program, key="base", name="Base", definition=TWO, by=None, now=NOW)

    late = record(program, an_order("A", at=NOW - timedelta(days=1)), NOW + timedelta(days=1))
    new = record(program, an_order("B", at=NOW + timedelta(hours=1)), NOW + timedelta(days=1))

    assert late.awarded == {"points": 40}
    assert new.awarded == {"points": 80}


def test_a_version_cannot_begin_before_the_present_one(program):
    with pytest.raises(rules.VersionTooEarly):
        rules.publish(
            program=program,
            key="base",
            name="Base",
            definition=TWO,
            by=None,
            now=NOW,
            since=NOW - timedelta(days=30),
        )


def test_a_rule_that_does_not_fit_is_refused_with_its_path(program):
    with pytest.raises(DomainError) as refusal:
        rules.publish(
            program=program, key="bad", name="Bad", definition={**ONE, "unit": "stars"}, by=None, now=NOW
        )

    assert refusal.value.code == "rule_invalid" or "unit" in str(refusal.value)


def test_a_retired_rule_gives_nothing_more(program):
    rules.retire(program=program, key="base", by=None, now=NOW, reason="over")

    assert (
        record(program, an_order("A", at=NOW + timedelta(minutes=1)), NOW + timedelta(minutes=2)).awarded
        == {}
    )

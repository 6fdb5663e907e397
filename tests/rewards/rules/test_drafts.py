"""Drafts: valid or refused with the place, the second editor is told, published as reviewed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from rewards import drafts, rules
from rewards.engine.definitions import RuleError
from rewards.models import EarningRule, RuleDraft, RuleVersion
from tests.rewards.builders import balance, moment, open_program, order, record, staff

pytestmark = pytest.mark.django_db

NOW = moment("2026-06-01")
ONE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "1", "per_minor": 100},
}
TWO = ONE | {"amount": {"kind": "per_amount", "points": "2.0", "per_minor": 100}}


@pytest.fixture
def program():
    return open_program()


def save(program, definition=TWO, *, key="base", name="Base", **others):
    return drafts.save(
        program=program, key=key, name=name, definition=definition, by=staff(), now=NOW, **others
    )


def test_it_works(program):
    draft = save(program, based_on=1)
    version = drafts.publish(
        program=program, key="base", by=staff(), now=NOW, reason="more", revision=draft.revision
    )

    assert (version.number, version.reason) == (2, "more")
    record(program, order("A", NOW, 1000))
    assert balance(program).active == 20
    with scope(program=program):
        assert not RuleDraft.objects.exists()


def test_a_draft_prices_nothing(program):
    save(program)
    save(program, key="", name="Another")

    record(program, order("A", NOW, 1000))

    assert balance(program).active == 10


def test_a_draft_is_kept_in_its_shortest_form(program):
    draft = save(program)

    assert draft.definition["amount"] == {"kind": "per_amount", "points": "2", "per_minor": 100}


def test_a_new_rule_gets_a_key_from_its_name(program):
    with scope(program=program):
        keys = [
            save(program, key="", name=name).rule.key
            for name in ("Mugs, twice", "Mugs twice", "أكواب", "New")
        ]

    assert keys == ["mugs-twice", "mugs-twice-2", "rule", "new-2"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"amount": {"kind": "per_amount", "points": "0", "per_minor": 100}}, "amount.points"),
        ({"unit": "stars"}, "unit"),
        ({"caps": {"day": "0.5"}}, "caps.day"),
        (
            {"conditions": {"all": [{"field": "order.totl", "op": ">", "value": 1}]}},
            "conditions.all[0].field",
        ),
        ({"amount": {"kind": "multiplier", "factor": "2", "of": ["nobody"]}}, "amount.of[0]"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(program, change, path):
    with pytest.raises(RuleError) as refused:
        save(program, ONE | change)

    assert refused.value.path == path
    with scope(program=program):
        assert not RuleDraft.objects.exists()


def test_the_second_of_two_editors_is_told_and_the_first_kept(program):
    first = save(program, name="First")

    with pytest.raises(drafts.DraftChanged) as told:
        save(program, name="Second", revision=0)

    assert told.value.draft.name == "First"
    with scope(program=program):
        assert RuleDraft.objects.get().name == "First"
    assert save(program, name="Second", revision=first.revision).revision == 2


def test_a_draft_that_changed_since_its_review_is_not_published(program):
    save(program)
    save(program, ONE, revision=1)

    with pytest.raises(drafts.DraftChanged):
        drafts.publish(program=program, key="base", by=staff(), now=NOW, reason="", revision=1)


def test_a_discarded_draft_leaves_the_rule_as_it_is(program):
    save(program)

    assert drafts.discard(program=program, key="base", by=staff(), now=NOW, revision=1)

    with scope(program=program):
        assert RuleVersion.objects.count() == 1
        assert not RuleDraft.objects.exists()


def test_a_rule_that_was_never_published_goes_with_its_draft(program):
    key = save(program, key="", name="Mugs").rule.key

    assert not drafts.discard(program=program, key=key, by=staff(), now=NOW, revision=1)

    with scope(program=program):
        assert not EarningRule.objects.filter(key=key).exists()


def test_a_draft_may_be_published_for_later(program):
    save(program)

    drafts.publish(
        program=program, key="base", by=staff(), now=NOW, reason="", revision=1, since=NOW + timedelta(days=3)
    )

    with scope(program=program):
        found = rules.timeline(RuleVersion.objects.all(), NOW)
    assert (found.live.number, found.next.number) == (1, 2)

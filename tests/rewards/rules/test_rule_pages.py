"""List, page, publication, plans and ends of rules, as staff see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from rewards import drafts, rules
from rewards.models import EarningRule, RuleDraft, RuleVersion
from tests.members.teams import as_staff, hire
from tests.rewards.builders import balance, open_program, order, record
from tests.rewards.rules.pages import ORDER, at

pytestmark = pytest.mark.django_db

BASE = {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}}
RULES = {
    "base": {**BASE, "priority": 5},
    "promo-a": {
        "amount": {"kind": "fixed", "points": "9"},
        "group": {"key": "promo", "mode": "best"},
        "budget": "100",
    },
    "promo-b": {"amount": {"kind": "fixed", "points": "4"}, "group": {"key": "promo", "mode": "best"}},
}


@pytest.fixture(autouse=True)
def _forget():
    cache.clear()


@pytest.fixture
def program():
    return open_program(rules=RULES)


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def draft(program, key="base", *, name="Base", revision=0, **parts):
    return drafts.save(
        program=program,
        key=key,
        name=name,
        definition=ORDER | BASE | parts,
        by=hire(program),
        now=clock.now(),
        revision=revision,
    )


def text_of(answer):
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_the_list_says_every_rule_in_a_sentence_with_what_it_gave(program):
    for name in ("anna", "joan"):
        record(program, order(f"A-{name}", clock.now(), 1000, member=name))
    draft(program, "", name="Planned mugs")

    html = text_of(as_staff(program, Role.ANALYST).get(at(program)))

    assert "1 point per €1" in html or "1 points per €1" in html
    assert "20 points" in html
    assert "to 2 members" in html
    assert "82 of 100 points left" in html
    assert "Group “promo”" in html
    assert html.index("base") < html.index("promo-a") < html.index("promo-b")
    assert "Planned mugs" in html
    assert "New rule" not in html


def test_what_was_earned_long_ago_is_not_counted(program, manager):
    record(program, order("A", clock.now() - timedelta(days=40), 1000), now=clock.now())

    assert "to 1 member" not in text_of(manager.get(at(program)))


def test_a_retired_rule_stands_apart(program, manager):
    rules.retire(program=program, key="base", by=None, now=clock.now(), reason="over")

    html = text_of(manager.get(at(program)))

    assert html.index("promo-b") < html.index(">base<")


def test_a_program_without_rules_is_led_to_the_first(manager):
    empty = open_program(rules={})

    assert "No rules yet" in text_of(as_staff(empty).get(at(empty)))


def test_statements_do_not_grow_with_the_rules(program):
    small, large = open_program(rules={"a": BASE}), open_program(rules={f"r{n}": BASE for n in range(12)})
    counts = []
    for one in (small, large):
        client = as_staff(one)
        client.get(at(one))
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get(at(one))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_draft_is_compared_part_by_part(program, manager):
    draft(program, caps={"month": "50"}, priority=5)

    html = text_of(manager.get(at(program, "base/")))

    assert "at most 50 points per member and month" in html
    assert html.count('class="changed"') == 1


def test_a_draft_is_published_with_a_reason_and_gives_at_once(program, manager):
    draft(program, amount=BASE["amount"] | {"points": "3"}, name="Three")
    assert "Why" in text_of(manager.get(at(program, "base/publish/")))

    answer = manager.post(at(program, "base/publish/"), {"reason": "a good month", "revision": "1"})

    assert answer.url == at(program, "base/")
    with scope(program=program):
        version = RuleVersion.objects.get(rule__key="base", number=2)
        assert version.reason == "a good month"
        assert AuditEntry.objects.filter(action="rule.publish", reason="a good month").count() == 1
    record(program, order("A", clock.now(), 1000))
    assert balance(program).active == 30 + 9


def test_publishing_needs_a_reason(program, manager):
    draft(program)

    answer = manager.post(at(program, "base/publish/"), {"reason": "", "revision": "1"})

    assert answer.status_code == 422
    with scope(program=program):
        assert RuleDraft.objects.exists()


def test_a_draft_that_changed_after_the_review_is_not_published(program, manager):
    draft(program)
    draft(program, revision=1, caps={"day": "1"})

    answer = manager.post(at(program, "base/publish/"), {"reason": "ok", "revision": "1"})

    assert answer.status_code == 422
    assert "Somebody else changed this draft" in text_of(answer)
    with scope(program=program):
        assert RuleVersion.objects.filter(rule__key="base").count() == 1


def test_a_draft_is_planned_and_the_plan_taken_back(program, manager):
    draft(program, caps={"day": "1"})
    day = (clock.now() + timedelta(days=5)).date().isoformat()

    manager.post(
        at(program, "base/publish/"), {"reason": "soon", "revision": "1", "day": day, "time": "08:00"}
    )
    planned = text_of(manager.get(at(program, "base/")))
    manager.post(at(program, "base/cancel/"), {"reason": "not yet"})
    taken_back = text_of(manager.get(at(program, "base/")))

    assert "version 2 begins" in planned
    assert "planned" in planned
    assert "taken back" in taken_back
    assert "version 2 begins" not in taken_back


@pytest.mark.parametrize(("path", "extra"), [("publish/", {"revision": "1"}), ("retire/", {})])
def test_nothing_is_planned_into_the_past(program, manager, path, extra):
    draft(program)

    answer = manager.post(at(program, f"base/{path}"), {"reason": "x", "day": "2020-01-01", **extra})

    assert answer.status_code == 422
    assert "This moment is over" in text_of(answer)


def test_a_rule_is_retired_now_or_later(program, manager):
    later = (clock.now() + timedelta(days=5)).date().isoformat()

    manager.post(at(program, "promo-a/retire/"), {"reason": "over"})
    manager.post(at(program, "promo-b/retire/"), {"reason": "over", "day": later})

    assert "Retired" in text_of(manager.get(at(program, "promo-a/")))
    assert "ends " in text_of(manager.get(at(program, "promo-b/")))


def test_a_rule_that_another_needs_is_not_retired(manager, program):
    other = open_program(
        rules={"base": BASE, "double": {"amount": {"kind": "multiplier", "factor": "2", "of": ["base"]}}}
    )

    answer = as_staff(other).post(at(other, "base/retire/"), {"reason": "over"})

    assert answer.status_code == 422
    assert "“double” builds on this rule" in text_of(answer)


def test_versions_tell_who_when_why_and_what(program, manager):
    draft(program, caps={"day": "7"})
    manager.post(at(program, "base/publish/"), {"reason": "too <b>generous", "revision": "1"})

    html = text_of(as_staff(program, Role.ANALYST).get(at(program, "base/")))

    assert "Version 2" in html
    assert "Version 1" in html
    assert "too &lt;b&gt;generous" in html
    assert "manager-" in html
    assert "?from=1" not in html
    assert "?from=1" in text_of(manager.get(at(program, "base/")))


def test_a_draft_is_discarded(program, manager):
    draft(program)
    key = draft(program, "", name="Mugs").rule.key

    assert manager.post(at(program, "base/discard/"), {"revision": "1"}).url == at(program, "base/")
    assert manager.post(at(program, f"{key}/discard/"), {"revision": "1"}).url == at(program)

    with scope(program=program):
        assert not RuleDraft.objects.exists()
        assert not EarningRule.objects.filter(key=key).exists()


@pytest.mark.parametrize("path", ["base/publish/", "base/retire/", "base/cancel/", "base/discard/"])
def test_analysts_change_nothing(program, path):
    draft(program)

    answer = as_staff(program, Role.ANALYST).post(at(program, path), {"reason": "x", "revision": "1"})

    assert answer.status_code == 403
    with scope(program=program):
        assert RuleDraft.objects.exists()


@pytest.mark.parametrize("path", ["", "edit/", "publish/", "retire/", "cancel/"])
def test_a_rule_of_another_program_is_not_there(manager, program, path):
    open_program(rules={"theirs": BASE})

    assert manager.get(at(program, f"theirs/{path}")).status_code == 404


def test_cashiers_see_no_rules(program):
    assert as_staff(program, Role.CASHIER).get(at(program)).status_code == 403

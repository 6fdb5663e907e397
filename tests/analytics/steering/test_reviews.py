"""The monthly review: facts against a plain count, verdicts by their lines, decisions that stay."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.urls import reverse
from django_scopes import scope

from analytics import tasks
from analytics.models import Review, ReviewItem
from analytics.reviews import making, verdicts
from members.models import AuditEntry, Program, Role
from tests.members.teams import as_staff, hire
from tests.rewards.builders import bring_back, cancel, line, moment, open_program, order, record, record_each
from tests.rewards.catalogue import put_up
from tests.rewards.redemptions.shelf import reserve

NOW = moment("2026-11-02T08:00")
TODAY = date(2026, 11, 2)
OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


RULE = {"times": 100, "members": 60, "cost_minor": 100, "margin_minor": 1_000, "revenue_minor": 5_000}
EFFECT = {"low_minor": 10, "high_minor": 90, "margin_high_minor": 80, "cost_minor": 40}
JOURNEY = {"times": 10, "members": 10, "sent": 300, "clicked": 30, "effect": EFFECT}


@pytest.mark.parametrize(
    ("kind", "facts", "before", "verdict", "reason"),
    [
        ("rule", RULE, None, "keep", "cost_covered"),
        ("rule", RULE | {"times": 0}, None, "change", "unused"),
        ("rule", RULE | {"times": 0}, {"times": 3}, "change", "unused"),
        ("rule", RULE | {"times": 0}, {"times": 0}, "stop", "unused_twice"),
        ("rule", RULE | {"cost_minor": 500}, None, "keep", "cost_covered"),
        ("rule", RULE | {"cost_minor": 501}, None, "change", "cost_much"),
        ("rule", RULE | {"cost_minor": 1_000}, None, "stop", "cost_above_margin"),
        ("rule", RULE | {"margin_minor": None}, None, "keep", "margin_unknown"),
        ("rule", RULE | {"times": 49}, {"times": 100}, "change", "fell"),
        ("rule", RULE | {"times": 50}, {"times": 100}, "keep", "cost_covered"),
        ("rule", RULE | {"times": 1}, {"times": 19}, "keep", "cost_covered"),
        ("reward", RULE | {"is_out": True}, None, "change", "out_of_stock"),
        ("journey", JOURNEY, None, "keep", "effect_clear"),
        ("journey", JOURNEY | {"effect": None}, None, "keep", "no_holdout"),
        ("journey", JOURNEY | {"effect": EFFECT | {"low_minor": -5}}, None, "change", "effect_unclear"),
        ("journey", JOURNEY | {"effect": EFFECT | {"high_minor": -1}}, None, "stop", "effect_negative"),
        ("journey", JOURNEY | {"effect": EFFECT | {"cost_minor": 81}}, None, "stop", "effect_below_cost"),
        ("journey", JOURNEY | {"clicked": 2}, None, "change", "hardly_clicked"),
    ],
)
def test_each_line_of_the_rule(kind, facts, before, verdict, reason):
    found, reasons = verdicts.propose(kind=kind, facts=facts, before=before)

    assert (found, reasons[0]) == (verdict, reason)


@pytest.fixture
def program(db):
    """October: three orders that count, with a cost on one, and a gift that anna took."""
    found = open_program(margin_rate=4_000)
    put_up(found, "gift", price={"points": 5}, cost_minor=150)
    put_up(found, "mug", price={"points": 5})
    record_each(
        found,
        order("0", "2026-09-30T12:00", 9_900),
        order("1", "2026-10-01T12:00", line(1_000, "pen", cost_minor=700)),
        order("2", "2026-10-10T12:00", 2_000),
        order("3", "2026-10-11T12:00", 500, member="ben"),
        order("4", "2026-10-12T12:00", 700, member="ben"),
        cancel("4", "2026-10-13T12:00"),
        bring_back("r", "2026-10-20T12:00", "sku-2000", order="2"),
        order("5", "2026-11-01T12:00", 9_900),
    )
    reserve(found, "gift", now=moment("2026-10-15"))
    return found


def make(program, month=OCTOBER, **values):
    return making.make(program=program, month=month, today=TODAY, now=NOW, **values)


def items(program):
    with scope(program=program):
        return {(item.kind, item.key): item for item in ReviewItem.objects.all()}


def test_the_facts_are_those_of_the_month(program):
    make(program)

    found = items(program)
    rule, gift, mug = found["rule", "base"], found["reward", "gift"], found["reward", "mug"]
    # 300 with a known cost, and two fifths of 2,000 and of 500
    assert rule.facts == {
        "times": 3, "members": 2, "given": 35, "unit": "points", "cost_minor": 35, "revenue_minor": 1_500,
        "margin_minor": 300 + 800 + 200,
    }  # fmt: skip
    assert rule.verdict == "keep"
    assert (gift.facts["times"], gift.facts["cost_minor"], gift.facts["revenue_minor"]) == (1, 150, 1_000)
    assert gift.facts["margin_minor"] == 1_100
    assert (mug.verdict, mug.reasons) == ("change", ["unused"])


def test_without_a_margin_none_is_made_up(program):
    Program.objects.filter(pk=program.pk).update(margin_rate=None)

    make(program)

    assert items(program)["rule", "base"].facts["margin_minor"] is None
    assert "margin_unknown" in items(program)["rule", "base"].reasons


def test_who_took_a_reward_and_ordered_nothing_leaves_its_margin_known(program):
    record(program, order("6", "2026-09-10T12:00", 2_000, member="carl"))
    reserve(program, "gift", now=moment("2026-10-15"), key="c", member="carl")

    make(program)

    facts = items(program)["reward", "gift"].facts
    assert (facts["members"], facts["revenue_minor"], facts["margin_minor"]) == (2, 1_000, 1_100)


def test_twice_unused_is_stopped(program):
    make(program, date(2026, 9, 1))
    make(program)

    assert items(program)["reward", "mug"].verdict in {"stop", "change"}
    with scope(program=program):
        october = ReviewItem.objects.get(review__month=OCTOBER, key="mug")
    assert (october.verdict, october.reasons) == ("stop", ["unused_twice"])


def test_a_decision_stays_when_the_review_is_made_again(program):
    by = hire(program)
    make(program)
    mug = items(program)["reward", "mug"]

    making.decide(program=program, item_id=mug.pk, decision="keep", why="  New  mugs come.", by=by, now=NOW)
    make(program)

    again = items(program)["reward", "mug"]
    assert (again.pk, again.decision, again.why, again.decided_by_id) == (
        mug.pk,
        "keep",
        "New mugs come.",
        by.pk,
    )
    with scope(program=program):
        entry = AuditEntry.objects.get(action="review.decide")
        assert (entry.after["proposed"], entry.after["decision"], entry.reason) == (
            "change",
            "keep",
            "New mugs come.",
        )
        assert Review.objects.count() == 1


def test_a_month_that_is_not_over_is_not_reviewed(program):
    with pytest.raises(making.MonthNotOver):
        make(program, date(2026, 11, 1))


def test_the_task_reviews_each_month_once(program):
    assert (tasks.make_reviews(), tasks.make_reviews()) == (1, 0)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert tasks.make_reviews() == 0
    with time_machine.travel(moment("2026-12-01T06:00"), tick=False):
        assert tasks.make_reviews() == 1


def test_a_line_keeps_its_number_when_the_review_is_made_anew(program):
    """A page that was open meanwhile can still be decided upon, and what was decided meanwhile stays."""
    make(program)
    before = items(program)
    record(program, order("6", "2026-10-21T12:00", 2_000, member="carl"))

    make(program)

    after = items(program)
    assert {key: item.pk for key, item in after.items()} == {key: item.pk for key, item in before.items()}
    assert (before["rule", "base"].facts["times"], after["rule", "base"].facts["times"]) == (3, 4)


def ask(program, by):
    return making.ask(program=program, month=OCTOBER, today=TODAY, by=by, now=NOW)


def test_asked_twice_is_made_once(program):
    by = hire(program)

    first, second = ask(program, by), ask(program, by)

    assert (first[1], second[1], first[0].pk) == (True, False, second[0].pk)
    assert items(program) == {}
    assert (tasks.make_asked_reviews(), tasks.make_asked_reviews()) == (1, 0)
    assert len(items(program)) == 3
    with scope(program=program):
        assert AuditEntry.objects.filter(action="review.make").count() == 1
        assert (Review.objects.get().made_at, Review.objects.get().asked_at) == (NOW, None)


def test_a_review_that_is_only_asked_for_does_not_stand_for_the_monthly_one(program):
    ask(program, hire(program))

    assert tasks.make_reviews() == 1
    assert (len(items(program)), tasks.make_asked_reviews()) == (3, 0)


def test_what_cannot_be_made_says_so_and_can_be_asked_for_again(program, monkeypatch):
    staff = as_staff(program, Role.MANAGER)
    found, _is_new = ask(program, hire(program))
    with monkeypatch.context() as broken:
        broken.setattr("analytics.reviews.gathering.rewards", lambda month: 1 / 0)

        tasks.make_asked_reviews()

    address = reverse("analytics:review", args=[program.slug, found.pk])
    assert "The review could not be made. Ask for it again." in staff.get(address).text
    assert items(program) == {}
    assert ask(program, hire(program))[1]
    tasks.make_asked_reviews()
    assert "could not be made" not in staff.get(address).text


def test_a_database_that_is_away_is_waited_for(program, monkeypatch):
    ask(program, hire(program))

    def refuse(**_asked):
        raise OperationalError("away")

    with monkeypatch.context() as away:
        away.setattr("analytics.reviews.gathering.gather", refuse)
        with pytest.raises(OperationalError):
            tasks.make_asked_reviews()

    assert tasks.make_asked_reviews() == 1
    assert len(items(program)) == 3


def test_the_page_asks_until_the_review_is_there(program, monkeypatch):
    """Nothing is gathered within the request."""
    staff = as_staff(program, Role.MANAGER)
    with monkeypatch.context() as strict:
        strict.setattr("analytics.reviews.gathering.gather", lambda **_asked: 1 / 0)
        asked = staff.post(reverse("analytics:review_make", args=[program.slug]))
        waiting = staff.get(asked["Location"]).text
        part = staff.get(asked["Location"], headers={"HX-Request": "true"})
        listed = staff.get(reverse("analytics:reviews", args=[program.slug])).text

    tasks.make_asked_reviews()

    done = staff.get(asked["Location"], headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in waiting
    assert "The review is being prepared." in part.text
    assert "<html" not in part.text
    assert "Being prepared" in listed
    assert "/make/" not in listed
    assert done["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in staff.get(asked["Location"]).text


def test_pages_show_decide_and_remember(program):
    staff = as_staff(program, Role.MANAGER)
    made = staff.post(reverse("analytics:review_make", args=[program.slug]))
    tasks.make_asked_reviews()
    page = staff.get(made["Location"]).text
    mug = items(program)["reward", "mug"]
    decide = reverse("analytics:review_decide", args=[program.slug, mug.pk])

    refused = staff.post(decide, {"decision": "stop", "why": ""})
    staff.post(decide, {"decision": "stop", "why": "Nobody wants it."})
    with time_machine.travel(moment("2026-12-02T08:00"), tick=False):
        staff = as_staff(program, Role.MANAGER)
        again = staff.post(reverse("analytics:review_make", args=[program.slug]))
        tasks.make_asked_reviews()
        later = staff.get(again["Location"]).text

    assert "Nobody used it in this month." in page
    assert "How the proposals are made" in page
    assert refused.status_code == 422
    assert "October 2026: Stop. Uses since: from 0 to 0." in later
    assert "Nobody wants it." in staff.get(made["Location"]).text
    assert "October 2026" in staff.get(reverse("analytics:reviews", args=[program.slug])).text

"""Rewards that only holders can have, or have earlier: of a plan and of a tier alike."""

from __future__ import annotations

import pytest
from django_scopes import scope

from rewards import checking, redemptions, rulebook
from rewards.models import Tier
from rewards.plans import editing, reading, refunds
from rewards.redemptions import refusals, shelf
from tests.rewards import builders as b
from tests.rewards import plans_shop as p
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db
EARLY = {"kind": "early_access", "days": 3}
KEPT = {"kind": "rewards", "keys": ["mug"]}


@pytest.fixture
def program():
    found = b.open_program(units={"points": {"worth_numerator": 1}, "coins": {}})
    b.record(found, b.order("A", "2026-01-02", 100_000))
    put_up(found, "mug", price={"points": 100}, value_minor=900)
    return found


def obstacles(program, at, reward="mug"):
    found = shelf.offers(program=program, member=b.find(program, "anna"), now=b.moment(at), key=reward)
    return [error.code for error in found[0].obstacles]


def take(program, at, reward="mug", key="k"):
    return redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward=reward, key=key, now=b.moment(at)
    )


def test_a_kept_reward_names_the_plan_that_opens_it(program):
    p.put_up(program, benefits=[KEPT])

    assert obstacles(program, "2026-01-04") == ["reward_holders_only"]
    with pytest.raises(refusals.HoldersOnly, match="Club"):
        take(program, "2026-01-04")

    p.pay(program, "2026-01-05")
    assert obstacles(program, "2026-01-06") == []
    assert take(program, "2026-01-06").state == "reserved"


def test_after_the_term_it_is_closed_again(program):
    p.put_up(program, benefits=[KEPT])
    p.pay(program, "2026-01-05")

    assert obstacles(program, "2027-01-05T23:59") == []
    assert obstacles(program, "2027-01-06T00:00") == ["reward_holders_only"]


def test_others_may_have_what_no_plan_keeps(program):
    put_up(program, "pen", price={"points": 10})
    p.put_up(program, benefits=[KEPT])

    assert obstacles(program, "2026-01-04", "pen") == []


@pytest.mark.parametrize(
    ("at", "found"), [("2026-02-26T23:59", ["reward_not_yet"]), ("2026-02-27T00:00", [])]
)
def test_early_access_opens_it_some_days_before(program, at, found):
    put_up(program, "sale", price={"points": 10}, starts_at=b.moment("2026-03-02T00:00"))
    p.put_up(program, benefits=[EARLY])
    p.pay(program, "2026-01-05")

    assert obstacles(program, at, "sale") == found
    if not found:
        assert take(program, at, "sale").state == "reserved"


def test_without_the_plan_it_begins_when_it_begins(program):
    put_up(program, "sale", price={"points": 10}, starts_at=b.moment("2026-03-02T00:00"))
    p.put_up(program, benefits=[EARLY])

    with pytest.raises(refusals.NotYet):
        take(program, "2026-03-01T23:59", "sale")


def test_a_tier_opens_and_hurries_as_well():
    program = b.open_program(tiers={"base": (0, {}), "gold": (50_000, {})})
    put_up(program, "mug", price={"points": 1}, starts_at=b.moment("2026-03-02T00:00"))
    with scope(program=program):
        Tier.objects.filter(program=program, key="gold").update(benefits=[KEPT, EARLY, {"en": "A smile"}])
    rulebook.touch(program)
    b.record(program, b.order("A", "2026-01-02", 10_000))
    assert obstacles(program, "2026-03-03") == ["reward_holders_only"]

    b.record(program, b.order("B", "2026-01-03", 50_000))

    assert obstacles(program, "2026-02-26") == ["reward_not_yet"]
    assert obstacles(program, "2026-02-27T00:00") == []


def test_a_condition_can_ask_for_the_plan(program):
    tree = {"field": "standing.plans", "op": "has any", "value": ["club"]}
    put_up(program, "pen", price={"points": 10}, eligibility=tree)
    p.put_up(program, benefits=[])
    assert obstacles(program, "2026-01-04", "pen") == ["reward_not_eligible"]

    p.pay(program, "2026-01-05")

    assert obstacles(program, "2026-01-06", "pen") == []


def test_what_it_was_worth_counts_when_it_is_used_and_not_when_it_failed(program):
    p.put_up(program, benefits=[KEPT])
    term = p.pay(program, "2026-01-05")
    one = take(program, "2026-01-06")
    assert p.savings(program, term) == {}

    redemptions.fulfil(program=program, redemption_id=one.pk, now=b.moment("2026-01-06"))
    assert p.savings(program, term) == {"rewards": 800}  # 9.00 for 100 points of a cent each

    redemptions.fail(program=program, redemption_id=one.pk, reason="Broken", now=b.moment("2026-01-07"))
    assert p.savings(program, term) == {}
    assert checking.run(program=program, verify=True).faults == []


def test_what_was_taken_in_the_term_was_worth_it_though_it_is_used_afterwards(program):
    p.put_up(program, benefits=[KEPT])
    term = p.pay(program, "2026-01-05")
    one = redemptions.reserve(
        program=program,
        member=b.find(program, "anna"),
        reward="mug",
        key="k",
        now=b.moment("2027-01-04"),
        at_once=True,
    )

    redemptions.fulfil(program=program, redemption_id=one.pk, now=b.moment("2027-01-20"))

    assert p.savings(program, term) == {"rewards": 800}
    redemptions.fail(program=program, redemption_id=one.pk, reason="Broken", now=b.moment("2027-01-21"))
    assert p.savings(program, term) == {}


def test_what_the_plan_opened_counts_though_the_tier_opens_it_by_now():
    program = b.open_program(
        units={"points": {"worth_numerator": 1}}, tiers={"base": (0, {}), "gold": (50_000, {})}
    )
    put_up(program, "mug", price={"points": 1}, value_minor=9_000)
    with scope(program=program):
        Tier.objects.filter(program=program, key="gold").update(benefits=[KEPT])
    rulebook.touch(program)
    b.record(program, b.order("A", "2026-01-02", 10_000))
    p.put_up(program, benefits=[KEPT])
    term = p.pay(program, "2026-01-05")
    one = take(program, "2026-01-06T09:00", key="k")
    b.record(program, b.order("B", "2026-01-06T09:01", 50_000))

    with pytest.raises(refunds.RefundRefused, match="gained"):
        refunds.refund(program=program, term_id=term.pk, now=b.moment("2026-01-06T09:02"))
    redemptions.fulfil(program=program, redemption_id=one.pk, now=b.moment("2026-01-06T09:03"))
    assert p.savings(program, term)["rewards"] == 8_999


@pytest.mark.parametrize("at_once", [False, True])
def test_what_is_still_to_be_handed_over_counts_before_the_price_is_paid_back(program, at_once):
    put_up(program, "chair", price={"points": 100}, value_minor=2_601)
    p.put_up(program, benefits=[KEPT | {"keys": ["mug", "chair"]}])
    term, now = p.pay(program, "2026-01-05"), b.moment("2026-01-07")
    anna = b.find(program, "anna")
    one = redemptions.reserve(
        program=program, member=anna, reward="chair", key="k", now=b.moment("2026-01-06"), at_once=at_once
    )

    with pytest.raises(refunds.RefundRefused, match="gained"):
        refunds.refund(program=program, term_id=term.pk, now=now)
    with scope(program=program):
        (held,) = reading.held(program=program, member=anna, now=now)
    assert held.refund_refused is not None

    if at_once:
        redemptions.cancel(program=program, redemption_id=one.pk, reason="-", now=now)
    else:
        redemptions.release(program=program, redemption_id=one.pk, now=now)
    assert refunds.refund(program=program, term_id=term.pk, now=now) == 2_500


def test_what_the_tier_opens_anyway_is_no_reason_to_keep_the_price():
    program = b.open_program(units={"points": {"worth_numerator": 1}}, tiers={"base": (0, {})})
    put_up(program, "mug", price={"points": 1}, value_minor=9_000)
    with scope(program=program):
        Tier.objects.filter(program=program).update(benefits=[KEPT])
    rulebook.touch(program)
    b.record(program, b.order("A", "2026-01-02", 10_000))
    p.put_up(program, benefits=[KEPT])
    term = p.pay(program, "2026-01-05")
    take(program, "2026-01-06")

    assert refunds.refund(program=program, term_id=term.pk, now=b.moment("2026-01-07")) == 2_500


def test_a_reward_that_is_had_at_once_counts_until_it_failed(program):
    put_up(program, "swap", kind="units", price={"points": 100}, gives={"coins": 5}, value_minor=2_700)
    p.put_up(program, benefits=[KEPT | {"keys": ["swap"]}])
    term = p.pay(program, "2026-01-05")

    one = take(program, "2026-01-06", "swap")
    assert (one.state, p.savings(program, term)) == ("fulfilled", {"rewards": 2_600})

    redemptions.fail(program=program, redemption_id=one.pk, reason="Broken", now=b.moment("2026-01-07"))
    assert p.savings(program, term) == {}
    assert checking.run(program=program, verify=True).faults == []


def test_a_plan_must_name_what_there_is(program):
    for benefit, field in (
        ({"kind": "rewards", "keys": ["boat"]}, "keys"),
        ({"kind": "rate", "unit": "stars", "factor": "2"}, "unit"),
        ({"kind": "promise", "texts": {"ar": "x"}}, "texts"),
        ({"kind": "rate", "unit": "points", "factor": "1"}, "factor"),
        ({"kind": "percent_off", "percent": "0"}, "percent"),
        ({"kind": "percent_off", "percent": "10", "more": 1}, "kind"),
        ({"kind": "magic"}, "kind"),
        ({"kind": "early_access", "days": True}, "days"),
    ):
        with pytest.raises(editing.kinds.BenefitRefused) as refused:
            p.draft(program, "bad", benefits=[benefit])
        assert refused.value.field == field

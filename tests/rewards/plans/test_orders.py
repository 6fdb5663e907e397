"""Benefits of plans and tiers at work: faster points, member prices, free shipping, and what they were worth (43)."""

from __future__ import annotations

from datetime import date

import pytest
from django_scopes import scope

from rewards import checking, histories, intake, occasions, rulebook, withdrawals
from rewards.merging.joining import merge
from rewards.models import EarningRule, Tier
from rewards.plans import reading, refunds
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = pytest.mark.django_db


def shop(*benefits, units=None, **others):
    program = b.open_program(units=units or {"points": {"worth_numerator": 1}}, **others)
    b.join(program, "anna")
    p.put_up(program, benefits=list(benefits))
    return program


def goods(amount, discount=0, **others):
    return b.line(amount, discount_minor=discount, **others)


def shipping(amount, discount=0):
    return b.line(amount, "ship", kind="shipping", discount_minor=discount)


def give_benefits(program, tier, *benefits):
    with scope(program=program):
        Tier.objects.filter(program=program, key=tier).update(benefits=list(benefits))
    rulebook.touch(program)


# --- faster earning


def test_a_plan_doubles_what_is_earned_per_amount():
    program = shop(p.DOUBLE)
    term = p.pay(program, "2026-01-05")

    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert b.balance(program).active == 200
    assert p.savings(program, term) == {"rate": 100}  # 100 points more, a cent each


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-01-05T11:59", 100),
        ("2026-01-05T12:00", 200),
        ("2027-01-05T23:59", 200),
        ("2027-01-06T00:00", 100),
    ],
)
def test_it_holds_from_the_payment_to_the_end_of_the_term_also_for_late_orders(at, points):
    program = shop(p.DOUBLE)
    p.pay(program, "2026-01-05")

    b.record(program, b.order("A", at, 10_000), now="2027-06-01")

    assert b.balance(program).active == points


TIERS = {"base": (0, {}), "gold": (50_000, {"points": "3/2"})}


def golden(*benefits):
    program = shop(*benefits, tiers=TIERS)
    b.record(program, b.order("first", "2026-01-02", 50_000))
    p.pay(program, "2026-01-05")
    return program


@pytest.mark.parametrize(
    ("benefit", "points"),
    [
        (p.DOUBLE, 200),  # the higher of the two
        (p.DOUBLE | {"factor": "5/4"}, 150),
        (p.DOUBLE | {"on_top": True}, 300),
    ],
)
def test_tier_and_plan_together(benefit, points):
    program = golden(benefit)

    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert b.balance(program).active == 500 + points


def test_the_reasons_name_tier_and_plan():
    program = golden(p.DOUBLE | {"on_top": True})

    b.record(program, b.order("A", "2026-01-10", 10_000))

    with scope(program=program):
        (line, _first) = histories.lines_of(program=program, member=b.find(program, "anna"))
    steps = [dict(step) for step in line.awards[0].steps]
    assert steps[1:] == [
        {"step": "tier", "tier": "gold", "factor": "1.5", "amount": "150"},
        {"step": "plan", "plan": "club", "factor": "2", "amount": "300"},
    ]


def test_a_plan_that_only_draws_level_with_the_tier_was_worth_nothing():
    program = shop(p.DOUBLE | {"factor": "3/2"}, tiers=TIERS)
    b.record(program, b.order("first", "2026-01-02", 50_000))
    term = p.pay(program, "2026-01-05")

    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert p.savings(program, term) == {}


def test_a_rule_can_ask_for_the_plan_and_its_points_are_what_the_plan_was_worth():
    program = shop()
    b.publish(
        program,
        "members",
        {
            "amount": {"kind": "per_order", "points": "30"},
            "conditions": {"field": "standing.plans", "op": "has any", "value": ["club"]},
        },
    )
    b.record(program, b.order("before", "2026-01-02", 1_000))
    term = p.pay(program, "2026-01-05")

    b.record(program, b.order("A", "2026-01-10", 1_000))

    assert b.balance(program).active == 10 + 40
    assert p.savings(program, term) == {"rate": 30}


# --- member prices and free shipping


def test_the_preview_states_the_member_price_of_each_line_and_the_shipping():
    program = shop(p.TEN_OFF, p.FREE_SHIPPING | {"minimum_minor": 2_000})
    p.pay(program, "2026-01-05")

    item = b.order("A", "2026-01-10", goods(1_995), goods(5), shipping(490))
    found = intake.preview(program=program, item=item, now=b.moment("2026-01-10"))

    assert [
        (each["line"], each["kind"], each["due_minor"], each["given_minor"])
        for each in found.outcome.benefits
    ] == [(1, "percent_off", 200, 0), (3, "free_shipping", 490, 0)]  # 199.5 and 0.5 to the even


def test_what_the_shop_took_off_is_what_the_plan_was_worth():
    program = shop(p.TEN_OFF, p.FREE_SHIPPING)
    term = p.pay(program, "2026-01-05")

    b.record(program, b.order("A", "2026-01-10", goods(1_800, 200), goods(1_000), shipping(0, 490)))

    assert p.savings(program, term) == {"percent_off": 200, "free_shipping": 490}


def test_a_larger_discount_is_not_all_the_plans():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")

    b.record(program, b.order("A", "2026-01-10", goods(1_000, 1_000)))

    assert p.savings(program, term) == {"percent_off": 200}


def test_only_some_categories():
    program = shop(p.TEN_OFF | {"categories": ["Books"]})
    term = p.pay(program, "2026-01-05")

    b.record(
        program,
        b.order("A", "2026-01-10", goods(900, 100, category="Books"), goods(900, 100, category="Toys")),
    )

    assert p.savings(program, term) == {"percent_off": 100}


def test_what_the_tier_gives_anyway_was_not_the_plan():
    program = shop(p.TEN_OFF, p.FREE_SHIPPING, tiers=TIERS)
    give_benefits(program, "base", p.TEN_OFF, p.FREE_SHIPPING)
    term = p.pay(program, "2026-01-05")

    (outcome,) = b.record(program, b.order("A", "2026-01-10", goods(900, 100), shipping(0, 490)))

    assert {(each["source"], each["key"]) for each in outcome.benefits} == {("tier", "base")}
    assert p.savings(program, term) == {}


def test_a_repeat_of_the_order_is_told_the_same_and_counts_once():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    item = b.order("A", "2026-01-10", goods(900, 100))

    first, again = b.record(program, item)[0], b.record(program, item)[0]

    assert first.benefits == again.benefits != []
    assert p.savings(program, term) == {"percent_off": 100}


# --- returns and changes


def test_a_return_takes_back_what_the_returned_lines_had_saved():
    program = shop(p.TEN_OFF, p.DOUBLE)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(900, 100, sku="x"), goods(9_000, 1_000, sku="y")))
    assert p.savings(program, term) == {"percent_off": 1_100, "rate": 99}

    b.record(program, b.bring_back("R", "2026-01-12", "y", order="A"))
    assert p.savings(program, term) == {"percent_off": 100, "rate": 9}

    b.record(program, b.cancel("A", "2026-01-13"))
    assert p.savings(program, term) == {}


def test_a_return_after_the_term_is_priced_with_it():
    program = shop(p.DOUBLE)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2027-01-05", goods(10_000, sku="x"), goods(10_000, sku="y")))

    b.record(program, b.bring_back("R", "2027-02-01", "x", order="A"))

    assert b.balance(program).active == 200
    assert p.savings(program, term) == {"rate": 100}


def test_part_of_the_money_back_takes_its_part_of_what_was_saved():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(900, 100)))

    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=450))

    assert p.savings(program, term) == {"percent_off": 50}


def test_a_changed_order_counts_as_it_is_now():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(900, 100)))

    b.record(program, b.order("A", "2026-01-10", goods(1_800, 200), revision=1), now="2026-01-11")

    assert p.savings(program, term) == {"percent_off": 200}


def test_an_order_that_is_claimed_later_counts_once():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(900, 100), member=None))

    b.record(program, b.order("A", "2026-01-10", goods(900, 100), revision=1), now="2026-01-11")

    assert p.savings(program, term) == {"percent_off": 100}


# --- the price back


def refund(program, term, at, **others):
    return refunds.refund(program=program, term_id=term.pk, now=b.moment(at), **others)


def test_the_price_comes_back_within_the_days_and_the_benefits_end():
    program = shop(p.DOUBLE)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert refund(program, term, "2026-01-19T23:59") == 2_500
    assert refund(program, term, "2026-01-25") == 2_500  # a repeat

    b.record(program, b.order("B", "2026-01-20", 10_000))
    assert b.balance(program).active == 200 + 100
    kept = p.term(program, term.pk)
    assert (kept.state, kept.stopped_at) == ("refunded", b.moment("2026-01-19T23:59"))
    assert p.events(program) == ["plan.started", "plan.refunded"]


def test_an_order_of_the_days_before_the_refund_is_priced_with_the_plan():
    program = shop(p.DOUBLE)
    term = p.pay(program, "2026-01-05")
    refund(program, term, "2026-01-10")

    b.record(program, b.order("A", "2026-01-09", 10_000), now="2026-01-15")

    assert b.balance(program).active == 200


def test_after_the_days_it_is_refused():
    program = shop(p.DOUBLE)
    term = p.pay(program, "2026-01-05")

    with pytest.raises(refunds.RefundRefused, match="days"):
        refund(program, term, "2026-01-20T00:00")


@pytest.mark.parametrize(("amount", "is_refused"), [(25_000, False), (25_010, True)])
def test_who_gained_more_than_the_price_does_not_get_it_back(amount, is_refused):
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(amount * 9 // 10, amount // 10)))

    if is_refused:
        with pytest.raises(refunds.RefundRefused, match="gained"):
            refund(program, term, "2026-01-12")
    else:
        assert refund(program, term, "2026-01-12") == 2_500


@pytest.mark.parametrize("kind", ["plan.started", "plan.renewed"])
def test_what_rules_gave_for_the_payment_goes_with_the_price(kind):
    program = shop(p.TEN_OFF)
    definition = {"amount": {"kind": "fixed", "points": "500"}, "budget": "700", "caps": {"month": "500"}}
    b.publish(program, "hello", {"trigger": {"on": "event", "kind": kind}, **definition})
    times = ["2026-01-05", "2026-01-07"]
    if kind == "plan.renewed":
        p.pay(program, "2025-01-20")

    for at in times:
        term = p.pay(program, at)
        assert b.balance(program).active == 500
        assert refund(program, term, at) == 2_500
        assert b.balance(program) == b.Balance()

    with scope(program=program):
        assert EarningRule.objects.get(key="hello").spent == 0
    assert b.wrong_wallets(program) == []
    assert checking.run(program=program, verify=True).faults == []


def test_what_an_event_gave_because_of_a_plan_is_its_worth_until_it_is_taken_back():
    holders = {"field": "standing.plans", "op": "has any", "value": ["club"]}
    review = {"trigger": {"on": "event", "kind": "review"}, "amount": {"kind": "fixed", "points": "50"}}
    program = shop(rules={"review": {**review, "conditions": holders}})
    term = p.pay(program, "2026-01-05")

    b.record(program, b.event("E", "review", "2026-01-06"))
    assert p.savings(program, term) == {"rate": 50}

    withdrawals.withdraw(
        program=program, source="shop", kind="review", external_id="E", now=b.moment("2026-01-07")
    )
    assert p.savings(program, term) == {}
    assert checking.run(program=program, verify=True).faults == []


def test_a_return_makes_the_price_refundable_again():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", goods(90_000, 10_000)))
    with pytest.raises(refunds.RefundRefused):
        refund(program, term, "2026-01-12")

    b.record(program, b.cancel("A", "2026-01-13"))

    assert refund(program, term, "2026-01-13") == 2_500


def test_staff_may_make_an_exception_and_say_why():
    program = shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")

    with pytest.raises(Exception, match=r"[Rr]eason"):
        refund(program, term, "2026-06-01", is_exception=True, by=b.staff())
    assert refund(program, term, "2026-06-01", is_exception=True, by=b.staff(), reason="Kind") == 2_500


def test_the_later_of_two_terms_first():
    program = shop(p.TEN_OFF)
    first = p.pay(program, "2026-01-05")
    second = p.pay(program, "2027-01-01")

    with pytest.raises(refunds.RefundRefused, match="later"):
        refund(program, first, "2027-01-02")
    assert refund(program, second, "2027-01-02") == 2_500
    assert p.pay(program, "2027-01-03").streak == 2


def test_another_program_does_not_find_the_term():
    program, other = shop(p.TEN_OFF), shop(p.TEN_OFF)
    term = p.pay(program, "2026-01-05")

    with pytest.raises(refunds.NotFound):
        refund(other, term, "2026-01-06")


# --- birthdays


def test_a_birthday_gift_comes_once_a_year_to_holders_only():
    gift = {"kind": "birthday", "unit": "points", "amount": 250}
    program = b.open_program(units={"points": {"worth_numerator": 1}})
    b.join(program, "anna", birthday=date(1990, 6, 1))
    b.join(program, "bea", birthday=date(1990, 6, 1))
    p.put_up(program, benefits=[gift])
    term = p.pay(program, "2026-01-05")

    for at in ("2026-06-01T06:00", "2026-06-01T18:00", "2026-06-03"):
        occasions.record_due(program=program, now=b.moment(at))

    assert (b.balance(program).active, b.balance(program, "bea").active) == (250, 0)
    assert p.savings(program, term) == {"birthday": 250}
    assert b.wrong_wallets(program) == []
    assert checking.run(program=program, verify=True).faults == []


def test_nobody_is_looked_for_where_nothing_is_promised():
    program = shop(p.DOUBLE)
    b.join(program, "bea", birthday=date(1990, 6, 1))
    p.pay(program, "2026-01-05")

    assert occasions.record_due(program=program, now=b.moment("2026-06-01")) == 0


# --- others


def test_nobody_outside_tells_that_a_plan_was_renewed():
    program = shop(p.DOUBLE)

    (outcome,) = b.record(program, b.event("E", "plan.renewed", "2026-01-10"))

    assert (outcome.status, outcome.code) == ("refused", "event_kind_reserved")


def test_a_plan_goes_with_whom_its_holder_was_merged_into():
    program = shop(p.DOUBLE)
    b.join(program, "bea")
    term = p.pay(program, "2026-01-05", member="bea")
    merge(
        program=program,
        kept=b.find(program, "anna"),
        gone=b.find(program, "bea"),
        reason="The same",
        by=b.staff(),
        key="m",
        now=b.moment("2026-01-08"),
    )

    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert b.balance(program).active == 200
    assert p.savings(program, term) == {"rate": 100}
    with scope(program=program):
        held = reading.held(program=program, member=b.find(program, "anna"), now=b.moment("2026-01-10"))
        assert [one.is_running for one in held] == [True]

"""Points and credit that pay for part of an order, and come back with it. Numbers in comments are lines of SEMANTICS."""

from dataclasses import replace

import pytest
from django_scopes import scope

from members.models import Member, Order, OrderLine
from rewards import checking, intake
from rewards.intake.items import TenderIn
from rewards.models import Tender
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")
NOTHING = {"base": {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}}
# A thousand points are worth 10.00.
POINT = {"points": {"worth_numerator": 1, "worth_denominator": 1}}


@pytest.fixture
def program():
    """Anna has 1,000 points worth 10.00, and orders earn her nothing that counts."""
    found = b.open_program(rules=NOTHING, units=POINT)
    b.join(found, "anna")
    b.adjust(found, 1000, "2026-01-01")
    return found


def order(number: str, *lines, day: str = "2026-01-02", **more):
    return b.order(number, day, *(lines or (MUG, TEA)), **more)


def points(program) -> int:
    return b.balance(program).active


def tenders(program, number: str = "B") -> list[tuple[str, int, int]]:
    with scope(program=program):
        rows = Tender.objects.filter(order_id=b.stored_order(program, number).pk).order_by("pk")
        return [(row.kind, row.amount, row.money_minor) for row in rows]


def bases(program, number: str = "B") -> list[int]:
    found = b.stored_order(program, number)
    with scope(program=program):
        lines = OrderLine.objects.filter(order_id=found.pk, revision=found.revision).order_by("position")
        return [line.basis_minor for line in lines]


def sound(program) -> bool:
    report = checking.run(program=program, verify=True)
    assert not report.faults
    return True


def test_points_pay_for_part_of_an_order_in_its_own_posting(program):
    told = b.pay(program, order("B"), TenderIn("points", amount=600))

    assert told.status == "recorded"
    assert points(program) == 400
    assert (told.payment["total_minor"], told.payment["paid_minor"], told.payment["left_minor"]) == (
        10_000,
        600,
        9400,
    )
    assert [line["paid_minor"] for line in told.payment["lines"]] == [
        360,
        240,
    ]  # spread by what the lines cost
    assert bases(program) == [5640, 3760]  # 17: what points paid earns nothing
    assert tenders(program) == [("pay", 600, 600)]
    assert sound(program)


def test_money_takes_as_few_units_as_pay_it(program):
    b.change_unit(program, worth_numerator=1, worth_denominator=3)

    told = b.pay(program, order("B"), TenderIn("points", money_minor=100))

    assert told.payment["tenders"][0]["amount"] == 300
    assert told.payment["paid_minor"] == 100


def test_what_units_pay_is_rounded_down_to_the_minor_unit(program):
    b.change_unit(program, worth_numerator=1, worth_denominator=3)

    told = b.pay(program, order("B"), TenderIn("points", amount=500))

    assert told.payment["paid_minor"] == 166


def test_a_tender_without_figures_pays_what_is_there_and_no_more_than_is_due(program):
    all_of_it = b.pay(program, order("B"), TenderIn("points"))
    b.adjust(program, 700, "2026-01-03")
    no_more = b.pay(program, order("C", b.line(300), day="2026-01-03"), TenderIn("points"))

    assert all_of_it.payment["paid_minor"] == 1000
    assert (no_more.payment["paid_minor"], no_more.payment["left_minor"]) == (300, 0)
    assert points(program) == 400


def test_the_parts_of_the_lines_sum_to_what_was_paid(program):
    lines = [b.line(333, "a"), b.line(333, "b"), b.line(334, "c")]

    told = b.pay(program, order("B", *lines), TenderIn("points", amount=500))

    parts = [line["paid_minor"] for line in told.payment["lines"]]
    assert sum(parts) == 500
    assert sorted(parts) == [166, 167, 167]


@pytest.mark.parametrize(
    ("tender", "code"),
    [
        (TenderIn("points", amount=1001), "insufficient_points"),
        (TenderIn("points", money_minor=1001), "insufficient_points"),
        (TenderIn("stars"), "unit_unknown"),
        (TenderIn("points", amount=5, money_minor=5), "tender_invalid"),
        (TenderIn(), "tender_invalid"),
        (TenderIn("points", amount=0), "number_invalid"),
    ],
)
def test_what_cannot_pay_refuses_the_order_whole(program, tender, code):
    told = b.pay(program, order("B"), tender)

    assert (told.status, told.code) == ("refused", code)
    assert points(program) == 1000
    with scope(program=program), pytest.raises(Order.DoesNotExist):
        b.stored_order(program, "B")


def test_more_than_the_order_costs_is_refused_with_the_most_there_is(program):
    told = b.pay(program, order("B", b.line(500)), TenderIn("points", amount=501))

    assert (told.status, told.code) == ("refused", "tender_too_large")
    assert "5.00" in told.message


def test_a_unit_that_is_worth_nothing_pays_nothing(program):
    b.change_unit(program, worth_numerator=0)

    assert b.pay(program, order("B"), TenderIn("points")).code == "tender_without_worth"


def test_without_the_owners_word_nothing_is_paid(program):
    item = replace(order("B"), tenders=(TenderIn("points", amount=5),))

    told = b.record(program, item)[0]

    assert told.code == "authorization_missing"
    assert points(program) == 1000


def test_an_order_pays_with_nothing_that_it_earns_itself():
    program = b.open_program(units=POINT)

    told = b.pay(program, order("B"), TenderIn("points", amount=5))

    assert told.code == "member_unknown"
    b.join(program, "anna")
    assert b.pay(program, order("B"), TenderIn("points", amount=5)).code == "insufficient_points"
    assert points(program) == 0


def test_a_repeat_gets_the_first_answer_and_spends_nothing(program):
    first = b.pay(program, order("B"), TenderIn("points", amount=600))

    again = b.pay(program, order("B"), TenderIn("points", amount=600))
    other = b.pay(program, order("B"), TenderIn("points", amount=500))

    assert (again.status, again.payment) == ("repeated", first.payment)
    assert other.code == "fact_contradicts"
    assert points(program) == 400


def test_a_blocked_member_pays_with_nothing(program):
    with scope(program=program):
        Member.objects.update(state="blocked")

    assert b.pay(program, order("B"), TenderIn("points")).code == "member_not_active"


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_return_gives_back_its_share_in_points_and_money(program):
    b.pay(program, order("B"), TenderIn("points", amount=599))

    first = b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))[0]
    second = b.record(program, b.bring_back("S", "2026-01-04", "mug", order="B"))[0]

    assert first.restored == [
        {"unit": "points", "card": "", "amount": 240, "money_minor": 240}
    ]  # 28: 239.6 up
    assert second.restored == [{"unit": "points", "card": "", "amount": 359, "money_minor": 359}]
    assert points(program) == 1000
    assert tenders(program) == [("pay", 599, 599), ("refund", 240, 240), ("refund", 359, 359)]
    assert sound(program)


def test_refunds_of_every_size_in_any_order_give_back_no_more_than_was_paid(program):
    b.pay(program, order("B"), TenderIn("points", amount=7))

    for number in range(30):
        b.record(program, b.bring_back(f"R{number}", "2026-01-03", order="B", amount_minor=777))

    assert points(program) == 1000
    assert sum(money for kind, _amount, money in tenders(program) if kind == "refund") == 7
    assert sound(program)


def test_a_cancellation_gives_back_all_of_it(program):
    b.pay(program, order("B"), TenderIn("points", amount=600))

    told = b.record(program, b.cancel("B", "2026-01-03"))[0]

    assert told.restored[0]["money_minor"] == 600
    assert points(program) == 1000
    assert sound(program)


def test_a_return_that_came_before_its_order_takes_effect_with_it(program):
    b.record(program, b.bring_back("R", "2026-01-02", "tea", order="B"))

    told = b.pay(program, order("B"), TenderIn("points", amount=600))

    assert told.restored == [{"unit": "points", "card": "", "amount": 240, "money_minor": 240}]
    assert points(program) == 640
    assert sound(program)


def test_a_change_keeps_what_was_paid_while_the_order_costs_as_much(program):
    b.pay(program, order("B"), TenderIn("points", amount=600))

    b.record(program, order("B", MUG, TEA, b.line(2000, "jam"), day="2026-01-02", revision=1))

    assert points(program) == 400
    assert bases(program) == [5700, 3800, 1900]  # 17: 600 of 120.00 are off
    assert sound(program)


def test_a_change_gives_back_what_is_more_than_the_order_now_costs(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))

    told = b.record(program, order("B", b.line(500, "tea"), revision=1))[0]

    assert points(program) == 500
    assert told.restored == [{"unit": "points", "card": "", "amount": 400, "money_minor": 400}]
    assert tenders(program) == [("pay", 900, 900), ("cut", 400, 400)]
    assert bases(program) == [0]
    b.record(program, b.cancel("B", "2026-01-04"))
    assert points(program) == 1000
    assert sound(program)


def test_each_change_tells_what_it_gives_back_itself(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))

    told = b.record(
        program,
        order("B", b.line(500, "tea"), revision=1),
        order("B", b.line(300, "tea"), revision=2),
    )

    assert [one.restored[0]["money_minor"] for one in told] == [400, 200]
    assert sound(program)


def test_an_order_that_shrank_and_grew_again_is_paid_with_what_stayed(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))
    b.record(program, order("B", b.line(500, "tea"), revision=1))

    b.record(program, order("B", MUG, TEA, revision=2))

    assert points(program) == 500
    assert bases(program) == [5700, 3800]
    b.record(program, b.cancel("B", "2026-01-04"))
    assert points(program) == 1000
    assert sound(program)


def test_a_change_of_a_partly_returned_order_restores_no_more_than_was_paid(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))
    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))

    b.record(program, order("B", b.line(600, "mug"), revision=1))
    b.record(program, b.cancel("B", "2026-01-04"))

    assert points(program) == 1000
    assert sound(program)


def test_a_smaller_change_of_a_returned_order_gives_back_nothing_twice(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))
    b.record(program, b.bring_back("R", "2026-01-03", "mug", "tea", order="B"))
    assert points(program) == 1000

    b.record(program, order("B", b.line(500, "tea"), revision=1))

    assert points(program) == 1000
    assert tenders(program) == [("pay", 900, 900), ("refund", 900, 900)]
    assert sound(program)


def test_a_smaller_change_of_a_partly_returned_order_cuts_what_is_not_refunded(program):
    b.pay(program, order("B"), TenderIn("points", amount=900))
    b.record(program, b.bring_back("R", "2026-01-03", "mug", order="B"))

    b.record(program, order("B", b.line(100, "tea"), revision=1))

    assert tenders(program) == [("pay", 900, 900), ("refund", 540, 540), ("cut", 360, 360)]
    assert points(program) <= 1000
    b.record(program, b.cancel("B", "2026-01-04"))
    assert points(program) == 1000
    assert sound(program)


def test_a_change_with_tenders_is_refused(program):
    b.pay(program, order("B"), TenderIn("points", amount=600))

    told = b.pay(program, order("B", revision=1), TenderIn("points", amount=100))

    assert told.code == "tenders_fixed"
    assert points(program) == 400


def test_points_spent_besides_come_back_beside_the_tender(program):
    b.pay(program, order("B"), TenderIn("points", amount=300))
    b.spend(program, 100, "2026-01-02", order="B")

    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))

    assert points(program) == 600 + 160
    b.record(program, b.cancel("B", "2026-01-04"))
    assert b.balance(program) == Balance(active=1000)
    assert sound(program)


# --- preview --------------------------------------------------------------------------------------------------------


def test_a_preview_tells_how_it_would_be_paid_and_writes_nothing(program):
    item = replace(order("B"), tenders=(TenderIn("points", amount=600),))

    shown = intake.preview(program=program, item=item, now=item.occurred_at)

    assert shown.outcome.payment["left_minor"] == 9400
    assert points(program) == 1000
    assert shown.quote


def test_a_quote_holds_for_its_way_of_paying_only(program):
    item = replace(order("B"), tenders=(TenderIn("points"),))
    quote = intake.preview(program=program, item=item, now=item.occurred_at).quote
    b.spend(program, 1, "2026-01-02")

    less = b.pay(program, order("B", quote=quote), TenderIn("points"))
    other = b.pay(program, order("B", quote=quote), TenderIn("points", amount=5))
    none = b.record(program, order("B", quote=quote))[0]

    assert [told.code for told in (less, other, none)] == ["quote_refused"] * 3
    b.adjust(program, 1, "2026-01-02")
    assert b.pay(program, order("B", quote=quote), TenderIn("points")).status == "recorded"

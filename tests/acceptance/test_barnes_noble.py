"""Paid membership (P3): a member's year, day by day, over the API and the till. Numbers in comments are lines of
SEMANTICS.md."""

import pytest
import time_machine

from loyaltysite.kit import clock
from rewards import occasions
from rewards.models import Plan
from rewards.plans import editing
from tests.acceptance.years import WHO, Year
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


class Membership(Year):
    """A year in which the shop sells memberships and applies member prices."""

    def buy(self, moment, payment="pay-1", **more):
        self.at(moment)
        body = {"member": self.member.pk, "payment": payment} | more
        return self.shop.post("plans/premium/terms", body)

    @property
    def terms(self):
        return self._ok(self.shop.get(f"members/{self.member.pk}/plans"))["items"]

    @property
    def term(self):
        return self.terms[0]

    def price(self, *lines):
        """What the member is to pay for each line, as the shop asks before it sells."""
        asked = self._ok(self.shop.post("orders/preview", self._content("preview", lines)))
        due = {each["line"]: each["due_minor"] for each in asked["benefits"]}
        return [
            line | {"amount_minor": line["amount_minor"] - due.get(at, 0), "discount_minor": due.get(at, 0)}
            for at, line in enumerate(lines, 1)
        ]

    def sell_to(self, moment, *lines):
        """Asked, applied, and sent: the number of the order."""
        self.at(moment)
        return self.order(moment, *self.price(*lines))

    def refund(self, moment, **more):
        self.at(moment)
        return self.shop.post(f"terms/{self.term['id']}/refund", more)

    def events(self):
        found = self._ok(self.shop.get("events", member=self.member.pk, since="2026-01-01T00:00:00Z"))[
            "items"
        ]
        return [each["kind"] for each in reversed(found) if each["kind"].startswith("plan.")]

    def _content(self, number, lines):
        return {
            "source": "shop", "external_id": number, "occurred_at": clock.now().isoformat(), "currency": "EUR",
            "member": WHO, "lines": list(lines),
        }  # fmt: skip


def book(amount_minor, sku="book"):
    return {"sku": sku, "quantity": 1, "amount_minor": amount_minor, "category": "Books"}


def parcel(amount_minor=490):
    return {"sku": "parcel", "quantity": 1, "amount_minor": amount_minor, "kind": "shipping"}


@pytest.fixture
def year():
    with time_machine.travel("2026-01-05T08:00:00Z", tick=False) as traveller:
        found = Membership("barnes-noble", traveller)
        found.order("2026-01-05T09:00", book(2_000))  # an existing customer
        yield found
        found.close()


def test_who_does_not_pay_collects_and_pays_full_prices(year):
    assert year.price(book(3_000), parcel())[0]["discount_minor"] == 0

    year.order("2026-01-06", book(3_000), parcel())

    assert year.balance == 20 + 30
    assert "reward_holders_only" in year.offers()["tote"]


def test_25_a_year_from_the_payment_to_the_end_of_that_day_next_year(year):
    term = year.buy("2026-02-10T10:00").json()

    assert (term["price_minor"], term["starts_at"], term["ends_at"]) == (
        2_500, "2026-02-10T10:00:00Z", "2027-02-11T00:00:00Z",
    )  # fmt: skip
    assert year.events() == ["plan.started"]


def test_member_prices_and_free_shipping_are_told_applied_and_counted(year):
    year.buy("2026-02-10T10:00")

    year.sell_to("2026-02-11", book(3_000), parcel())

    assert year.balance == 20 + 54  # twice 27.00
    assert year.term["saved"] == {"percent_off": 300, "free_shipping": 490, "rate": 27}
    assert year.term["saved_minor"] == 817  # "saved 8.17 of 25.00"


def test_at_the_till_the_points_double_at_once(year):
    year.buy("2026-02-10T10:00")

    year.sell("2026-02-11T12:00", year.member.number, 1_000)

    assert year.balance == 20 + 20


def test_the_year_pays_for_itself(year):
    year.buy("2026-02-10T10:00")

    for month in ("03", "06", "09", "12"):
        year.sell_to(f"2026-{month}-01", book(4_000), parcel())

    assert year.term["saved_minor"] == 4 * (400 + 490 + 36)  # 37.04 of 25.00


def test_a_late_order_has_the_prices_of_its_own_day(year):
    year.buy("2026-02-10T10:00")
    year.at("2027-06-01")
    late = year._content("late", [book(2_700) | {"discount_minor": 300}]) | {
        "occurred_at": "2027-02-10T23:59:00Z"
    }

    year._ok(year.shop.post("orders", late))

    assert year.balance == 20 + 54
    assert year.term["saved"]["percent_off"] == 300


def test_a_return_takes_back_points_and_what_was_saved(year):
    year.buy("2026-02-10T10:00")
    number = year.sell_to("2026-02-11", book(3_000, "a"), book(2_000, "b"))
    assert year.term["saved"] == {"percent_off": 500, "rate": 45}

    year.give_back("2026-02-13", number, "a")

    assert year.balance == 20 + 36
    assert year.term["saved"] == {"percent_off": 200, "rate": 18}  # 24


def test_a_return_after_the_year_is_priced_with_it(year):
    year.buy("2026-02-10T10:00")
    number = year.sell_to("2027-02-10", book(3_000, "a"), book(2_000, "b"))
    year.night("2027-02-11T00:00")

    year.give_back("2027-02-20", number, "a")

    assert year.balance == 20 + 36


def test_the_tote_is_for_members_and_once_a_year(year):
    year.order("2026-01-06", book(30_000))
    year.buy("2026-02-10T10:00")
    assert year.offers()["tote"] == []

    tote = year.redeem("2026-02-11T10:00", "tote")
    assert year.hand_over(year.code_of(tote)) == 200
    assert year.term["saved"] == {"rewards": 800}  # 9.00 for points worth 1.00

    assert year.redeem("2026-03-01T10:00", "tote")["code"] == "reward_limit_reached"
    year.night("2027-02-11T00:00")
    assert "reward_holders_only" in year.offers()["tote"]


def test_a_birthday(year):
    member = year.member
    member.birthday = b.moment("1990-04-01").date()
    member.save()
    year.buy("2026-02-10T10:00")

    for at in ("2026-04-01T06:00", "2026-04-01T20:00"):
        year.at(at)
        occasions.record_due(program=year.program, now=clock.now())

    assert year.balance == 20 + 100
    assert year.term["saved"] == {"birthday": 100}


def test_renewed_before_the_end_it_goes_on_without_a_gap(year):
    year.buy("2026-02-10T10:00")
    assert (
        year.buy("2026-12-01", "pay-2").json()["code"] == "plan_held"
    )  # too early: nobody pays twice by mistake

    term = year.buy("2027-01-20", "pay-2").json()

    assert (term["starts_at"], term["ends_at"], term["streak"]) == (
        "2027-02-11T00:00:00Z", "2028-02-11T00:00:00Z", 2,
    )  # fmt: skip
    year.night("2027-02-11T00:00")
    assert [each["state"] for each in year.terms] == ["active", "ended"]
    year.sell_to("2027-02-12", book(1_000))
    assert year.term["saved"] == {"percent_off": 100, "rate": 9}
    assert year.events() == ["plan.started", "plan.renewed"]


def test_a_lapse_is_told_before_and_prices_are_full_again(year):
    year.buy("2026-02-10T10:00")

    year.night("2027-01-28T00:00")
    year.night("2027-02-11T00:00")

    assert year.events() == ["plan.started", "plan.ending", "plan.ended"]
    assert year.price(book(3_000))[0]["discount_minor"] == 0
    year.order("2027-02-12", book(1_000))
    assert year.balance == 20 + 10
    again = year.buy("2027-03-01", "pay-2").json()
    assert (again["streak"], again["starts_at"]) == (1, "2027-03-01T12:00:00Z")


def test_leaving_keeps_what_is_paid(year):
    year.buy("2026-02-10T10:00")
    year.at("2026-05-01")
    year._ok(year.shop.post(f"members/{year.member.pk}/plans/leave", {"plan": "premium"}))

    year.sell_to("2026-06-01", book(1_000))
    year.night("2027-01-28T00:00")
    year.night("2027-02-11T00:00")

    assert year.term["saved"] == {"percent_off": 100, "rate": 9}
    assert year.events() == ["plan.started", "plan.left", "plan.ended"]  # nobody asks to renew


def test_the_price_comes_back_within_14_days(year):
    year.buy("2026-02-10T10:00")
    year.sell_to("2026-02-11", book(3_000))

    answer = year.refund("2026-02-24T23:59")

    assert answer.json()["amount_minor"] == 2_500  # 43
    assert year.price(book(3_000))[0]["discount_minor"] == 0
    year.order("2026-02-25T10:00", book(1_000))
    assert year.balance == 20 + 54 + 10


def test_on_the_fifteenth_day_it_is_too_late(year):
    year.buy("2026-02-10T10:00")

    assert year.refund("2026-02-25T00:00").json()["code"] == "refund_refused"


def test_who_gained_more_than_the_price_keeps_the_plan_until_the_goods_come_back(year):
    year.buy("2026-02-10T10:00")
    number = year.sell_to("2026-02-11", book(30_000))
    assert year.refund("2026-02-12").json()["code"] == "refund_refused"  # 30.00 and points

    year.give_back("2026-02-13", number)

    assert year.refund("2026-02-14").json()["amount_minor"] == 2_500
    assert (year.balance, year.term["saved"]) == (20, {})


def test_paid_once_it_has_no_end(year):
    editing.change(program=year.program, key="premium", by=None, now=clock.now(), months=None)
    term = year.buy("2026-02-10T10:00").json()

    year.night("2036-02-10")

    assert (term["ends_at"], year.term["is_running"]) == (None, True)
    assert year.price(book(3_000))[0]["discount_minor"] == 300


def test_the_plan_is_told_in_four_languages(year):
    (plan,) = year._ok(year.shop.get("plans"))["items"]

    assert (
        plan["names"].keys() == plan["summaries"].keys() == plan["terms"].keys() == {"en", "ar", "he", "fa"}
    )
    assert plan["state"] == Plan.State.LIVE

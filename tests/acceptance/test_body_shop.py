"""Points for good (P5): a member's year, day by day. Numbers in comments are lines of SEMANTICS.md."""

from __future__ import annotations

import re
import uuid

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from loyaltysite.kit import clock
from members.models import Role, User
from rewards import passcodes
from rewards.causes import editing
from tests.acceptance.years import Year
from tests.members.teams import as_staff
from tests.rewards.test_portal_rewards import enter, text_of, url
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db


class Giver(Year):
    """A year in which anna also gives."""

    def give(self, moment, amount, cause="animals"):
        """The answer of the API, allowed by the code that the member's page shows in that minute."""
        self.at(moment)
        code = passcodes.show(member=self.member, now=clock.now()).code
        body = {
            "cause": cause,
            "unit": "points",
            "amount": amount,
            "authorization": {"kind": "code", "code": code},
        }
        return self.shop.post(f"members/{self.member.pk}/donations", body).json()

    def given(self, cause="animals"):
        """Gifts, their worth and what is open, as the API tells everybody who has a key."""
        items = {each["key"]: each for each in self._ok(self.shop.get("causes"))["items"]}
        return tuple(items[cause][name] for name in ("gifts", "given_minor", "open_minor"))

    def receipts(self):
        items = self._ok(self.shop.get(f"members/{self.member.pk}/donations"))["items"]
        return [(each["receipt"], each["amount"], each["withdrawn_at"] is None) for each in items]


@pytest.fixture
def year():
    with time_machine.travel("2026-01-05T08:00:00Z", tick=False) as traveller:
        found = Giver("body-shop", traveller)
        yield found
        found.close()


def test_every_euro_earns_a_point_and_five_hundred_are_five_euros_or_a_gift(year):
    year.order("2026-01-10", 499_99)
    assert (year.balance, year.offers()) == (
        499, {"five-off": ["insufficient_points"], "five-for-animals": ["insufficient_points"]},
    )  # fmt: skip

    year.order("2026-01-11", 510_00)
    assert (year.balance, year.offers()) == (1009, {"five-off": [], "five-for-animals": []})

    kept = year.redeem("2026-01-12T09:00", "five-off")
    assert year.hand_over(year.code_of(kept)) == 200
    given = year.redeem("2026-01-12T09:02", "five-for-animals")

    assert (given["state"], year.balance) == ("fulfilled", 9)
    assert year.given() == (1, 500, 500)
    assert year.receipts() == [(1, 500, True)]


def test_any_sum_from_the_least_on_goes_to_the_cause_of_ones_choice(year):
    year.order("2026-01-10", 450_00)

    assert year.give("2026-01-11T09:00", 99)["code"] == "donation_too_little"
    assert year.give("2026-01-11T09:01", 100)["receipt"] == 1
    assert year.give("2026-01-11T09:02", 150, "forest")["receipt"] == 2
    assert year.give("2026-01-11T09:03", 201)["code"] == "insufficient_points"

    assert year.balance == 200
    assert (year.given(), year.given("forest")) == ((1, 100, 100), (1, 150, 150))


def test_a_return_after_the_gift_is_paid_by_the_next_order_and_the_cause_keeps_it(year):
    order = year.order("2026-01-10", 200_00)
    year.give("2026-01-20T09:00", 200)

    year.give_back("2026-01-25", order)
    assert (year.balance, year.wallet["arrears"]) == (0, 200)  # 25, 26
    assert year.given() == (1, 200, 200)

    year.order("2026-02-10", 250_00)
    assert (year.balance, year.wallet["arrears"]) == (50, 0)


def test_a_part_returned_after_a_gift_takes_first_what_is_left(year):
    order = year.order("2026-01-10", 200_00, 100_00)
    year.give("2026-01-20T09:00", 150)

    year.give_back("2026-01-25", order, "sku-20000")

    assert (year.balance, year.wallet["arrears"]) == (0, 50)  # 150 were left of the 200 taken back


def test_points_end_after_a_year_and_gifts_never(year):
    year.order("2026-01-10", 300_00)
    year.give("2026-03-01T09:00", 120)

    year.night("2027-01-10T23:59")
    assert year.balance == 180
    year.night("2027-01-11T00:01")  # 10: usable to the end of the day
    assert year.balance == 0

    year.night("2031-01-01")
    assert year.given() == (1, 120, 120)


def test_a_cause_that_ends_takes_nothing_more_and_is_paid_out(year):
    year.order("2026-01-10", 1000_00)
    year.give("2026-02-01T09:00", 300)
    year.at("2026-03-01")
    editing.end(program=year.program, key="animals", by=None, now=clock.now())

    assert year.give("2026-03-02T09:00", 100)["code"] == "cause_over"
    assert "five-for-animals" not in year.offers()
    assert year.give("2026-03-02T09:05", 100, "forest")["receipt"] == 2

    year.at("2026-03-05")
    manager = as_staff(year.program, Role.MANAGER)
    path = f"/dashboard/{year.program.slug}/causes/animals/pay/"
    typed = {"amount": "3.00", "paid_on": "2026-03-04", "reference": "SEPA 7", "key": str(uuid.uuid4())}
    assert manager.post(path, typed).status_code == 302
    assert year.given() == (1, 300, 0)
    assert "€3.00" in text_of(manager.get(f"/dashboard/{year.program.slug}/causes/animals/"))


def test_the_till_gives_on_request_and_undoes_a_wrong_tap(year):
    year.order("2026-01-10", 300_00)
    year.at("2026-02-01T10:00")
    code = passcodes.show(member=year.member, now=clock.now()).code
    tap = tills.tap(year.cashier, key="0b7fd0ab-0000-4000-8000-00000000000b")
    typed = {"number": year.member.number, "what": "forest:points", "amount": "200", "code": code}
    assert year.till.post(tills.till_of(year.program, "give/"), tap | typed).status_code == 200
    assert (year.balance, year.given("forest")) == (100, (1, 200, 200))

    year.at("2026-02-01T10:05")
    assert (year.undo(tap["key"]), year.balance) == (200, 300)
    assert (year.given("forest"), year.receipts()) == ((0, 0, 0), [(1, 200, False)])

    assert year.give("2026-02-02T09:00", 100)["receipt"] == 2  # a number is never given twice


def test_the_running_total_is_for_everybody_and_the_receipt_for_the_giver(year):
    year.order("2026-01-10", 300_00)
    year.at("2026-02-01T10:00")
    cache.clear()
    year.program.refresh_from_db()
    User.objects.filter(email="anna@example.com").delete()
    anna = enter(year.program)

    sent = anna.post(
        url(year.program, "cause", "animals"),
        {"amount": "250", "unit": "points", "sure": "1", "key": str(uuid.uuid4())},
    )
    receipt = text_of(anna.get(sent["Location"]))
    public = text_of(Client().get(url(year.program, "causes")))

    assert re.search("A home for animals.*€2.50", receipt)
    assert "€2.50 given by members of Mine in 1 gift." in public
    assert Client().get(sent["Location"]).status_code == 302


@pytest.mark.parametrize(
    ("language", "name"),
    [("ar", "مأوى للحيوانات"), ("he", "בית לבעלי חיים"), ("fa", "پناهگاهی برای جانوران")],
)
def test_the_causes_speak_four_languages(year, language, name):
    page = Client(headers={"accept-language": language}).get(url(year.program, "causes"))

    assert name in page.content.decode()

"""Engagement club (P6): a member's years, day by day. Numbers in comments are lines of SEMANTICS.md."""

import itertools

import pytest
import time_machine
from django_scopes import scope

from loyaltysite.kit import clock
from members import followers
from members.models import Member
from rewards import tasks
from rewards.models import Referral, Reward
from rewards.referrals import links
from tests.acceptance.years import Year
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

_numbers = itertools.count(1)


class Club(Year):
    """A year in which fans do things beside buying."""

    def do(self, moment, kind, number="", who="anna@example.com", **data):
        """An event over the API; what it awarded."""
        self.at(moment)
        sent = {
            "source": "app",
            "external_id": number or f"E-{next(_numbers)}",
            "kind": kind,
            "occurred_at": clock.now().isoformat(),
            "member": {"kind": "email", "value": who, "joins": True},
            "data": data,
        }
        return sum(each["awarded"] for each in self._ok(self.shop.post("events", sent))["points"])

    def evening(self, moment):
        """What runs by itself, twice: a repeat must change nothing."""
        self.night(moment)
        for _time in range(2):
            tasks.record_occasions()
            followers.deliver(clock=clock.now, seconds=60)
            tasks.advance_referrals()

    @property
    def points(self):
        return self.wallet["active"]


@pytest.fixture
def year():
    with time_machine.travel("2026-01-05T08:00:00Z", tick=False) as traveller:
        found = Club("marvel", traveller)
        yield found
        found.close()


def joined(year, birthday=None):
    """Anna joins on 10 January by reading something, and says her birthday; with her welcome she has 260."""
    year.do("2026-01-10", "content.read")
    if birthday:
        year._ok(year.shop.send("PATCH", f"members/{year.member.pk}", {"birthday": birthday}))
    year.evening("2026-01-10T13:00")


def collect(year, month, days=20):
    """A hundred points a day by reading and sharing as much as counts."""
    for day in range(1, days + 1):
        for hour in range(5):
            year.do(f"{month}-{day:02}T1{hour}:00", "content.read")
        for hour in range(2):
            year.do(f"{month}-{day:02}T18:0{hour}", "social.action")


def test_what_fans_do_earns_without_a_purchase(year):
    joined(year)

    given = [
        year.do("2026-01-11T09:00", "content.read", article="a-1"),
        year.do("2026-01-11T10:00", "social.action", network="x"),
        year.do("2026-01-11T11:00", "quiz.completed", score=9),
        year.do("2026-01-11T20:00", "event.attended", event="expo"),
        year.do("2026-01-11T21:00", "survey.answered"),  # open: no rule waits for it
    ]

    assert given == [10, 25, 50, 250, 0]
    assert year.points == 260 + 335


def test_each_has_its_limit_a_day(year):
    joined(year)

    read = [year.do(f"2026-01-12T10:0{n}", "content.read") for n in range(7)]
    shared = [year.do(f"2026-01-12T11:0{n}", "social.action") for n in range(3)]
    asked = [year.do(f"2026-01-12T12:0{n}", "quiz.completed") for n in range(2)]
    next_day = year.do("2026-01-13T00:00", "content.read")

    assert read == [10, 10, 10, 10, 10, 0, 0]
    assert (shared, asked, next_day) == ([25, 25, 0], [50, 0], 10)


def test_the_same_deed_told_twice_counts_once(year):
    joined(year)

    first = year.do("2026-01-12T10:00", "event.attended", number="expo-anna", event="expo")
    again = year.do("2026-01-12T10:00", "event.attended", number="expo-anna", event="expo")

    assert (first, again) == (250, 250)  # 15: the first answer again
    assert year.points == 510


def test_a_purchase_earns_too_and_a_return_takes_it_back(year):
    joined(year)
    number = year.order("2026-01-12", 20_00)
    assert year.points == 260 + 100

    year.give_back("2026-01-14", number)

    assert year.points == 260


def test_a_birthday_on_29_february_falls_on_the_28th_of_a_short_year(year):
    joined(year, birthday="1996-02-29")

    year.evening("2027-02-27T23:00")
    before = gifts(year)
    year.evening("2027-02-28T01:00")
    on_the_day = gifts(year)
    year.evening("2027-03-01T01:00")
    after = gifts(year)
    year.evening("2028-02-28T01:00")
    long_year = gifts(year)
    year.evening("2028-02-29T01:00")

    # 10; and 28 February 2026 was nobody's evening: a day is made up for within a week only.
    assert (before, on_the_day, after, long_year, gifts(year)) == (0, 1, 1, 1, 2)


def gifts(year):
    entries = b.entries(year.program)
    return sum(entry.kind == "earn" and entry.active_change == 500 for entry in entries)


def test_a_tier_is_reached_by_points_and_lost_when_nothing_is_done(year):
    joined(year)
    assert year.tier["tier"] == "fan"

    collect(year, "2026-02", days=18)  # 1,800 and 260
    reached = year.tier
    year.evening("2026-03-20")
    year.evening("2027-12-31T23:59")
    held = year.tier["tier"]
    year.evening("2028-01-01T00:00")

    assert (reached["tier"], reached["total"], reached["next_tier"], reached["missing"]) == (
        "hero", 2060, "legend", 3940,
    )  # fmt: skip
    assert (held, year.tier["tier"]) == ("hero", "fan")  # 33, 34


def test_spending_points_lowers_no_tier(year):
    joined(year)
    collect(year, "2026-02", days=18)

    year.redeem("2026-02-25", "pin")

    assert (year.points, year.tier["tier"]) == (1060, "hero")  # 31


def test_exclusive_content_is_for_those_who_earned_it(year):
    joined(year)
    collect(year, "2026-02", days=17)
    year.redeem("2026-02-18T09:00", "wallpaper")
    refused = year.redeem("2026-02-18T10:00", "preview")

    year.do("2026-02-19", "event.attended")
    taken = year.redeem("2026-02-20", "preview")
    again = year.redeem("2026-02-21", "preview")
    next_month = year.redeem("2026-03-01", "preview")

    assert (refused["code"], taken["state"]) == ("reward_not_eligible", "issued")
    assert (again["code"], next_month["state"]) == ("reward_limit_reached", "issued")
    assert year.use(year.code_of(taken)) == "fulfilled"
    assert year.offers()["premiere"][0] == "reward_not_eligible"


def test_a_redemption_given_back_gives_points_and_stock_back(year):
    joined(year)
    collect(year, "2026-02", days=18)
    one = year.redeem("2026-02-25", "pin")
    taken = year.points, stock(year)

    year.at("2026-02-26")
    state = year.cancel(one)

    assert (taken, state) == ((1060, 1), "cancelled")
    assert (year.points, stock(year)) == (2060, 0)


def stock(year):
    with scope(program=year.program):
        return Reward.objects.get(key="pin").taken


def test_points_end_after_a_year_without_anything(year):
    joined(year)

    year.evening("2027-01-09T23:00")
    before = year.points
    year.evening("2027-01-12T00:00")

    assert (before, year.points) == (260, 0)  # 9


def test_a_friend_brings_points_to_both(year):
    joined(year)
    with scope(program=year.program):
        code = links.of(member=year.member, now=clock.now()).code
    year.at("2026-03-01")
    cleo = year._ok(
        year.shop.post(
            "members",
            {
                "name": "Cleo",
                "contacts": [{"kind": "email", "value": "cleo@example.com"}],
                "referral_code": code,
            },
        )
    )["id"]
    year.evening("2026-03-01T20:00")
    year.order("2026-03-02", 20_00, who={"kind": "email", "value": "cleo@example.com"})

    year.evening("2026-03-16T23:00")
    before = year.points
    year.evening("2026-03-17T00:00")

    assert (before, year.points) == (260, 760)
    assert b.balance(year.program, "cleo").active == 250 + 100 + 250
    with scope(program=year.program):
        assert Referral.objects.get().friend_id == cleo


def test_a_member_who_is_blocked_earns_nothing(year):
    joined(year)
    with scope(program=year.program):
        Member.objects.filter(pk=year.member.pk).update(state="blocked")

    assert year.do("2026-01-12", "content.read") == 0  # 12

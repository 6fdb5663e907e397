"""Progress club (P7): a member's year of runs, workouts and purchases, without a point. Numbers in comments are lines of
SEMANTICS.md."""

import pytest
import time_machine
from django_scopes import scope

from loyaltysite.kit import clock
from members import followers
from members.models import Member
from rewards import tasks
from rewards.badges import recounting
from rewards.models import Unit
from tests.acceptance.years import WHO, Year
from tests.rewards.test_portal_rewards import enter, text_of, url

pytestmark = pytest.mark.django_db


class Club(Year):
    """The workers of the badges are called where a night passes."""

    def tell(self, moment, number, kind, **data):
        """What the app sends."""
        self.at(moment)
        content = {
            "source": "app", "external_id": number, "kind": kind, "occurred_at": clock.now().isoformat(),
            "member": WHO, "data": data,
        }  # fmt: skip
        self._ok(self.shop.post("events", content))
        self.work()

    def delete(self, moment, number, kind):
        self.at(moment)
        self._ok(self.shop.post("events/withdraw", {"source": "app", "external_id": number, "kind": kind}))
        self.work()

    def buy(self, moment, *lines, number=""):
        number = self.order(moment, *lines, number=number)
        self.work()
        return number

    def work(self):
        for _time in range(2):
            followers.deliver(clock=clock.now, seconds=60)
            for program in recounting.programs():
                recounting.settle_due(program=program, now=clock.now())

    def night(self, moment):
        super().night(moment)
        for _time in range(2):
            tasks.record_occasions()
            self.work()

    def badges(self):
        """Of each badge what counts now and which levels are won, the first first."""
        items = self._ok(self.shop.get(f"members/{self.member.pk}/badges"))["items"]
        return {
            each["badge"]["key"]: (each["value"], [win["level"] for win in reversed(each["wins"])])
            for each in items
        }

    def prizes(self):
        """What was given and how it stands."""
        items = self._ok(self.shop.get(f"members/{self.member.pk}/redemptions"))["items"]
        return sorted((each["reward"], each["state"]) for each in items)


@pytest.fixture
def year():
    with time_machine.travel("2026-01-01T08:00:00Z", tick=False) as traveller:
        found = Club("nike", traveller)
        for program in recounting.programs():
            recounting.recount_due(clock=clock.now, seconds=60)
            assert program == found.program
        yield found
        found.close()


def test_runs_bring_badges_and_levels_and_a_deleted_one_counts_no_more(year):
    year.tell("2026-01-05", "a", "run", km=12.5)
    assert year.badges()["first-run"] == ("1", ["once"])
    assert year.badges()["long-run"] == ("1", [])

    for day in range(6, 9):
        year.tell(f"2026-01-{day:02}", f"run-{day}", "run", km=13)
    assert year.badges()["distance"] == ("51.5", ["bronze"])
    assert year.badges()["long-run"] == ("4", ["once"])
    assert year.badges()["month"] == ("51.5", ["once"])

    year.delete("2026-01-09", "run-8", "run")
    assert year.badges()["distance"] == ("38.5", [])
    assert year.badges()["month"] == ("38.5", [])
    assert year.badges()["long-run"] == ("3", ["once"])

    year.tell("2026-02-01", "late", "run", km=11.5)
    assert year.badges()["distance"] == ("50", ["bronze"])
    assert year.badges()["month"] == ("11.5", [])  # each month begins anew


def test_a_thousand_kilometres_open_the_next_drop_early(year):
    year.tell("2026-03-01", "ultra", "run", km=999)
    assert year.prizes() == []

    year.tell("2026-03-02", "last", "run", km=1)

    assert year.badges()["distance"][1] == ["bronze", "silver", "gold"]
    assert year.prizes() == [("early-access", "issued")]


def test_weeks_in_a_row_count_until_one_is_left_out(year):
    days = ["2026-03-02", "2026-03-04", "2026-03-09", "2026-03-11", "2026-03-16", "2026-03-17", "2026-03-23"]
    for day in days:
        year.tell(day, day, "workout")
    assert year.badges()["steady"] == ("3", [])

    year.tell("2026-03-29", "last", "workout")
    assert year.badges()["steady"] == ("4", ["bronze"])

    year.night("2026-04-05T23:00")
    assert year.badges()["steady"] == ("4", ["bronze"])
    year.night("2026-04-06T01:00")
    assert year.badges()["steady"] == ("0", ["bronze"])


def test_milestones_bring_a_discount_that_a_return_takes_back(year):
    first = year.buy("2026-02-01", 12_000)
    year.buy("2026-02-10", 9_000)
    assert year.badges()["spend"] == ("21000", ["first"])
    assert year.prizes() == [("ten-percent", "issued")]

    year.give_back("2026-02-12", first, "sku-12000")
    year.work()
    assert year.badges()["spend"] == ("9000", [])  # 29
    assert year.prizes() == [("ten-percent", "cancelled")]

    year.buy("2026-03-01", 15_000)
    assert year.prizes() == [("ten-percent", "cancelled"), ("ten-percent", "issued")]


def test_a_discount_that_was_used_stays_used(year):
    order = year.buy("2026-02-01", 20_000)
    (one,) = year._ok(year.shop.get(f"members/{year.member.pk}/redemptions"))["items"]
    code = year.code_of(one)
    assert year.use(code) == "fulfilled"

    year.give_back("2026-02-12", order)
    year.work()

    assert year.badges()["spend"] == ("0", [])
    assert year.prizes() == [("ten-percent", "fulfilled")]
    assert year.use(code) == "code_invalid"


def test_the_birthday_brings_a_gift_every_year_and_once(year):
    year.tell("2026-01-05", "a", "run", km=1)
    with scope(program=year.program):
        Member.objects.filter(pk=year.member.pk).update(birthday="1990-04-20")

    year.night("2026-04-19T12:00")
    assert year.prizes() == []
    year.night("2026-04-20T03:00")
    year.night("2026-04-21T03:00")
    assert year.prizes() == [("birthday-gift", "issued")]

    year.night("2027-04-20T03:00")
    assert year.prizes() == [("birthday-gift", "expired"), ("birthday-gift", "issued")]


def test_everybody_ships_free_and_insiders_are_early(year):
    year.buy("2026-02-01", 5_000)
    assert year.tier["tier"] == "member"

    year.buy("2026-02-02", 25_000)
    assert year.tier["tier"] == "insider"


def test_there_is_no_unit_and_the_portal_shows_progress(year):
    with scope(program=year.program):
        assert not Unit.objects.exists()
    year.tell("2026-01-05", "a", "run", km=12.5)

    page = text_of(enter(year.program).get(url(year.program, "badges")))
    assert "First run" in page
    assert "37.5 km to go" in page
    assert enter(year.program).get(url(year.program, "home")).status_code == 200
    assert year.offers() == {}  # prizes are given, not taken

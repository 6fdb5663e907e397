"""The home of the dashboard: figures that add up, their course over time, and what has just happened."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from django_scopes import scope

from analytics import queries
from rewards.models import Unit
from rewards.queries import tiers_of
from tests.members.teams import as_staff, home_of
from tests.rewards.builders import bring_back, cancel, join, open_program, order, record, record_each, spend

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
TODAY = date(2026, 11, 21)
TIERS = {"base": (0, {}), "silver": (5_000, {}), "gold": (50_000, {})}
UNITS = {"points": {"names": {"en": {"one": "Star", "other": "Stars"}}, "worth_denominator": 2}}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        yield


@pytest.fixture
def program():
    return open_program(tiers=TIERS, units=UNITS)


@pytest.fixture
def staff(program):
    return as_staff(program)


def words(response):
    return re.sub(r"\s+", " ", strip_tags(response.text.split("<main", 1)[-1]))


def month():
    return queries.period_of("30", today=TODAY)


@pytest.mark.parametrize(("key", "steps", "first"), [("30", 30, date(2026, 10, 23)), ("90", 13, date(2026, 8, 23)), ("year", 12, date(2025, 11, 22))])  # fmt: skip
def test_a_period_ends_with_today(key, steps, first):
    period = queries.period_of(key, today=TODAY)

    assert len(period.steps) == steps
    assert period.first == first
    assert period.end == TODAY + timedelta(days=1)
    assert period.before < period.first


def test_members_are_counted_at_the_end_of_each_day(program):
    for number, day in enumerate(["2026-01-01", "2026-10-22", "2026-10-23", "2026-11-21"]):
        join(program, f"m{number}", at=day)

    with scope(program=program):
        course = queries.members_over(program=program, period=month())

    assert course.before == 2
    assert course.values == (3,) * 29 + (4,)


def test_a_day_begins_when_it_does_in_the_programs_zone():
    program = open_program(time_zone="Asia/Tokyo")
    join(program, "anna", at="2026-11-20T15:30")  # half past midnight in Tokyo

    with scope(program=program):
        course = queries.members_over(program=program, period=month())

    assert program.zone == ZoneInfo("Asia/Tokyo")
    assert course.values[-2:] == (0, 1)


def test_a_member_is_active_for_ninety_days_after_each_order(program):
    record_each(
        program,
        order("1", "2026-08-01", 1000),  # prolonged by the next one
        order("2", "2026-08-10", 1000),  # until 8 November
        order("3", "2026-07-31", 1000, member="berta"),  # until 29 October
        order("4", "2026-11-15", 1000, member="berta"),  # again from then on
        order("5", "2026-11-15", 1000, member=None),
    )

    with scope(program=program):
        course = queries.active_over(program=program, period=month())

    by_day = dict(zip(month().steps, course.values, strict=True))
    assert course.before == 2
    assert by_day[date(2026, 10, 28)] == 2
    assert by_day[date(2026, 10, 29)] == 1
    assert by_day[date(2026, 11, 7)] == 1
    assert by_day[date(2026, 11, 8)] == 0
    assert by_day[date(2026, 11, 15)] == 1
    assert course.last == 1


def test_active_members_agree_with_counting_them_one_by_one(program):
    days = [3, 17, 40, 88, 89, 90, 91, 92, 120, 121, 200]
    record_each(
        program,
        *(
            order(
                f"{member}-{day}", f"{TODAY - timedelta(days=(day * (place + 1)) % 211)}", 100, member=member
            )
            for place, member in enumerate("abc")
            for day in days
        ),
    )
    period = queries.period_of("90", today=TODAY)

    with scope(program=program):
        course = queries.active_over(program=program, period=period)

    moments = [
        (member, TODAY - timedelta(days=(day * (place + 1)) % 211))
        for place, member in enumerate("abc")
        for day in days
    ]
    # An order at noon of a day counts up to noon ninety days later: the end of day 89 after it is the last inside.
    naive = [
        len({member for member, day in moments if end - timedelta(days=90) <= day < end})
        for end in period.edges[1:]
    ]
    assert list(course.values) == naive


def test_orders_leave_out_the_cancelled_and_count_the_anonymous(program):
    record_each(
        program,
        order("0", "2026-10-01", 700),
        order("1", "2026-11-20", 1000),
        order("2", "2026-11-20", 2000, member=None),
        order("3", "2026-11-21T08:00", 4000),
        cancel("3", "2026-11-21T09:00"),
    )

    with scope(program=program):
        found = queries.orders_over(program=program, period=month())

    assert found.count.total == 2
    assert found.count.before == 1
    assert found.count.values[-2:] == (2, 0)
    assert found.of_members == 1
    assert found.total_minor.total == 3000


def test_what_is_outstanding_is_what_wallets_hold_on_every_day(program):
    record_each(program, order("0", "2026-09-01", 10_000), order("1", "2026-11-10", 5_000))
    spend(program, 30, "2026-11-15")
    record(program, bring_back("r", "2026-11-18", "sku-5000", order="1"))

    with scope(program=program):
        points = queries.points_over(program=program, unit=Unit.objects.get(), period=month())

    by_day = dict(zip(month().steps, points.outstanding.values, strict=True))
    assert points.outstanding.before == 100
    assert (by_day[date(2026, 11, 9)], by_day[date(2026, 11, 10)]) == (100, 150)
    assert (by_day[date(2026, 11, 15)], by_day[date(2026, 11, 18)]) == (120, 70)
    assert points.outstanding.last == 70
    assert (points.issued.total, points.spent.total) == (50, 30)
    # The period before has as many days: 23 September is its first.
    assert points.issued.before == 0


def test_each_member_is_in_one_tier(program):
    record_each(
        program,
        order("1", "2026-02-01", 60_000, member="anna"),
        order("2", "2026-02-01", 6_000, member="berta"),
        order("3", "2026-02-01", 1_000, member="carla"),
    )

    with scope(program=program):
        levels = queries.members_by_tier(program=program, tiers=tiers_of(program), members=3)

    assert [(level.tier.key, level.count) for level in levels] == [("gold", 1), ("silver", 1), ("base", 1)]


def test_the_page_tells_the_figures(program, staff):
    record_each(
        program, order("1", "2026-11-19", 6_000), order("2", "2026-11-21T09:30", 1_000, member="berta")
    )

    text = words(staff.get(home_of(program)))

    assert "Saturday 21 November" in text
    assert "Orders 2 100.0% of them by members" in text
    assert "€70.00" in text
    assert "Stars outstanding 70 worth €0.35" in text
    assert "09:30" in text
    assert "ordered for €10.00" in text
    assert "Show the numbers" in text


def test_a_new_program_says_what_to_do(program, staff):
    text = words(staff.get(home_of(program)))

    assert "Nothing has happened yet" in text
    assert "Show the numbers" not in text


@pytest.mark.parametrize("query", ["", "?period=90", "?period=year", "?period=weird", "?period=%00"])
def test_the_fragment_is_what_a_reload_shows(program, staff, query):
    record(program, order("1", "2026-11-19", 6_000))

    page = staff.get(home_of(program) + query)
    fragment = staff.get(home_of(program) + query, headers=HX)

    def blanks(text):
        return re.sub(r"\s+", " ", text).strip()

    assert page.status_code == fragment.status_code == 200
    assert "<html" not in fragment.text
    assert blanks(fragment.text) in blanks(page.text)
    assert "HX-Request" in page["Vary"]


def test_a_program_without_units_and_tiers_has_figures_too():
    bare = open_program(units={}, rules={})
    join(bare, "anna", at="2026-11-01")

    text = words(as_staff(bare).get(home_of(bare)))

    assert "Members 1" in text
    assert "This program has no tiers." in text
    assert "outstanding" not in text


def test_a_program_sees_nothing_of_another(program, staff):
    other = open_program(tiers=TIERS, units=UNITS)
    record(other, order("1", "2026-11-19", 6_000))
    join(program, "anna", at="2026-11-01")

    text = words(staff.get(home_of(program)))

    assert "Members 1" in text
    assert "Orders 0" in text
    assert "Stars outstanding 0" in text
    assert "ordered for" not in text


def test_statements_do_not_grow_with_what_happened(program, staff):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            staff.get(home_of(program))
        return len(asked)

    record(program, order("1", "2026-11-19", 6_000))
    statements()
    few = statements()
    record_each(program, *(order(f"o{n}", f"2026-11-{n:02}", 9_000, member=f"m{n}") for n in range(1, 12)))

    assert statements() == few
    assert few <= 16

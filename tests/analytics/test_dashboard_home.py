"""The home of the dashboard: figures that add up, their course over time, and what has just happened."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from django_scopes import scope

from analytics import periods, queries, rollups
from analytics.models import ACTIVE, OFTEN
from rewards import redemptions
from rewards.models import ImportRun, PendingAdjustment, Unit
from rewards.queries import tiers_of
from tests.members.teams import as_staff, hire, home_of
from tests.rewards.builders import (
    bring_back,
    cancel,
    find,
    join,
    line,
    moment,
    open_program,
    order,
    publish,
    record,
    record_each,
    spend,
)
from tests.rewards.catalogue import put_up

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


def read(program, period=None):
    return queries.read(program=program, period=period or periods.period_of("30", today=TODAY))


def by_day(course):
    return dict(zip(periods.period_of("30", today=TODAY).steps, course.values, strict=True))


def test_members_are_counted_at_the_end_of_each_day(program):
    for number, day in enumerate(["2026-01-01", "2026-10-22", "2026-10-23", "2026-11-21"]):
        join(program, f"m{number}", at=day)

    with scope(program=program):
        course = queries.trade_over(read(program)).members

    assert course.before == 2
    assert course.values == (3,) * 29 + (4,)


def test_a_day_begins_when_it_does_in_the_programs_zone():
    program = open_program(time_zone="Asia/Tokyo")
    join(program, "anna", at="2026-11-20T15:30")  # half past midnight in Tokyo

    with scope(program=program):
        course = queries.trade_over(read(program)).members

    assert program.zone == ZoneInfo("Asia/Tokyo")
    assert course.values[-2:] == (0, 1)


def test_a_member_is_active_on_thirty_days_from_each_order(program):
    record_each(
        program,
        order("1", "2026-10-01", 1000),  # prolonged by the next one
        order("2", "2026-10-10", 1000),  # up to 8 November
        order("3", "2026-09-30", 1000, member="berta"),  # up to 29 October
        order("4", "2026-11-15", 1000, member="berta"),  # again from then on
        order("5", "2026-11-15", 1000, member=None),
    )

    with scope(program=program):
        course = queries.presence_over(read(program))[ACTIVE]

    days = by_day(course)
    assert course.before == 2
    assert (days[date(2026, 10, 29)], days[date(2026, 10, 30)]) == (2, 1)
    assert (days[date(2026, 11, 8)], days[date(2026, 11, 9)]) == (1, 0)
    assert (days[date(2026, 11, 15)], course.last) == (1, 1)


def test_who_comes_often_is_counted_by_visits_within_thirty_days():
    program = open_program(stores=["north", "south"], currency="GBP", time_zone="Europe/London")
    record_each(
        program,
        order("1", "2026-10-20", 1000, store="north"),
        order("2", "2026-10-20", 1000, store="north"),  # the same visit
        order("3", "2026-11-10", 1000, store="north"),  # two, up to 18 November
        order("4", "2026-11-20", 1000, member="berta", store="north"),
        order("5", "2026-11-20", 1000, member="berta", store="south"),  # two visits on one day
        order("6", "2026-11-21T09:00", 1000, member="berta"),
        order("7", "2026-11-21T10:00", 1000, member="berta", store="south"),  # the fourth
        order("8", "2026-11-21T11:00", 1000, member="carl", store="south"),
    )

    with scope(program=program):
        presence = queries.presence_over(read(program))
        twice, four = by_day(presence[OFTEN[2]]), by_day(presence[OFTEN[4]])

    assert [twice[date(2026, 11, day)] for day in (9, 10, 18, 19, 20, 21)] == [0, 1, 1, 0, 1, 1]
    assert [four[date(2026, 11, day)] for day in (20, 21)] == [0, 1]


def test_what_costs_nothing_is_no_visit(program):
    record_each(
        program,
        order("1", "2026-11-10", 1000),
        order("2", "2026-11-11", line(0, "free")),
        order("3", "2026-11-12", line(1000, is_reward=True)),
        order("4", "2026-11-13", line(0, "free"), member="berta"),
    )

    with scope(program=program):
        presence = queries.presence_over(read(program))

    assert presence[ACTIVE].last == 1
    assert OFTEN[2] not in presence or presence[OFTEN[2]].last == 0


def test_home_says_how_often_members_come(staff, program):
    record_each(
        program, order("1", "2026-11-10", 1000), order("2", "2026-11-12", 1000), order("3", "2026-11-12", 1000, member="berta")
    )  # fmt: skip
    join(program, "carl")
    join(program, "dora")

    text = words(staff.get(home_of(program)))

    assert "1 visit or more 50.0% 2 (+2)" in text
    assert "2 visits or more 25.0% 1 (+1)" in text
    assert "4 visits or more 0.0% 0" in text
    assert "in the 30 days that end on 21 Nov 2026" in text


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
        found = queries.trade_over(read(program))

    assert (found.orders.total, found.orders.before) == (2, 1)
    assert found.orders.values[-2:] == (2, 0)
    assert found.member_orders.total == 1
    assert found.revenue_minor.total == 3000


def test_what_is_outstanding_is_what_wallets_hold_on_every_day(program):
    record_each(program, order("0", "2026-09-01", 10_000), order("1", "2026-11-10", 5_000))
    spend(program, 30, "2026-11-15")
    record(program, bring_back("r", "2026-11-18", "sku-5000", order="1"))

    with scope(program=program):
        points = queries.points_over(read(program))[Unit.objects.get().pk]

    days = by_day(points.outstanding)
    assert points.outstanding.before == 100
    assert (days[date(2026, 11, 9)], days[date(2026, 11, 10)]) == (100, 150)
    assert (days[date(2026, 11, 15)], days[date(2026, 11, 18)]) == (120, 70)
    assert points.outstanding.last == 70
    assert (points.issued.total, points.spent.total, points.reversed.total) == (50, 30, 50)
    # The period before has as many days: 23 September is its first.
    assert points.issued.before == 0


def test_each_member_is_in_one_tier_now_and_was_before(program):
    record_each(
        program,
        order("1", "2026-02-01", 60_000, member="anna"),
        order("2", "2026-11-01", 6_000, member="berta"),
        order("3", "2026-02-01", 1_000, member="carla"),
    )

    with scope(program=program):
        reading = read(program)
        levels = queries.levels_of(
            tiers=tiers_of(program),
            presence=queries.presence_over(reading),
            members=queries.trade_over(reading).members,
        )

    assert [(level.tier.key, level.count, level.before) for level in levels] == [
        ("gold", 1, 1),
        ("silver", 1, 0),
        ("base", 1, 1),
    ]
    for level in levels:
        assert len(level.values) == len(reading.period.steps)
        assert level.values[-1] == level.count
    silver = dict(zip(reading.period.steps, levels[1].values, strict=True))
    assert (silver[date(2026, 10, 31)], silver[date(2026, 11, 1)]) == (0, 1)


def test_home_draws_who_is_in_which_tier_over_time(program, staff):
    record_each(program, order("1", "2026-11-20", 60_000, member="anna"))

    page = staff.get(home_of(program))

    drawn = page.context["tier_course"]
    assert drawn.heads[1:] == ["gold", "silver", "base"]
    assert [row[1:] for row in drawn.rows[-2:]] == [["1", "0", "0"], ["1", "0", "0"]]
    assert drawn.sentence.startswith("gold rose from 0 to 1.")
    assert "By tier" in words(page)


def test_the_same_is_read_before_and_after_what_waits_is_counted(program):
    record_each(program, order("1", "2026-11-10", 6_000), order("2", "2026-11-20", 60_000, member="berta"))
    spend(program, 10, "2026-11-20")

    def all_figures():
        with scope(program=program):
            reading = read(program)
            return queries.trade_over(reading), queries.points_over(reading), queries.presence_over(reading)

    live = all_figures()
    while rollups.fold():
        pass

    assert all_figures() == live
    assert live[0].orders.total == 2


def test_a_rule_that_gave_nothing_in_the_period_is_named(program):
    publish(program, "rich", {"amount": {"kind": "fixed", "points": "9"}, "minimum_minor": 900_000})
    publish(
        program,
        "new",
        {"amount": {"kind": "fixed", "points": "9"}, "minimum_minor": 900_000},
        since="2026-11-20",
    )
    record(program, order("1", "2026-11-19", 6_000))

    with scope(program=program):
        assert [rule.key for rule in queries.quiet_rules(read(program))] == ["rich"]


def test_what_needs_somebody_is_told(program, staff):
    publish(program, "rich", {"amount": {"kind": "fixed", "points": "9"}, "minimum_minor": 900_000})
    record(program, order("1", "2026-11-19", 6_000))
    join(program, "berta", at="2026-11-01", state="blocked")
    with scope(program=program):
        for state, facts in (("failed", {"error": "The file breaks off."}), ("done", {"rejected_rows": 2})):
            ImportRun.objects.create(
                program=program,
                author=hire(program),
                name=f"{state}.csv",
                size=1,
                digest="",
                state=state,
                **facts,
            )

        PendingAdjustment.objects.create(
            program=program,
            member=find(program, "anna"),
            unit=Unit.objects.get(),
            amount=5,
            reason="a kindness",
            key="k",
            asked_by=hire(program),
        )

    text = words(staff.get(home_of(program)))

    assert "Needs you5" in text
    assert "1 adjustment waits for a second person" in text
    assert "The import of failed.csv failed" in text
    assert "The file breaks off." in text
    assert "1 member is blocked" in text
    assert "2 rows were not imported" in text
    assert "“rich” gave nothing" in text


def test_the_page_tells_the_figures(program, staff):
    record_each(
        program, order("1", "2026-11-19", 6_000), order("2", "2026-11-21T09:30", 1_000, member="berta")
    )

    text = words(staff.get(home_of(program)))

    assert "Saturday 21 November" in text
    assert "Orders 2 100.0% of them by members" in text
    assert "€70.00" in text
    assert "Stars outstanding 70 0 ended in this time" in text
    assert "Worth of these €0.35" in text
    assert "Members with at least one order in the 30 days" in text
    assert "09:30" in text
    assert "ordered for €10.00" in text
    assert "Show the numbers" in text


def test_rewards_are_among_what_has_just_happened(program, staff):
    record(program, order("1", "2026-11-19", 9_000))
    put_up(program, price={"points": 40}, names={"en": "Blue mug"})
    put_up(program, "film", price={"points": 30}, handover="code")
    held, code = (
        redemptions.reserve(
            program=program, member=find(program, "anna"), reward=key, key=key, now=moment("2026-11-20T09:00")
        )
        for key in ("mug", "film")
    )

    before = words(staff.get(home_of(program)))
    for one in (held, code):
        redemptions.fulfil(program=program, redemption_id=one.pk, now=moment("2026-11-20T09:10"))
    after = words(staff.get(home_of(program)))

    assert "took Film −30" in before
    assert "Blue mug" not in before
    assert "took Blue mug −40" in after
    assert "used Film" in after
    assert "used Film −" not in after


def test_a_new_program_says_what_to_do(program, staff):
    text = words(staff.get(home_of(program)))

    assert "Nothing has happened yet" in text
    assert "Show the numbers" not in text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?period=7",
        "?period=90",
        "?period=year",
        "?period=weird",
        "?period=%00",
        "?first=2026-01-01&last=2026-03-01",
    ],
)
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


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?first=2026-03-02&last=2026-03-01", "This is before the first day."),
        ("?first=2010-01-01&last=2026-03-01", "Ten years at most."),
        ("?first=9999-01-01&last=9999-12-31", "The year cannot be right."),
        ("?first=1989-12-31&last=1990-01-31", "The year cannot be right."),
        ("?first=0001-01-01&last=0001-03-01", "The year cannot be right."),
        ("?first=soon&last=2026-03-01", "Enter a valid date."),
        ("?first=2026-03-01", "This field is required."),
    ],
)
def test_days_that_cannot_be_are_refused_with_their_field(program, staff, query, said):
    record(program, order("1", "2026-11-19", 6_000))

    response = staff.get(home_of(program) + query)

    assert response.status_code == 422
    assert said in words(response)
    assert 'aria-invalid="true"' in response.text


def test_chosen_days_show_what_happened_in_them(program, staff):
    record_each(
        program,
        order("1", "2026-03-01", 6_000),
        order("2", "2026-03-15", 1_000),
        order("3", "2026-04-15", 1_000),
    )

    text = words(staff.get(home_of(program) + "?first=2026-03-01&last=2026-03-31"))

    assert "Orders 2 100.0% of them by members" in text
    assert "Sales €70.00" in text


def test_another_unit_can_be_looked_at():
    program = open_program(units=UNITS | {"credit": {"names": {"en": {"other": "Credits"}}}}, tiers=TIERS)
    record(program, order("1", "2026-11-19", 6_000))

    response = as_staff(program).get(home_of(program) + "?unit=credit")

    assert "Credits outstanding 0" in words(response)
    assert "?period=90&amp;unit=credit" in response.text


@pytest.mark.parametrize("counted", [0, 2])
def test_much_that_waits_is_said_and_not_added_up(program, staff, monkeypatch, counted):
    monkeypatch.setattr(rollups, "MOST_LIVE", 3)
    record(program, *(order(f"o{n}", "2026-11-19", 6_000) for n in range(5)))
    with scope(program=program):
        join(program, "zoe", at="2026-11-01")
    rollups.fold(limit=counted)

    text = words(staff.get(home_of(program)))

    assert "is not in these figures yet" in text
    assert "Nothing has happened yet" not in text


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
    assert few <= 24

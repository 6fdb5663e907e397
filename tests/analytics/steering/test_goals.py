"""Goals: where they should be on a day, how they stand, and who is told."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from analytics import tasks
from analytics.goals import courses, following, setting
from analytics.goals.courses import Way
from analytics.models import Goal, GoalDay, Subscription, TradeDay
from analytics.saved import subscriptions
from analytics.views.saved import letters
from members.models import AuditEntry, Role
from tests.analytics.steering.worlds import TODAY, lay
from tests.members.teams import as_staff, hire
from tests.rewards.builders import moment, open_program

NOW = moment("2026-11-23T08:00")
# From 3 purchases a year to 3.3 in ten days.
WAY = Way(Decimal(3), Decimal("3.3"), date(2026, 11, 1), date(2026, 11, 10))


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_straight_way_is_the_same_each_day():
    assert [WAY.expected(date(2026, 11, day)) for day in (1, 5, 10)] == [
        Decimal("3.03"),
        Decimal("3.15"),
        Decimal("3.3"),
    ]
    assert WAY.expected(date(2026, 10, 1)) == 3
    assert WAY.expected(date(2027, 1, 1)) == Decimal("3.3")


def test_a_seasonal_way_is_walked_when_people_buy():
    way = Way(WAY.start, WAY.target, WAY.begins, WAY.due, weights=[0] * 5 + [20] * 5)

    assert way.expected(date(2026, 11, 5)) == 3
    assert way.expected(date(2026, 11, 6)) == Decimal("3.06")


@pytest.mark.parametrize(
    ("day", "value", "state"),
    [
        (date(2026, 10, 31), "3.5", "waiting"),
        (date(2026, 11, 5), "3.12", "on_course"),  # a tenth of the way is missing
        (date(2026, 11, 5), "3.1199", "behind"),
        (date(2026, 11, 5), "3.3", "reached"),
        (date(2026, 11, 10), "3.29", "missed"),
        (date(2026, 11, 5), None, "behind"),
    ],
)
def test_how_it_stands(day, value, state):
    assert courses.state_on(WAY, value=value and Decimal(value), day=day) == state


def test_down_is_a_way_too():
    way = Way(Decimal(10), Decimal(5), WAY.begins, WAY.due)

    assert courses.state_on(way, value=Decimal("4.9"), day=date(2026, 11, 2)) == "reached"
    assert courses.state_on(way, value=Decimal(10), day=date(2026, 11, 5)) == "behind"


@pytest.fixture
def program(db):
    found = open_program()
    lay(found, orders=lambda day: 100 if day < date(2026, 11, 1) else 120)
    return found


def set_goal(program, **values):
    facts = {
        "name": "More orders",
        "kpi": "orders",
        "days": 30,
        "target": Decimal(3_600),
        "starts_on": date(2026, 11, 1),
        "due_on": date(2026, 11, 30),
        "course": "straight",
    } | values
    goal = setting.begin(program=program, by=hire(program), today=TODAY, now=NOW, **facts)
    with scope(program=program):
        following.follow(program=program, today=TODAY)
    goal.refresh_from_db(from_queryset=everywhere())
    return goal


def test_a_goal_begins_where_the_figure_stood_and_is_measured(program):
    goal = set_goal(program)

    assert (goal.start_value, goal.state) == (3_000, "on_course")
    with scope(program=program):
        days = list(GoalDay.objects.filter(goal=goal).order_by("day"))
    assert [row.day for row in days] == [date(2026, 11, day) for day in range(1, 23)]
    assert [int(row.value) for row in days[:2]] == [3_020, 3_040]
    assert days[1].expected == 3_040


def test_the_daily_task_brings_it_to_its_end_and_tells_who_asked(program):
    goal = set_goal(program, target=Decimal(3_460))
    user = hire(program, Role.ANALYST)
    subscriptions.begin(program=program, user=user, what="goals", site="https://shop.example", now=NOW)
    lay_more(program)

    with time_machine.travel(moment("2026-11-24T08:00"), tick=False):
        assert (tasks.follow_goals(), tasks.follow_goals()) == (1, 0)
        assert (tasks.write_to_staff(), tasks.write_to_staff()) == (1, 0)

    goal.refresh_from_db(from_queryset=everywhere())
    assert (goal.state, goal.was, goal.value) == ("reached", "on_course", 3_460)
    assert "More orders: Reached" in mail.outbox[0].body
    assert mail.outbox[0].subject == "1 goal changed: Shop"


def everywhere():
    return Goal._base_manager.all()


def lay_more(program):
    with scope(program=program):
        facts = {"store_id": 0, "channel": "", "is_member": True, "orders": 120}
        TradeDay.objects.create(program=program, day=TODAY, **facts)


def test_what_falls_behind_and_is_missed(program):
    goal = set_goal(program, target=Decimal(6_000), due_on=date(2026, 11, 22))

    assert goal.state == "missed"
    with scope(program=program):
        assert following.follow(program=program, today=TODAY) == []


def test_long_pasts_are_measured_by_the_week(program):
    goal = set_goal(program, starts_on=date(2026, 9, 1), target=Decimal(9_000))

    with scope(program=program):
        days = [row.day for row in GoalDay.objects.filter(goal=goal).order_by("day")]
    assert (len(days), days[-1]) == (12, TODAY - timedelta(days=1))


def test_what_is_known_of_today_only_is_not_told_of_the_past(program):
    goal = set_goal(program, kpi="top_share", start_value=Decimal("0.6"), target=Decimal("0.5"))

    with scope(program=program):
        assert [row.day for row in GoalDay.objects.filter(goal=goal)] == [TODAY - timedelta(days=1)]


def test_the_statements_of_a_list_and_a_mail_do_not_grow_with_the_goals(program):
    goal = set_goal(program, course="seasonal", target=Decimal(6_000))
    staff = as_staff(program, Role.ANALYST)
    user = hire(program, Role.ANALYST)
    subscriptions.begin(program=program, user=user, what="goals", site="https://shop.example", now=NOW)
    address = reverse("analytics:goals", args=[program.slug])
    staff.get(address)

    one = statements(program, staff, address)
    with scope(program=program):
        Goal.objects.update(changed_on=TODAY)
        GoalDay.objects.filter(day=goal.measured_on).update(expected=Decimal(3_333))
        for _ in range(9):
            double(goal)
    ten = statements(program, staff, address)

    assert ten == one
    assert staff.get(address).text.count("3,333") == 10


def statements(program, staff, address):
    """Of the page, and of what a mail tells."""
    with CaptureQueriesContext(connection) as listed:
        assert staff.get(address).status_code == 200
    with scope(program=program), CaptureQueriesContext(connection) as written:
        letters.CONTENTS["goals"](Subscription.objects.get(), TODAY, NOW)
    return len(listed), len(written)


def double(goal):
    measured = goal.course_days.get(day=goal.measured_on)
    same = Goal.objects.get(pk=goal.pk)
    same.pk, same.changed_on = None, TODAY
    same.save(force_insert=True)
    facts = {"value": measured.value, "expected": measured.expected}
    GoalDay.objects.create(program_id=goal.program_id, goal=same, day=measured.day, **facts)


def test_seasons_come_from_the_year_before(program):
    with scope(program=program):
        goal = Goal(
            program=program, starts_on=date(2027, 11, 1), due_on=date(2027, 11, 9), course="seasonal",
            start_value=0, target=1,
        )  # fmt: skip
        weights = following.way_of(goal).weights

    assert weights == [120] * 9


@pytest.mark.parametrize(
    ("starts_on", "due_on"),
    [
        (date(2027, 3, 1), date(2027, 6, 1)),  # the first orders are known from April on
        (date(2027, 11, 1), date(2028, 12, 1)),  # the year before has not passed when it begins
    ],
)
def test_a_year_before_that_is_partly_known_says_nothing(program, starts_on, due_on):
    with scope(program=program):
        goal = Goal(
            program=program, starts_on=starts_on, due_on=due_on, course="seasonal", start_value=0, target=1
        )
        assert following.way_of(goal).weights == []


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"due_on": date(2026, 11, 1)}, setting.GoalTimes),
        ({"target": Decimal(3_000)}, setting.GoalStands),
        ({"kpi": "nothing"}, setting.GoalInvalid),
        ({"kpi": "aov", "starts_on": date(2020, 1, 1), "due_on": date(2021, 1, 1)}, setting.GoalUnmeasured),
    ],
)
def test_what_cannot_be_is_refused(program, values, error):
    with pytest.raises(error):
        set_goal(program, **values)


def test_pages(program):
    staff = as_staff(program, Role.MANAGER)
    new = reverse("analytics:goal_new", args=[program.slug])
    asked = {
        "name": "Order value", "kpi": "aov", "days": "90", "start_value": "", "target": "12.5",
        "starts_on": "2026-11-01", "due_on": "2027-01-31", "course": "straight",
    }  # fmt: skip

    refused = staff.post(new, asked | {"due_on": "2026-10-01"})
    made = staff.post(new, asked)
    with scope(program=program):
        assert not GoalDay.objects.exists()  # a task measures, not the request
    tasks.measure_goals(program.pk)
    page = staff.get(made["Location"]).text
    listed = staff.get(reverse("analytics:goals", args=[program.slug])).text

    assert refused.status_code == 422
    assert "The day must lie after the beginning" in refused.text
    with scope(program=program):
        goal = Goal.objects.get()
    assert (goal.start_value, goal.target, goal.value) == (1_000, 1_250, 1_000)
    assert "€10.00" in page
    assert "€12.50" in listed
    staff.post(reverse("analytics:goal_end", args=[program.slug, goal.pk]))
    with scope(program=program):
        assert Goal.objects.get().state == "ended"
        actions = AuditEntry.objects.filter(subject="goal").order_by("pk").values_list("action", flat=True)
        assert list(actions) == ["goal.begin", "goal.end"]

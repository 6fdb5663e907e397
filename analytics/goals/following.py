"""Goals are measured at the end of each day and told how they stand; what was measured stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django_scopes import scope

from analytics import periods
from analytics.goals import courses
from analytics.goals.courses import Way
from analytics.kpis import REGISTRY, Figure, measure
from analytics.models import Day, Goal, GoalDay
from members.models import Program

State = Goal.State
UNDER_WAY = (State.WAITING, State.ON_COURSE, State.BEHIND)
# Days that are caught up on are measured one by one up to so many, weekly beyond.
MOST_DAYS = 31
YEAR = timedelta(days=364)  # whole weeks, so that a Saturday is held against a Saturday
PLACES = Decimal("0.000001")


def follow(*, program: Program, today: date) -> list[Goal]:
    """Measure what is under way up to the day before `today`; the goals whose state changed. A repeat changes nothing."""
    with scope(program=program), transaction.atomic():
        goals = Goal.objects.select_for_update().filter(program=program, state__in=UNDER_WAY)
        return [goal for goal in goals.order_by("pk") if goal.kpi in REGISTRY and bring_up(goal, today=today)]


def bring_up(goal: Goal, *, today: date) -> bool:
    """Measure one goal for the days that are missing; whether its state changed."""
    way, before = way_of(goal), goal.state
    for day in _missing(goal, today):
        figure = read(goal, day)
        value = _decimal(figure.value)
        GoalDay.objects.create(
            program_id=goal.program_id,
            goal=goal,
            day=day,
            value=value,
            expected=way.expected(day).quantize(PLACES),
            numerator=figure.numerator,
            denominator=figure.denominator,
        )
        goal.measured_on, goal.value = day, value
        goal.state = courses.state_on(way, value=value, day=day)
        if goal.state not in UNDER_WAY:
            break
    if goal.state != before:
        goal.was, goal.changed_on = before, today
    goal.save(update_fields=["measured_on", "value", "state", "was", "changed_on"])
    return goal.state != before


def expected_rows(*, program: Program) -> QuerySet[Goal]:
    """The goals of a program, each with what was `expected` on the day it was last measured; None where it never was."""
    measured = GoalDay.objects.filter(goal=OuterRef("pk"), day=OuterRef("measured_on"))
    rows = Goal.objects.filter(program=program, kpi__in=REGISTRY)
    return rows.annotate(expected=Subquery(measured.values("expected")))


def read(goal: Goal, day: date) -> Figure:
    """The key figure over the goal's days that end with this one."""
    period = periods.between(day - timedelta(days=goal.days - 1), day)
    return measure(program=goal.program, key=goal.kpi, period=period)


def way_of(goal: Goal) -> Way:
    seasonal = goal.course == Goal.Course.SEASONAL
    weights = _year_before(goal) if seasonal else []
    return Way(goal.start_value, goal.target, goal.starts_on, goal.due_on, weights)


def _year_before(goal: Goal) -> list[int]:
    """Orders of each day, 52 weeks before; nothing where not all of that past was known when the goal began, and then the
    way is straight."""
    first, last = goal.starts_on - YEAR, goal.due_on - YEAR
    known = Day.objects.filter(program_id=goal.program_id, orders__gt=0).order_by("day").first()
    if known is None or known.day > first or last >= goal.starts_on:
        return []
    rows = Day.objects.filter(program_id=goal.program_id, day__range=(first, last))
    orders = {row.day: row.orders for row in rows}
    return [orders.get(first + timedelta(days=place), 0) for place in range((last - first).days + 1)]


def _missing(goal: Goal, today: date) -> Iterator[date]:
    last = min(today - timedelta(days=1), goal.due_on)
    first = goal.measured_on + timedelta(days=1) if goal.measured_on else goal.starts_on
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    if REGISTRY[goal.kpi].is_to_date:
        days = days[-1:]  # it tells of today only, whatever day is asked for
    if len(days) > MOST_DAYS:
        days = [*days[6::7], *([days[-1]] if len(days) % 7 else [])]
    yield from days


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value)).quantize(PLACES)

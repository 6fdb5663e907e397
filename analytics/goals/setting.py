"""Goals are set and given up by managers; what is expected of one is never changed afterwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from analytics.goals import following
from analytics.kpis import REGISTRY
from analytics.models import Goal
from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User

LONGEST = 1_100
MOST = 50


class GoalUnknown(NotFound):
    message = _("There is no such goal.")


class GoalInvalid(DomainError):
    code = "goal_invalid"
    message = _("This goal cannot be.")


class GoalTimes(GoalInvalid):
    code = "goal_times"
    message = _("The day must lie after the beginning, and at most three years later.")


class GoalStands(GoalInvalid):
    code = "goal_goes_nowhere"
    message = _("The goal must differ from where it begins.")


class GoalUnmeasured(GoalInvalid):
    code = "goal_unmeasured"
    message = _("There is nothing to measure yet. Say where it begins.")


class GoalsTooMany(GoalInvalid):
    code = "goals_too_many"
    message = _("No more than %(most)s goals at a time.")


@transaction.atomic
def begin(
    *,
    program: Program,
    name: str,
    kpi: str,
    days: int,
    target: Decimal,
    starts_on: date,
    due_on: date,
    course: str,
    by: User,
    today: date,
    now: datetime,
    start_value: Decimal | None = None,
) -> Goal:
    """Set a goal; without a start value it begins where the figure stood before the first day. Days that have passed are
    measured by following.follow, which may take long. Raises GoalInvalid and its kinds."""
    if kpi not in REGISTRY or course not in Goal.Course.values or not 1 <= days <= 730:
        raise GoalInvalid(field="kpi")
    if not timedelta(0) < due_on - starts_on <= timedelta(days=LONGEST):
        raise GoalTimes(field="due_on")
    with scope(program=program):
        if Goal.objects.filter(program=program, state__in=following.UNDER_WAY).count() >= MOST:
            raise GoalsTooMany(most=MOST)
        goal = Goal(
            program=program, name=name, kpi=kpi, days=days, target=target, starts_on=starts_on, due_on=due_on,
            course=course, made_by=by, made_at=now,
        )  # fmt: skip
        goal.start_value = _start(goal, today) if start_value is None else start_value
        if goal.start_value == target:
            raise GoalStands(field="target")
        goal.save(force_insert=True)
        after = {"kpi": kpi, "from": str(goal.start_value), "to": str(target), "by": due_on.isoformat()}
        _record(goal, "goal.begin", by, now, after)
    return goal


@transaction.atomic
def end(*, program: Program, goal_id: int, by: User, now: datetime) -> Goal:
    """Give a goal up; what was measured stays. A repeat changes nothing. Raises GoalUnknown."""
    with scope(program=program):
        goal = Goal.objects.select_for_update().filter(program=program, pk=goal_id).first()
        if goal is None:
            raise GoalUnknown
        if goal.state in following.UNDER_WAY:
            before, goal.state = goal.state, Goal.State.ENDED
            goal.save(update_fields=["state"])
            _record(goal, "goal.end", by, now, {"state_before": str(before)})
    return goal


def _start(goal: Goal, today: date) -> Decimal:
    day = min(goal.starts_on, today) - timedelta(days=1)
    value = following.read(goal, day).value
    if value is None:
        raise GoalUnmeasured(field="start_value")
    return Decimal(repr(value)).quantize(following.PLACES)


def _record(goal: Goal, action: str, by: User, now: datetime, after: dict[str, str]) -> None:
    audit.record(
        program=goal.program,
        actor=by,
        action=action,
        subject="goal",
        subject_id=goal.pk,
        after=after,
        now=now,
    )

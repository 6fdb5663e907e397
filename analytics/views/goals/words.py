"""A goal in words, and its chart: what was measured against what is expected."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from analytics.goals import following
from analytics.kpis import REGISTRY, Kpi
from analytics.models import Goal
from analytics.views.kpis import words
from loyaltysite.kit import charts, formats
from members.models import Program

State = Goal.State
MOODS = {
    State.WAITING: "draft",
    State.ON_COURSE: "good",
    State.BEHIND: "warn",
    State.REACHED: "good",
    State.MISSED: "bad",
    State.ENDED: "bare",
}
# No more points than a chart of that width can show.
POINTS = 60


@dataclass(frozen=True, slots=True)
class Told:
    goal: Goal
    kpi: Kpi
    mood: str
    start: str
    target: str
    value: str
    expected: str
    share: float

    @property
    def way(self) -> str:
        """The first and the last value, with the day it is due."""
        values = {"start": self.start, "target": self.target, "day": formats.format_date(self.goal.due_on)}
        return _("From %(start)s to %(target)s by %(day)s") % values

    @property
    def sentence(self) -> str:
        """Where it stands, where it should, and where it shall end."""
        values = {
            "now": self.value,
            "expected": self.expected,
            "target": self.target,
            "day": formats.format_date(self.goal.due_on),
        }
        return _("%(now)s now, %(expected)s expected, %(target)s by %(day)s.") % values


def tell(goal: Goal, *, program: Program) -> Told:
    """Of following.expected_rows(); a goal that was not measured yet asks for its way."""
    kpi, expected = REGISTRY[goal.kpi], getattr(goal, "expected", None)
    if expected is None:
        expected = following.way_of(goal).expected(goal.measured_on or goal.starts_on)
    share = (
        0.0
        if goal.value is None
        else float((goal.value - goal.start_value) / (goal.target - goal.start_value))
    )
    return Told(
        goal=goal,
        kpi=kpi,
        mood=MOODS[State(goal.state)],
        start=words.write(kpi, float(goal.start_value), program),
        target=words.write(kpi, float(goal.target), program),
        value="–" if goal.value is None else words.write(kpi, float(goal.value), program),
        expected=words.write(kpi, float(expected), program),
        share=min(max(share, 0.0), 1.0),
    )


def chart_of(told: Told, *, program: Program) -> charts.Chart:
    goal, kpi, way = told.goal, told.kpi, following.way_of(told.goal)
    days = _days(goal)
    values = _values(goal, days)
    return charts.line(
        title=str(kpi.name),
        sentence=told.sentence,
        labels=[formats.format_date(day, form="short") for day in days],
        series=[
            charts.Series(_("Measured"), values),
            charts.Series(_("Expected"), [float(way.expected(day)) for day in days], "before"),
        ],
        write=lambda value: words.write(kpi, value, program),
        head=_("Day"),
        area=False,
        cut=True,
    )


def _days(goal: Goal) -> list[date]:
    """Evenly over the whole way, the last one on the day it is due."""
    step = -(-((goal.due_on - goal.starts_on).days) // POINTS)
    count = (goal.due_on - goal.starts_on).days // step
    return [goal.due_on - timedelta(days=place * step) for place in range(count, -1, -1)]


def _values(goal: Goal, days: list[date]) -> list[float | None]:
    """The latest that was measured up to each of these days; nothing where that is more than a week and a step old."""
    rows = {row.day: row.value for row in goal.course_days.order_by("day")}
    passed, found = sorted(rows), []
    step = days[1] - days[0] if len(days) > 1 else timedelta(days=1)
    oldest = step + timedelta(days=7)
    for day in days:
        place = bisect_right(passed, day)
        last = passed[place - 1] if place else None
        is_past = last is not None and (day <= passed[-1] or day - last < step)
        value = rows[last] if last is not None and is_past and day - last < oldest else None
        found.append(None if value is None else float(value))
    return found

"""What can be said of an experiment from its stored sums: each arm against the first, a course by days, and a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Sum
from django_scopes import scope

from campaigns.experiments import figures, outcomes
from campaigns.experiments.figures import ALPHA, Band, Difference
from campaigns.experiments.outcomes import SUMS, Totals
from campaigns.models import Experiment, ExperimentDay

# Less likely than this by chance, a split is broken (the usual threshold of sample-ratio checks).
BROKEN = 0.001
# With fewer counted members in an arm nothing is said: the bounds are for many.
LEAST = 100
# The columns behind Totals, in its order.
COLUMNS = ("counted", *SUMS)
NOTHING = (0, Totals())


class Verdict(StrEnum):
    BROKEN = "broken"
    EARLY = "early"
    WINNER = "winner"
    HARM = "harm"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Arm:
    """`assigned` were drawn for it, `totals` are of those whose window is over. `differences` are to the first arm by
    measure, each with its own interval of 95 %; `band` is that of the chosen measure and holds at every look."""

    place: int
    name: str
    share: int
    assigned: int
    totals: Totals
    differences: Mapping[str, Difference | None]
    band: Band | None

    def mean(self, measure: str) -> float:
        return self.totals.of(measure).mean


@dataclass(frozen=True, slots=True)
class Point:
    """How the difference stood at the end of a day."""

    day: date
    band: Band | None


@dataclass(frozen=True, slots=True)
class Result:
    """`best` is the arm that the verdict is about, if it is about one. `courses` are by place of the arm; lists do without."""

    experiment: Experiment
    arms: Sequence[Arm]
    mismatch: float
    verdict: Verdict
    best: Arm | None
    courses: Mapping[int, Sequence[Point]]

    @property
    def assigned(self) -> int:
        return sum(arm.assigned for arm in self.arms)

    @property
    def counted(self) -> int:
        return sum(arm.totals.n for arm in self.arms)

    @property
    def knows_margin(self) -> bool:
        return not any(arm.totals.unknown for arm in self.arms)


def of(experiment: Experiment) -> Result:
    """With its courses; one statement, however many members there are."""
    days: dict[date, list[ExperimentDay]] = defaultdict(list)
    with scope(program=experiment.program):
        for row in ExperimentDay.objects.filter(experiment=experiment).order_by("day", "arm"):
            days[row.day].append(row)
    count = len(experiment.arms)
    assigned, sums = [0] * count, [Totals()] * count
    courses: dict[int, list[Point]] = {place: [] for place in range(1, count)}
    for day, rows in days.items():
        for row in rows:
            assigned[row.arm] += row.assigned
            sums[row.arm] += Totals(*(getattr(row, name) for name in COLUMNS))
        if any(row.counted for row in rows):
            for place, points in courses.items():
                points.append(Point(day, _band(experiment.measure, sums[place], sums[0], _alpha(count))))
    return _result(experiment, assigned, sums, courses)


def of_each(experiments: Sequence[Experiment]) -> list[Result]:
    """Without courses: one statement for all of them, which adds the days up; they are of one program."""
    if not experiments:
        return []
    found: dict[tuple[int, int], tuple[int, Totals]] = {}
    with scope(program=experiments[0].program):
        rows = ExperimentDay.objects.filter(experiment__in=experiments).values_list("experiment_id", "arm")
        for number, arm, assigned, *sums in rows.annotate(
            *(Sum(name, default=0) for name in ("assigned", *COLUMNS))
        ).order_by():
            found[number, arm] = assigned, Totals(*sums)
    return [
        _result(
            each,
            [found.get((each.pk, arm), NOTHING)[0] for arm in range(len(each.arms))],
            [found.get((each.pk, arm), NOTHING)[1] for arm in range(len(each.arms))],
            {},
        )
        for each in experiments
    ]


def _result(
    experiment: Experiment,
    assigned: Sequence[int],
    sums: Sequence[Totals],
    courses: Mapping[int, Sequence[Point]],
) -> Result:
    alpha = _alpha(len(experiment.arms))
    arms = [
        Arm(
            place, arm["name"], arm["share"], assigned[place], sums[place],
            outcomes.differences(sums[place], sums[0]) if place else {},
            _band(experiment.measure, sums[place], sums[0], alpha) if place else None,
        )
        for place, arm in enumerate(experiment.arms)
    ]  # fmt: skip
    mismatch = figures.mismatch(assigned, [arm["share"] for arm in experiment.arms])
    verdict, best = _judge(experiment.measure, arms, mismatch)
    return Result(experiment, arms, mismatch, verdict, best, courses)


def _alpha(count: int) -> float:
    """After Bonferroni: several arms are compared with one."""
    return ALPHA / max(1, count - 1)


def _judge(measure: str, arms: Sequence[Arm], mismatch: float) -> tuple[Verdict, Arm | None]:
    """A broken split is worth nothing, whatever it shows; a harm is told unless another arm wins."""
    if mismatch < BROKEN:
        return Verdict.BROKEN, None
    is_unknown = measure == "margin" and any(arm.totals.unknown for arm in arms)
    if is_unknown or min(arm.totals.n for arm in arms) < LEAST:
        return Verdict.EARLY, None
    others = [(arm, arm.band) for arm in arms if arm.band is not None]
    better = [(band.value, arm) for arm, band in others if band.low > 0]
    if better:
        return Verdict.WINNER, max(better, key=lambda pair: pair[0])[1]
    worse = [(band.value, arm) for arm, band in others if band.high < 0]
    if worse:
        return Verdict.HARM, min(worse, key=lambda pair: pair[0])[1]
    return Verdict.NONE, None


def _band(measure: str, treated: Totals, control: Totals, alpha: float) -> Band | None:
    if min(treated.n, control.n) < LEAST:
        return None
    return figures.sequence(treated.of(measure), control.of(measure), alpha=alpha)

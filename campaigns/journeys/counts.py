"""Live counts of journeys: how many wait at each step, passed it and how, and left there and why; in a few statements
however many members are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, Q, Sum
from django_scopes import scope

from campaigns.models import Enrolment, Journey, JourneyStep, JourneyVersion, StepTally
from members.models import Program

Status = Enrolment.Status


@dataclass(frozen=True, slots=True)
class Passed:
    """How many a step let through with one outcome; `reason` and `way` say more where there is more to say."""

    outcome: str
    reason: str
    way: str
    number: int


@dataclass(slots=True)
class AtStep:
    """`left` is by reason. `next_at` is when the first of those who wait goes on."""

    waiting: int = 0
    next_at: datetime | None = None
    passed: list[Passed] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    @property
    def through(self) -> int:
        """Everybody for whom the step was carried out, with or without effect."""
        return sum(one.number for one in self.passed)

    def by(self, name: str) -> dict[str, int]:
        """Who passed, by `outcome`, `reason` or `way`."""
        found = Counter[str]()
        for one in self.passed:
            found[getattr(one, name)] += one.number
        return dict(found)


@dataclass(frozen=True, slots=True)
class Totals:
    """Members in all versions of a journey; `held_out` are among them."""

    entered: int = 0
    waiting: int = 0
    finished: int = 0
    exited: int = 0
    held_out: int = 0


def of_steps(*, version: JourneyVersion) -> dict[str, AtStep]:
    """By the key of the step. Four statements."""
    with scope(program=version.program):
        keys: Mapping[int, str] = dict(JourneyStep.objects.filter(version=version).values_list("pk", "key"))
        found = {key: AtStep() for key in keys.values()}
        here = Enrolment.objects.filter(step__in=list(keys)).order_by()
        waiting = here.filter(status=Status.WAITING).values_list("step_id")
        for step, number, next_at in waiting.annotate(number=Count("pk"), next_at=Min("due_at")):
            found[keys[step]].waiting, found[keys[step]].next_at = number, next_at
        tallies = StepTally.objects.filter(step__in=list(keys))
        rows = tallies.values_list("step_id", "outcome", "reason", "way").annotate(total=Sum("number"))
        for step, *passed in rows.order_by("-total"):
            found[keys[step]].passed.append(Passed(*passed))
        left = here.filter(version=version, status=Status.EXITED).values_list("step_id", "reason")
        for step, reason, number in left.annotate(number=Count("pk")).order_by("-number"):
            found[keys[step]].left[reason] = number
    return found


def totals(*, program: Program, journeys: Collection[Journey] | None = None) -> dict[int, Totals]:
    """By journey (id), all versions together; of these journeys or all. One in which nobody ever was is missing. One
    statement."""
    with scope(program=program):
        rows = Enrolment.objects.filter(program=program)
        if journeys is not None:
            rows = rows.filter(journey__in=[journey.pk for journey in journeys])
        grouped = rows.order_by().values("journey_id").annotate(
            entered=Count("*"),
            waiting=Count("pk", filter=Q(status=Status.WAITING)),
            finished=Count("pk", filter=Q(status=Status.FINISHED)),
            exited=Count("pk", filter=Q(status=Status.EXITED)),
            held_out=Count("pk", filter=Q(holdout=True)),
        )  # fmt: skip
        names = ("journey_id", "entered", "waiting", "finished", "exited", "held_out")
        return {journey: Totals(*numbers) for journey, *numbers in grouped.values_list(*names)}


def waiting_at(*, version: JourneyVersion, key: str, most: int) -> list[Enrolment]:
    """The members who wait at a step, who goes on first first. Within the program's scope."""
    rows = Enrolment.objects.filter(step__version=version, step__key=key, status=Status.WAITING)
    return list(rows.select_related("member").order_by("due_at")[:most])

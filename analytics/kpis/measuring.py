"""KPIs of a program in a period, as of now: one figure, or its course by steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.kpis import crowds, places, quantities
from analytics.kpis.groups import Part
from analytics.kpis.quantities import TRADE, Asked, Edges
from analytics.kpis.registry import REGISTRY, Kpi
from analytics.periods import Period
from members.models import Program
from rewards.queries import units_of

type Where = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """`denominator` is None where nothing is divided; `value` is None where it is nothing. With `is_rest` the value is what
    the numerator leaves; without `is_known` nobody can say."""

    numerator: int
    denominator: int | None = None
    is_rest: bool = False
    is_known: bool = True

    @property
    def value(self) -> float | None:
        if not self.is_known:
            return None
        if self.denominator is None:
            return float(self.numerator)
        if not self.denominator:
            return None
        share = self.numerator / self.denominator
        return 1 - share if self.is_rest else share


UNKNOWN = Figure(0, is_known=False)


def measure(*, program: Program, key: str, period: Period, where: Where | None = None) -> Figure:
    """One KPI in the whole of a period, with what is not counted into the roll-ups yet left out (seconds).

    `where` narrows it to {"unit_id": …}, and sums of trade to {"store_id": …} or {"channel": …}. Points are those of the
    program's first unit unless it names another.
    Raises KeyError for a KPI that does not exist."""
    return measure_all(program=program, keys=[key], period=period, where=where)[key]


def measure_all(
    *, program: Program, keys: Iterable[str], period: Period, where: Where | None = None
) -> dict[str, Figure]:
    """Several at once: one statement for each kind of roll-up."""
    courses = courses_of(program=program, keys=keys, edges=(period.first, period.end), where=where)
    return {key: figures[0] for key, figures in courses.items()}


@dataclass(frozen=True, slots=True)
class Compared:
    """A KPI in the whole period and in the days before, as many, and in the steps of either."""

    now: Figure
    before: Figure
    course: list[Figure]
    earlier: list[Figure]


def compare_all(
    *, program: Program, keys: Iterable[str], period: Period, part: Part | None = None
) -> dict[str, Compared]:
    """A period beside the one before: one statement for each kind of roll-up. Of a `part` of trade or members, which one
    statement tells of; a KPI that it cannot be told of is not known."""
    chosen = [REGISTRY[key] for key in keys]
    edges = (*period.earlier, *period.edges[1:])
    part = part or Part(program)
    asked = Asked(program, edges, (period.end - period.first).days, _with_unit(program, part.where))
    told = [kpi for kpi in chosen if can_tell(kpi, part)]
    values = _read(asked, {name for kpi in told for name in kpi.quantities}, part)
    cut = len(period.earlier) - 1
    return {kpi.key: _compared(kpi, values, cut, part) if kpi in told else unknown(period) for kpi in chosen}


def can_tell(kpi: Kpi, part: Part) -> bool:
    """Whether the KPI is kept by what narrows this part."""
    if part.is_whole:
        return True
    if part.is_of_members:
        return crowds.NAMES.issuperset(kpi.quantities)
    return TRADE.names.issuperset(kpi.quantities) or is_by_place(kpi)


def is_by_place(kpi: Kpi) -> bool:
    """Whether it tells of members, and can be told of those who ordered in one store or channel."""
    return places.NAMES.issuperset(kpi.quantities)


def unknown(period: Period, now: Figure = UNKNOWN) -> Compared:
    """Where no more than this figure is known."""
    return Compared(now, UNKNOWN, [UNKNOWN] * len(period.steps), [UNKNOWN] * (len(period.earlier) - 1))


def _read(asked: Asked, names: set[str], part: Part) -> dict[str, list[int]]:
    if part.is_of_members:
        members, values = part.members()
        return crowds.read(asked, names, chosen=crowds.of(members), values=values)
    if part.is_whole:
        return quantities.read(asked, names)
    people = names - TRADE.names
    found = quantities.read(asked, names - people)
    return found | crowds.read(asked, people, chosen=places.rows(part.where, people), values={})


def _compared(kpi: Kpi, values: quantities.Values, cut: int, part: Part) -> Compared:
    halves = []
    for side in (slice(cut, None), slice(None, cut)):
        mine = {name: values[name][side] for name in kpi.quantities}
        whole = {name: [_whole(name, steps, part)] for name, steps in mine.items()}
        halves.append((_figures(kpi, whole)[0], _figures(kpi, mine)))
    (now, course), (before, earlier) = halves
    return Compared(now, before, course, earlier)


def _whole(name: str, steps: list[int], part: Part) -> int:
    if part.is_of_members or (not part.is_whole and name in places.NAMES):
        return crowds.whole(name, steps)
    return quantities.source_of(name).whole(name, steps)


def courses_of(
    *, program: Program, keys: Iterable[str], edges: Edges, where: Where | None = None
) -> dict[str, list[Figure]]:
    """Each KPI for each step between these edges. What counts people looks back from the end of each step over as many days as
    the edges span, so that the last step says the same as the whole."""
    chosen = [REGISTRY[key] for key in keys]
    asked = Asked(program, edges, (edges[-1] - edges[0]).days, _with_unit(program, where or {}))
    values = quantities.read(asked, {name for kpi in chosen for name in kpi.quantities})
    return {kpi.key: _figures(kpi, values) for kpi in chosen}


def _figures(kpi: Kpi, values: quantities.Values) -> list[Figure]:
    above = values[kpi.above]
    steps = len(above)
    below = values[kpi.below] if kpi.below else [None] * steps
    known = [kpi.is_known({name: values[name][step] for name in kpi.quantities}) for step in range(steps)]
    return [Figure(*parts) for parts in zip(above, below, [kpi.is_rest] * steps, known, strict=True)]


def _with_unit(program: Program, where: Where) -> Where:
    if "unit_id" in where:
        return where
    units = units_of(program)
    return {**where, "unit_id": units[0].pk if units else 0}

"""A result in plain words: figures by measure, the verdict in a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.experiments import rounds
from campaigns.experiments.figures import Band, Difference
from campaigns.experiments.holdout import Effect
from campaigns.experiments.outcomes import MEASURES
from campaigns.experiments.results import LEAST, Arm, Result, Verdict
from campaigns.models import Experiment
from loyaltysite.kit import formats

TITLES: Mapping[str, str | Promise] = dict(Experiment.Measure.choices) | {
    "cost": gettext_lazy("Cost of points and rewards per member")
}
BADGES: Mapping[Verdict, tuple[str | Promise, str]] = {
    Verdict.BROKEN: (gettext_lazy("Broken split"), "bad"),
    Verdict.EARLY: (gettext_lazy("Too early"), "draft"),
    Verdict.WINNER: (gettext_lazy("Winner"), "good"),
    Verdict.HARM: (gettext_lazy("Harm"), "bad"),
    Verdict.NONE: (gettext_lazy("No difference yet"), "info"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An arm in the table of one measure."""

    name: str
    value: str
    change: str
    interval: str
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    is_chosen: bool
    lines: list[Line]


def name_of(arm: Arm, experiment: Experiment) -> str:
    """As staff named it; the two sides of a hold-out have names of ours."""
    return title_of(arm.name, experiment)


def title_of(name: str, experiment: Experiment) -> str:
    if experiment.kind == Experiment.Kind.HOLDOUT:
        return _("Held out") if name == rounds.HELD_OUT else _("In the journey")
    return name


def verdict(result: Result) -> str:
    """What can be said now, in a sentence or two."""
    if result.verdict == Verdict.BROKEN:
        return _(
            "The arms do not have the members that their shares promise. So uneven a split comes by chance less than once "
            "in a thousand tests. Do not use these figures; look for what lost members of one arm."
        )
    if result.verdict == Verdict.EARLY:
        return _early(result)
    if result.best is None:
        return _("No difference can be told from chance yet. The test may go on; looking often does no harm.")
    parts = {
        "arm": formats.isolate(name_of(result.best, result.experiment)),
        "first": formats.isolate(name_of(result.arms[0], result.experiment)),
        "measure": TITLES[result.experiment.measure],
        "bounds": bounds(result.best.band, result.experiment) if result.best.band else "",
    }
    if result.verdict == Verdict.WINNER:
        return _("%(arm)s is better than %(first)s. %(measure)s: %(bounds)s.") % parts
    return _("%(arm)s is worse than %(first)s. %(measure)s: %(bounds)s.") % parts


def _early(result: Result) -> str:
    if result.experiment.measure == "margin" and not result.knows_margin:
        return _(
            "Some lines have no cost, and the program has no margin for them. Margins cannot be compared."
        )
    return _("Nothing is said before each arm has %(least)s members whose days are over.") % {
        "least": formats.format_number(LEAST)
    }


def bounds(band: Band, experiment: Experiment) -> str:
    """From what to what the difference lies, at every look."""
    currency = experiment.program.currency
    return _("between %(low)s and %(high)s") % {
        "low": formats.isolate(change(experiment.measure, band.low, currency)),
        "high": formats.isolate(change(experiment.measure, band.high, currency)),
    }


def tables(result: Result) -> list[Table]:
    """One table a measure, what counts first."""
    chosen = result.experiment.measure
    order = sorted(MEASURES, key=lambda name: name != chosen)
    return [
        Table(str(TITLES[name]), name == chosen, [_line(arm, name, result) for arm in result.arms])
        for name in order
        if name != "margin" or result.knows_margin
    ]


def _line(arm: Arm, measure: str, result: Result) -> Line:
    currency = result.experiment.program.currency
    shown = value(measure, arm.mean(measure), currency) if arm.totals.n else "–"
    found = arm.differences.get(measure)
    name = name_of(arm, result.experiment)
    if found is None:
        return Line(name, shown, "", "", is_clear=False)
    return Line(
        name,
        shown,
        change(measure, found.value, currency),
        interval(measure, found, currency),
        found.is_clear,
    )


def of_effect(found: Effect, currency: str) -> list[Table]:
    """All marketing against the control group, by measure."""
    tables = []
    for name in MEASURES:
        difference = getattr(found, name)
        if difference is not None:
            lines = [
                Line(_("Control group"), value(name, difference.control, currency), "", "", is_clear=False),
                Line(
                    _("Everybody else"), value(name, difference.treated, currency),
                    change(name, difference.value, currency), interval(name, difference, currency), difference.is_clear,
                ),
            ]  # fmt: skip
            tables.append(Table(str(TITLES[name]), is_chosen=False, lines=lines))
    return tables


def interval(measure: str, found: Difference, currency: str) -> str:
    return _("%(low)s to %(high)s") % {
        "low": formats.isolate(change(measure, found.low, currency)),
        "high": formats.isolate(change(measure, found.high, currency)),
    }


def value(measure: str, number: float, currency: str) -> str:
    if measure == "conversion":
        return formats.format_percent(number)
    return formats.format_money(_minor(number), currency)


def change(measure: str, number: float, currency: str) -> str:
    if measure == "conversion":
        return formats.format_points(number)
    return formats.format_money(_minor(number), currency, sign=True)


def _minor(number: float) -> Decimal:
    return Decimal(round(number))

"""The course of a difference with the bounds that hold at every look: one chart for each arm against the first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.utils.translation import gettext as _

from campaigns.experiments.figures import Band
from campaigns.experiments.results import Arm, Point, Result
from campaigns.views.experiments import words
from loyaltysite.kit import charts, formats

# More points than this say nothing more; the last one always stays.
MOST_POINTS = 60


def all_of(result: Result) -> list[charts.Chart]:
    """Where there is anything to draw."""
    drawn = [arm for arm in result.arms[1:] if any(point.band for point in result.courses[arm.place])]
    return [_course(result, arm) for arm in drawn]


def _course(result: Result, arm: Arm) -> charts.Chart:
    points = _thinned([point for point in result.courses[arm.place] if point.band is not None])
    bands = [point.band for point in points]
    name, first = (words.name_of(each, result.experiment) for each in (arm, result.arms[0]))
    parts = {"arm": formats.isolate(name), "first": formats.isolate(first)}
    return charts.line(
        title=_("%(arm)s against %(first)s") % parts,
        sentence=_sentence(result, arm),
        labels=[formats.format_date(point.day, form="short") for point in points],
        series=[
            charts.Series(_("Difference"), [_part(band, "value") for band in bands], within=_within(bands)),
            charts.Series(_("At least"), [_part(band, "low") for band in bands], "before"),
            charts.Series(_("At most"), [_part(band, "high") for band in bands], "before"),
        ],
        write=lambda number: words.change(
            result.experiment.measure, number, result.experiment.program.currency
        ),
        head=_("Until"),
        area=False,
    )


def _sentence(result: Result, arm: Arm) -> str:
    parts = {
        "arm": words.name_of(arm, result.experiment),
        "first": words.name_of(result.arms[0], result.experiment),
    }
    if arm.band is None:
        return _("There are too few members to compare %(arm)s with %(first)s.") % parts
    parts["bounds"] = words.bounds(arm.band, result.experiment)
    return _("The difference of %(arm)s to %(first)s lies %(bounds)s.") % parts


def _part(band: Band | None, name: str) -> float | None:
    found = getattr(band, name) if band else None
    return found if found is not None and math.isfinite(found) else None


def _within(bands: Sequence[Band | None]) -> list[tuple[float, float] | None]:
    return [
        (band.low, band.high) if band and math.isfinite(band.low) and math.isfinite(band.high) else None
        for band in bands
    ]


def _thinned(points: Sequence[Point]) -> list[Point]:
    every = max(1, math.ceil(len(points) / MOST_POINTS))
    return list(reversed(points[::-1][::every]))

"""The figures of a saved view as rows of a mail: the very functions that fill its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from analytics import cohorts as noun
from analytics import queries
from analytics.attribution import reading
from analytics.kpis.registry import REGISTRY
from analytics.models import ACTIVE, SavedView
from analytics.periods import Period
from analytics.views import choosing, figures, parts
from analytics.views.attribution.words import touch_name
from analytics.views.kpis import cohorts, words
from loyaltysite.kit import formats
from members.models import Program
from rewards.queries import units_of

# The days that a page shows where its address names none.
USUAL = {"home": "30", "cohorts": "year"}
# A mail is narrow: so many cohorts, and so many months after the first of each.
COHORTS, MONTHS = 8, 6


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, heads, and rows of text, each as long as the heads."""

    caption: str
    heads: list[str]
    rows: list[list[str]]

    @property
    def lines(self) -> list[str]:
        """For a mail without marks."""
        return [" | ".join(cell for cell in row if cell) for row in (self.heads, *self.rows)]


@dataclass(frozen=True, slots=True)
class Shown:
    period: Period
    rows: list[Row]
    only: str = ""
    table: Table | None = None


def of(view: SavedView, *, today: date) -> Shown:
    """As the page would show it on that day. Within the program's scope, zone and the reader's language."""
    request = HttpRequest()
    request.GET = QueryDict(view.query)
    _form, period = choosing.chosen(request, today, USUAL.get(view.page, "90"))
    only = parts.asked(view.program, request.GET).part.text if view.page == "kpis" else ""
    table = _cohorts(view.program, period, request.GET, today) if view.page == "cohorts" else None
    return Shown(period, ROWS[view.page](view.program, period, request.GET, today), only, table)


def has_rows(page: str) -> bool:
    """Whether a mail can tell what the page shows."""
    return page in ROWS


def _kpis(program: Program, period: Period, query: QueryDict, today: date) -> list[Row]:
    """Those that can be told of the view's part; where there is no such part any more, all of them as unknown."""
    asked = parts.asked(program, query)
    narrowed = asked.compare(REGISTRY, period)
    units = units_of(program)
    told = [
        words.tell(kpi, narrowed.found[key], program=program, unit=units[0] if units else None)
        for key, kpi in REGISTRY.items()
        if asked.problem or key not in narrowed.why
    ]
    return [Row(str(one.kpi.name), one.value or "–", one.change) for one in told]


def _home(program: Program, period: Period, query: QueryDict, today: date) -> list[Row]:
    units = units_of(program)
    unit = next((one for one in units if one.key == query.get("unit")), units[0] if units else None)
    live = queries.read(program=program, period=period)
    found = figures.all_of(
        program=program,
        period=period,
        over=period.is_over(today),
        trade=queries.trade_over(live),
        active=queries.presence_over(live)[ACTIVE],
        points=queries.points_over(live).get(unit.pk) if unit else None,
        unit=unit,
    )
    return [Row(one.name, one.value, one.change) for one in found]


def _attribution(program: Program, period: Period, query: QueryDict, today: date) -> list[Row]:
    found = reading.read(program=program, period=period)
    return [
        Row(touch_name(one.key), formats.format_money(one.revenue_minor, program.currency))
        for one in found.touches
    ]


def _funnel(program: Program, period: Period, query: QueryDict, today: date) -> list[Row]:
    found = noun.funnel_of(program=program, period=period)
    return [
        Row(stage["name"], formats.format_number(stage["count"]), stage["share"])
        for stage in cohorts.stages(found)
    ]


def _cohorts(program: Program, period: Period, query: QueryDict, today: date) -> Table | None:
    """The latest of those on the page, with their first months."""
    by = cohorts.by_of(query)
    shown = cohorts.grid_of(program, period, by, today).cohorts[-COHORTS:]
    width = min(MONTHS, max((len(one.shares) for one in shown), default=1) - 1)
    if width < 1:
        return None
    if by == "joined":
        first = _("Joined")
        caption = _("Percent of those who joined in a month that ordered, by months since")
    else:
        first = _("First order")
        caption = _("Percent of those who first ordered in a month that ordered again, by months since")
    heads = [first, _("Members"), *(formats.format_number(month) for month in range(1, width + 1))]
    rows = [
        [formats.format_date(one.month, form="month"), formats.format_number(one.size)]
        + [cohorts.percent(share) for share in one.shares[1 : width + 1]]
        + [""] * (width + 1 - len(one.shares))
        for one in shown
    ]
    return Table(caption, heads, rows)


ROWS: Mapping[str, Callable[[Program, Period, QueryDict, date], list[Row]]] = {
    "home": _home,
    "kpis": _kpis,
    "cohorts": _funnel,
    "attribution": _attribution,
}

"""The charts of a result: what it cost and would have cost over time, and who gains how much."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from analytics.backtests.results import Result
from analytics.models import Backtest
from analytics.views.backtests.words import Teller, people
from analytics.views.sheets import major
from loyaltysite.kit import charts, formats
from rewards.policies import add_months

# With more days than this a step is a week, with more weeks a month.
DAYS, WEEKS = 31, 31


def course(backtest: Backtest, result: Result, teller: Teller) -> charts.Chart:
    """The cost of each day, week or month in both worlds."""
    steps = _steps(backtest.first, backtest.last)
    before, after = [0.0] * len(steps), [0.0] * len(steps)
    for text, row in result.sums.days.items():
        day = date.fromisoformat(text)
        place = max(index for index, first in enumerate(steps) if first <= day)
        before[place] += float(major(result.minor(row[-2]), teller.program))
        after[place] += float(major(result.minor(row[-1]), teller.program))
    is_months = len(steps) > 1 and (steps[-1] - steps[-2]).days > 7
    figures = {
        "before": teller.money(result.minor(result.value(result.sums.before))),
        "after": teller.money(result.minor(result.value(result.sums.after))),
    }
    return charts.line(
        title=_("Worth of what is given"),
        sentence=_("%(before)s as it was, %(after)s under the draft.") % figures,
        labels=[formats.format_date(day, form="mon" if is_months else "short") for day in steps],
        series=[
            charts.Series(_("Under the draft"), after),
            charts.Series(_("As it was"), before, "before"),
        ],
        write=formats.format_compact,
        head=_("From"),
    )


def gains(result: Result, teller: Teller) -> charts.Chart:
    """How many members gain or lose how much."""
    shares = result.more["shares"]
    edges = [result.minor(edge) for edge in shares["edges"]]
    labels = []
    for place in range(len(edges) + 1):
        if place == 0:
            labels.append(_("below %(money)s") % {"money": _signed(edges[0], teller)})
        elif place == len(edges):
            labels.append(_("from %(money)s") % {"money": _signed(edges[-1], teller)})
        else:
            labels.append(_signed(edges[place - 1] if edges[place - 1] >= 0 else edges[place], teller))
    return charts.bar(
        title=_("Who gains and loses how much"),
        sentence=people(result),
        labels=labels,
        series=[charts.Series(_("Members"), [float(count) for count, _value in shares["counts"]])],
        write=formats.format_compact,
        head=_("In the whole period"),
    )


def _signed(minor: int, teller: Teller) -> str:
    return formats.format_money(minor, teller.program.currency, sign=True, short=True)


def _steps(first: date, last: date) -> list[date]:
    """The first days of steps: days, weeks or months by the length of the period."""
    length = (last - first).days + 1
    if length <= DAYS:
        return [first + timedelta(days=number) for number in range(length)]
    if length <= 7 * WEEKS:
        return [first + timedelta(days=number) for number in range(0, length, 7)]
    steps, day = [first], add_months(first.replace(day=1), 1)
    while day <= last:
        steps.append(day)
        day = add_months(day, 1)
    return steps

"""The charts of the home page: this period in blue, what it is compared with in grey or dashed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from analytics.periods import Period
from analytics.queries import Course, Level, Points, Trade
from analytics.views.figures import ended, whole_of
from loyaltysite.kit import charts, formats
from rewards.models import Unit
from rewards.queries import name_of


def labels_of(period: Period) -> list[str]:
    """The first day of each step; months by their name."""
    form = "mon" if period.unit == "month" else "short"
    return [formats.format_date(day, form=form) for day in period.steps]


def all_of(
    *, period: Period, trade: Trade, active: Course, points: Points | None, unit: Unit | None, over: bool
) -> dict[str, charts.Chart]:
    """`over` says whether the last step has ended: one that has only begun would draw every line down to zero."""
    labels = labels_of(period)
    found = {"people": _people(labels, trade.members, active), "orders": _orders(labels, trade.orders, over)}
    if points and unit:
        found |= {
            "points": _points(labels, points, unit, over),
            "held": _held(labels, points.outstanding, unit),
        }
    return found


def tiers(*, period: Period, levels: Sequence[Level]) -> charts.Chart | None:
    """Who is in which tier, step by step; None for more tiers than a drawing can tell apart."""
    if not 0 < len(levels) <= charts.MOST_SERIES:
        return None
    named = [(name_of(level.tier), level) for level in levels]
    told = [_course_of(name, Course(level.values, (), level.before)) for name, level in named]
    return charts.bar(
        title=_("By tier"),
        sentence=" ".join(told),
        labels=labels_of(period),
        series=[charts.Series(name, level.values) for name, level in named],
        write=formats.format_compact,
        head=_("From"),
        stacked=True,
    )


def _people(labels: Sequence[str], members: Course, active: Course) -> charts.Chart:
    return charts.line(
        title=_("Members"),
        sentence=_course_of(_("Members"), members) + " " + _course_of(_("Active members"), active),
        labels=labels,
        series=[
            charts.Series(_("All"), members.values),
            charts.Series(_("Active"), active.values, "compare"),
        ],
        write=formats.format_compact,
        head=_("From"),
    )


def _orders(labels: Sequence[str], orders: Course, over: bool) -> charts.Chart:
    figures = {
        "count": formats.format_number(orders.total),
        "most": formats.format_number(max(orders.values)),
        "before": formats.format_number(orders.before),
    }
    return charts.line(
        title=_("Orders"),
        sentence=_("%(count)s orders, %(before)s in the period before; the most in one step are %(most)s.")
        % figures,
        labels=labels,
        series=[
            charts.Series(_("This period"), ended(orders.values, over)),
            charts.Series(_("The period before"), orders.earlier, "before"),
        ],
        write=formats.format_compact,
        head=_("From"),
    )


def _points(labels: Sequence[str], points: Points, unit: Unit, over: bool) -> charts.Chart:
    name = formats.unit_name(0, unit)
    figures = {
        "issued": formats.format_number(whole_of(points.issued.total, unit)),
        "spent": formats.format_number(whole_of(points.spent.total, unit)),
        "unit": name,
    }
    return charts.line(
        title=_("%(unit)s given and used") % {"unit": name},
        sentence=_("%(issued)s %(unit)s were given and %(spent)s used.") % figures,
        labels=labels,
        series=[
            charts.Series(_("Given"), ended(_wholes(points.issued.values, unit), over)),
            charts.Series(_("Used"), ended(_wholes(points.spent.values, unit), over), "compare"),
            charts.Series(_("Given before"), _wholes(points.issued.earlier, unit), "before"),
        ],
        write=formats.format_compact,
        head=_("From"),
    )


def _held(labels: Sequence[str], held: Course, unit: Unit) -> charts.Chart:
    name = formats.unit_name(0, unit)
    title = _("%(unit)s outstanding") % {"unit": name}
    return charts.line(
        title=title,
        sentence=_course_of(title, held, unit),
        labels=labels,
        series=[charts.Series(name, _wholes(held.values, unit))],
        write=formats.format_compact,
        head=_("From"),
    )


def _wholes(values: Sequence[int], unit: Unit) -> list[float]:
    return [float(whole_of(value, unit)) for value in values]


def _course_of(name: str, course: Course, unit: Unit | None = None) -> str:
    """The finding in a sentence: from where to where."""
    first, last = course.values[0], course.values[-1]
    wholes = [whole_of(value, unit) if unit else Decimal(value) for value in (first, last)]
    names = {
        "name": name,
        "first": formats.format_number(wholes[0]),
        "last": formats.format_number(wholes[1]),
    }
    if first == last:
        return _("%(name)s stayed at %(last)s.") % names
    if last > first:
        return _("%(name)s rose from %(first)s to %(last)s.") % names
    return _("%(name)s fell from %(first)s to %(last)s.") % names

"""The figures of the home page in words: what each is, what it was before, and how it is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.periods import Period
from analytics.queries import Course, Points, Trade
from analytics.tables import ACTIVE_DAYS
from loyaltysite.kit import formats
from members.models import Program
from rewards.models import Unit

# More than tenfold says only that the program was new before.
MOST_CHANGE = 9


@dataclass(frozen=True, slots=True)
class Figure:
    """What components/stat.html shows, with the figure before and its definition. `mood` tells whether more is good."""

    name: str
    value: str
    before: str
    change: str
    mood: str
    of: str
    course: Sequence[float]
    about: str
    kpi: str = ""


def all_of(
    *,
    program: Program,
    period: Period,
    over: bool,
    trade: Trade,
    active: Course,
    points: Points | None,
    unit: Unit | None,
) -> list[Figure]:
    """In the order of the page; `over` says whether the last step is complete."""
    found = [*_people(trade, active), *_orders(program, trade, over)]
    if unit is not None:
        found += _points(program, points or nothing(period), unit, over)
    return found


def nothing(period: Period) -> Points:
    """Of a unit in which nothing has happened."""
    none = Course((0,) * len(period.steps), (0,) * (len(period.earlier) - 1), 0)
    return Points(none, none, none, none, none)


def _people(trade: Trade, active: Course) -> list[Figure]:
    members = trade.members
    joined = members.last - members.before
    share = active.last / members.last if members.last else 0
    return [
        Figure(
            _("Members"),
            formats.format_number(members.last),
            formats.format_number(members.before),
            *change_of(members.last, members.before, sense=1),
            of=ngettext("%(count)s joined in this time", "%(count)s joined in this time", joined)
            % {"count": formats.format_number(joined)},
            course=members.values,
            about=_(
                "Everybody who had joined by the end of the period and has not closed the account since."
            ),
            kpi="joined",
        ),
        Figure(
            _("Active members"),
            formats.format_number(active.last),
            formats.format_number(active.before),
            *change_of(active.last, active.before, sense=1),
            of=_("%(share)s of all members") % {"share": formats.format_percent(share)},
            course=active.values,
            about=_(
                "Members with at least one order in the %(days)s days that end with the last day of the period. "
                "Cancelled orders do not count, and nobody counts twice."
            )
            % {"days": formats.format_number(ACTIVE_DAYS)},
            kpi="engagement",
        ),
    ]


def _orders(program: Program, trade: Trade, over: bool) -> list[Figure]:
    count, worth = trade.orders, trade.revenue_minor
    share = trade.member_orders.total / count.total if count.total else 0
    back = trade.returned_minor.total
    mean = formats.format_money(worth.total // max(1, count.total), program.currency)
    returned = formats.format_money(back, program.currency)
    return [
        Figure(
            _("Orders"),
            formats.format_number(count.total),
            formats.format_number(count.before),
            *change_of(count.total, count.before, sense=1),
            of=_("%(share)s of them by members") % {"share": formats.format_percent(share)},
            course=_whole_steps(count, over),
            about=_(
                "Orders placed or paid in the period, with and without a member. Cancelled ones do not count."
            ),
            kpi="orders",
        ),
        Figure(
            _("Sales"),
            formats.format_money(worth.total, program.currency),
            formats.format_money(worth.before, program.currency),
            *change_of(worth.total, worth.before, sense=1),
            of=_("%(money)s an order, %(back)s brought back") % {"money": mean, "back": returned},
            course=_whole_steps(worth, over),
            about=_(
                "What these orders came to, before returns. What was brought back in the period is named beside it."
            ),
            kpi="revenue",
        ),
    ]


def _points(program: Program, points: Points, unit: Unit, over: bool) -> list[Figure]:
    name, held = formats.unit_name(0, unit), points.outstanding
    whole = _writer(unit)
    worth, before = worth_of(held.last, unit), worth_of(held.before, unit)
    spent = points.spent.total / points.issued.total if points.issued.total else 0
    return [
        Figure(
            _("%(unit)s given") % {"unit": name},
            whole(points.issued.total),
            whole(points.issued.before),
            *change_of(points.issued.total, points.issued.before, sense=0),
            of=_("%(count)s taken back") % {"count": whole(points.reversed.total)},
            course=_whole_steps(points.issued, over),
            about=_("What rules and bonuses gave in the period, before anything was taken back for returns."),
        ),
        Figure(
            _("%(unit)s used") % {"unit": name},
            whole(points.spent.total),
            whole(points.spent.before),
            *change_of(points.spent.total, points.spent.before, sense=0),
            of=_("%(share)s of those given") % {"share": formats.format_percent(spent)},
            course=_whole_steps(points.spent, over),
            about=_("What members spent or donated in the period, less what was given back to them."),
            kpi="points_redemption",
        ),
        Figure(
            _("%(unit)s outstanding") % {"unit": name},
            whole(held.last),
            whole(held.before),
            *change_of(held.last, held.before, sense=0),
            of=_("%(count)s ended in this time") % {"count": whole(points.expired.total)},
            course=held.values,
            about=_("What members held at the end of the period: usable, still pending, and reserved."),
        ),
        Figure(
            _("Worth of these"),
            formats.format_money(worth, program.currency),
            formats.format_money(before, program.currency),
            *change_of(worth, before, sense=0),
            of=_("%(money)s for 100")
            % {"money": formats.format_money(worth_of(100 * 10**unit.precision, unit), program.currency)},
            course=[worth_of(value, unit) for value in held.values],
            about=_(
                "What is outstanding at the value of one, as set in the program. Not all of it will be used."
            ),
        ),
    ]


def ended(values: Sequence[float], over: bool) -> list[float | None]:
    """What is counted by the step, without one that goes on, unless it is the only one: it would look like a fall."""
    return [*values] if over or len(values) < 2 else [*values[:-1], None]


def _whole_steps(course: Course, over: bool) -> list[float]:
    return [value for value in ended(course.values, over) if value is not None]


def change_of(now: int, before: int, *, sense: int) -> tuple[str, str]:
    """The change in percent with its mood: `sense` 0 says that more is neither good nor bad."""
    if before <= 0:
        return "", ""
    share = (now - before) / before
    if share >= MOST_CHANGE:
        return "", ""
    mood = "" if not sense or abs(share) < 0.0005 else "up" if share > 0 else "down"
    return formats.format_percent(share, sign=True), mood


def _writer(unit: Unit) -> Callable[[int], str]:
    """What writes ledger units as whole ones."""
    return lambda amount: formats.format_number(whole_of(amount, unit))


def whole_of(amount: int, unit: Unit) -> Decimal:
    return Decimal(amount).scaleb(-unit.precision)


def worth_of(amount: int, unit: Unit) -> int:
    """The money value of ledger units, in minor units of the currency."""
    return int(amount * unit.worth_numerator // (unit.worth_denominator * 10**unit.precision))

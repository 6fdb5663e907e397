"""KPIs in words: a value as the reader writes it, how it changed, and what was divided by what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from analytics.kpis import Figure, Kpi
from analytics.kpis.measuring import Compared
from loyaltysite.kit import formats
from members.models import Program
from rewards.models import Unit

# Quantities counted in ledger units of the unit that is shown, and those of money.
OF_UNITS = {"spent", "issued", "expired", "issued_ever", "expired_ever", "held"}
OF_MONEY = {
    "revenue", "margin", "covered", "member_revenue", "member_margin", "other_revenue", "other_margin", "returned",
    "all_revenue", "foretold", "spent_by_known", "net_ever", "revenue_ever", "top_ever",
}  # fmt: skip
# More than tenfold says only that the program was new before.
MOST_CHANGE = 9


@dataclass(frozen=True, slots=True)
class Words:
    """What a stat shows, and its course for the line; `why` tells where there is no figure."""

    kpi: Kpi
    value: str | None
    before: str
    change: str
    mood: str
    of: str
    course: Sequence[float | None]
    why: str = ""

    @property
    def key(self) -> str:
        return self.kpi.key


def tell(
    kpi: Kpi, found: Compared, *, program: Program, unit: Unit | None, why: str = "", model: str = ""
) -> Words:
    """What is the same in every period is not compared; a `model` that foretold it is named beside the parts."""
    changes, now, before = not kpi.is_to_date, found.now, found.before
    return Words(
        kpi=kpi,
        value=None if now.value is None else write(kpi, now.value, program),
        before="–" if before.value is None or not changes else write(kpi, before.value, program),
        change=change_of(kpi, now, before) if changes else "",
        mood=mood_of(kpi, now, before) if changes else "",
        of=why or ", ".join(filter(None, (fraction(kpi, now, program, unit), model))),
        course=[figure.value for figure in found.course] if changes and not why else [],
        why=why,
    )


def write(kpi: Kpi, value: float, program: Program) -> str:
    if kpi.unit == "share":
        return formats.format_percent(value)
    if kpi.unit == "money":
        return formats.format_money(round(value), program.currency)
    if kpi.unit == "count":
        return formats.format_number(round(value))
    return formats.format_number(Decimal(str(round(value, 2))), decimals=2 if kpi.unit == "ratio" else 1)


def writer(kpi: Kpi, program: Program) -> Callable[[float], str]:
    """For the axis and the table of a chart."""
    if kpi.unit == "count":
        return formats.format_compact
    if kpi.unit == "money":
        return lambda value: formats.format_money(round(value), program.currency, short=True)
    return lambda value: write(kpi, value, program)


def change_of(kpi: Kpi, now: Figure, before: Figure) -> str:
    """Points of a share, percent of all else; nothing where there was nothing before."""
    if now.value is None or not before.value:
        return ""
    if kpi.unit == "share":
        return formats.format_points(now.value - before.value)
    grown = (now.value - before.value) / abs(before.value)
    return formats.format_percent(grown, sign=True) if abs(grown) < MOST_CHANGE else ""


def mood_of(kpi: Kpi, now: Figure, before: Figure) -> str:
    if kpi.good is None or now.value is None or not before.value or abs(now.value - before.value) < 1e-9:
        return ""
    return "up" if (now.value > before.value) == (kpi.good == "up") else "down"


def fraction(kpi: Kpi, figure: Figure, program: Program, unit: Unit | None) -> str:
    """Ordered twice or more 2,388 ÷ members who ordered 6,218."""
    if figure.denominator is None or not figure.is_known:
        return ""
    above = quantity(kpi.above, figure.numerator, program, unit)
    below = quantity(kpi.below, figure.denominator, program, unit)
    if figure.is_rest:
        return _("1 − %(above)s ÷ %(below)s") % {"above": above, "below": below}
    return _("%(above)s ÷ %(below)s") % {"above": above, "below": below}


def quantity(name: str, value: int, program: Program, unit: Unit | None) -> str:
    if name in OF_MONEY:
        return formats.format_money(value, program.currency)
    if name in OF_UNITS and unit is not None:
        return formats.format_number(Decimal(value).scaleb(-unit.precision))
    return formats.format_number(value)

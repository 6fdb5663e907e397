"""A KPI by store, channel, tier, segment, language or year of joining, as bars with their parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from analytics.kpis import Figure, Kpi, cuts
from analytics.kpis.groups import BY, OF_TRADE, Part
from analytics.periods import Period
from analytics.views.kpis import words
from loyaltysite.kit import formats
from members.access import StaffRequest
from members.models import Program

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Breakdown:
    key: str
    name: str | Promise


ALL = tuple(Breakdown(key, name) for key, name in BY.items())


def of_kpi(kpi: Kpi) -> list[Breakdown]:
    return [one for one in ALL if one.key in cuts.possible(kpi)]


def chosen(key: str, kpi: Kpi) -> Breakdown | None:
    """The one asked for, else the first that this KPI has."""
    those = of_kpi(kpi)
    return next((one for one in those if one.key == key), those[0] if those else None)


def shown(
    kpi: Kpi, part: Part, period: Period, breakdown: Breakdown | None, request: StaffRequest
) -> dict[str, Any]:
    """Tabs, rows, and as of when; nothing for a KPI that cannot be divided, and of a part of trade only what divides
    trade."""
    divides = OF_TRADE if cuts.is_of_trade(kpi) else ()
    tabs = [one for one in of_kpi(kpi) if part.is_whole or one.key in divides]
    if part.is_of_members or breakdown not in tabs:
        return {"tabs": []}
    program = part.program
    found = cuts.read(program=program, kpi=kpi, period=period, by=breakdown.key, part=part)
    most = max((row.figure.value or 0 for row in found.rows), default=0)
    return {
        "tabs": [_tab(one, breakdown, request) for one in tabs],
        "breakdown": breakdown,
        "bars": [_bar(kpi, program, row.name, row.figure, most) for row in found.rows[:SHOWN]],
        "left_out": max(0, len(found.rows) - SHOWN),
        "as_of": found.as_of,
        "cut_days": found.days,
        "is_by_place": breakdown.key in OF_TRADE and found.days is not None,
    }


def _tab(one: Breakdown, current: Breakdown, request: StaffRequest) -> dict[str, Any]:
    query = request.GET.copy()
    query["by"] = one.key
    return {"url": f"?{query.urlencode()}", "text": one.name, "current": one == current}


def _bar(kpi: Kpi, program: Program, name: str, figure: Figure, most: float) -> dict[str, Any]:
    value = figure.value
    whole = formats.format_number(figure.denominator) if figure.denominator is not None else ""
    return {
        "name": name,
        "share": (value or 0) / most if most > 0 else 0,
        "text": "–" if value is None else words.write(kpi, value, program),
        "of": whole,
    }

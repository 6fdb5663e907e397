"""Key figures of a part of trade or members: exactly, or for large groups as they are counted at night, or why not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.kpis import crowds, cuts, measuring, places, quantities
from analytics.kpis.groups import Part
from analytics.kpis.measuring import Compared
from analytics.kpis.registry import REGISTRY, Kpi
from analytics.periods import Period
from loyaltysite.kit import formats

# What nobody can say before a model was fitted.
FORETOLD = ("predicted_clv",)
# The usual periods that a night counts, and the window that stands for each.
NIGHTLY = dict(zip(("30", "90", "year"), cuts.WINDOWS, strict=True))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """`why` tells of each KPI that nothing can be said of. `days` and `as_of` are of a count once a day, which has neither
    course nor a period before, but for `exact` keys; None: everything is of the very days."""

    part: Part
    found: Mapping[str, Compared]
    why: Mapping[str, str] = field(default_factory=dict)
    days: int | None = None
    as_of: date | None = None
    exact: frozenset[str] = frozenset()

    @property
    def is_by_place(self) -> bool:
        """Whether some figures are those of members in one store or channel."""
        return any(is_by_place(self.part, key) for key in self.found.keys() - self.why.keys())

    def is_exact(self, key: str) -> bool:
        """Whether the figure is of the very days, with its course."""
        return (self.days is None or key in self.exact) and key not in self.why

    def reason(self, key: str) -> str:
        """For a table, which has no note above it: why there is no figure, or of which days it is if not of those asked for."""
        if key in self.why or self.is_exact(key) or self.days is None or self.as_of is None:
            return self.why.get(key, "")
        return _days_of(self.part, self.days, self.as_of)

    def is_asked(self, kpi: Kpi) -> bool:
        """Whether a statement was asked for it, though it may have found nothing."""
        return (
            (self.days is None or kpi.key in self.exact)
            and (kpi.key not in self.why or kpi.key in FORETOLD)
            and measuring.can_tell(kpi, self.part)
        )


def compare(*, part: Part, keys: Iterable[str], period: Period) -> Narrowed:
    """These KPIs in the period and the one before, of this part."""
    chosen = list(keys)
    if part.is_of_members and _is_large(part):
        return _nightly(part, chosen, period, _by_members())
    people = [key for key in chosen if is_by_place(part, key)]
    if people and places.is_large(part.program):
        told = compare(part=part, keys=[key for key in chosen if key not in people], period=period)
        night = _nightly(part, people, period, _by_orders())
        return replace(
            night,
            found={key: (night if key in people else told).found[key] for key in chosen},
            why={**told.why, **night.why},
            exact=frozenset(told.found),
        )
    found = measuring.compare_all(program=part.program, keys=chosen, period=period, part=part)
    why = {key: _why_not(part) for key in chosen if not measuring.can_tell(REGISTRY[key], part)}
    for key in FORETOLD:
        if key in found and not found[key].now.denominator:
            why.setdefault(key, _("Not fitted yet."))
    return Narrowed(part, found, why)


def is_by_place(part: Part, key: str) -> bool:
    """Whether the KPI is told of the members of one store or channel."""
    return not part.is_whole and not part.is_of_members and measuring.is_by_place(REGISTRY[key])


def nothing(*, part: Part, keys: Iterable[str], period: Period, why: str) -> Narrowed:
    """No figure at all, for one reason."""
    chosen = list(keys)
    return Narrowed(part, dict.fromkeys(chosen, measuring.unknown(period)), dict.fromkeys(chosen, why))


def statements(kpi: Kpi, part: Part, period: Period) -> list[str]:
    """What is asked for a KPI of this part, with the names of its values."""
    if part.is_of_members:
        return [crowds.statement(kpi.quantities, crowds.of(part.members()[0]))]
    if is_by_place(part, kpi.key):
        return [crowds.statement(kpi.quantities, places.rows(part.where, kpi.quantities))]
    return quantities.statements(kpi.quantities, part.where, (period.end - period.first).days)


def _is_large(part: Part) -> bool:
    members, values = part.members()
    return crowds.is_large(members=members, values=values)


def _by_members() -> tuple[str, str]:
    """Why not several groups, and why not these days."""
    many = {"count": formats.format_number(crowds.MOST)}
    return (
        _("More than %(count)s members are counted once a day, and by one group at a time.") % many,
        _("More than %(count)s members are counted once a day: for 30 days, 90 days and a year.") % many,
    )


def _by_orders() -> tuple[str, str]:
    many = {"count": formats.format_number(places.MOST)}
    return (
        _("With more than %(count)s orders this is counted once a day, and by one group at a time.") % many,
        _("With more than %(count)s orders this is counted once a day: for 30 days, 90 days and a year.")
        % many,
    )


def _nightly(part: Part, keys: list[str], period: Period, whys: tuple[str, str]) -> Narrowed:
    if len(part.chosen) > 1:
        why = whys[0]
        return nothing(part=part, keys=keys, period=period, why=why)
    days = NIGHTLY.get(period.key)
    if days is None:
        why = whys[1]
        return nothing(part=part, keys=keys, period=period, why=why)
    sums, as_of = cuts.sums_of(part=part, days=days)
    if sums is None:
        why = _("This is counted once a day, the first time within minutes.")
        return nothing(part=part, keys=keys, period=period, why=why)
    kept = {key for key in keys if cuts.is_kept(REGISTRY[key])}
    found = {
        key: measuring.unknown(period, cuts.figure_of(REGISTRY[key], sums))
        if key in kept
        else measuring.unknown(period)
        for key in keys
    }
    return Narrowed(part, found, {key: _why_not(part) for key in keys if key not in kept}, days, as_of)


def _days_of(part: Part, days: int, as_of: date) -> str:
    values = {"shown": formats.format_number(days), "day": formats.format_date(as_of)}
    if part.is_of_members:
        return (
            ngettext(
                "Counted once a day: the %(shown)s day that ended on %(day)s, by what members are now.",
                "Counted once a day: the %(shown)s days that ended on %(day)s, by what members are now.",
                days,
            )
            % values
        )
    return (
        ngettext(
            "Figures of members are counted once a day: the %(shown)s day that ended on %(day)s.",
            "Figures of members are counted once a day: the %(shown)s days that ended on %(day)s.",
            days,
        )
        % values
    )


def _why_not(part: Part) -> str:
    return _("Not kept by what members are.") if part.is_of_members else _("Not kept by store or channel.")

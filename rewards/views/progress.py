"""A member's tier in the words of staff: where, how much is left, by when, and until when it is kept (37)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards.queries import bars
from rewards.tiers import standings
from rewards.tiers.progress import Progress
from rewards.tiers.schemes import MONEY, Level, Scheme


@dataclass(slots=True)
class Told:
    """What components/progress.html shows; `name` is empty in a program where nothing is reached yet."""

    name: str
    bars: int
    share: float
    now: str
    goal: str = ""
    left: str = ""
    notes: list[str] = field(default_factory=list)


def tell(*, program: Program, member: Member, now: datetime) -> Told | None:
    """The member's tier and progress; None in a program without tiers."""
    try:
        scheme = standings.scheme_of(program)
        found = standings.progress_of(program=program, member=member, now=now)
    except standings.NoTiers:
        return None
    told = Told(
        name=name_of(found.level) if found.level else "",
        bars=bars(scheme.levels.index(found.level), len(scheme.levels)) if found.level else 1,
        share=found.share,
        now=_amount(found.total, scheme, program),
    )
    above = found.next_level
    if above is not None:
        told.goal = f"{name_of(above)} {_amount(above.threshold, scheme, program)}"
        told.left = _left(found, above, scheme, program)
    told.notes = _notes(found, scheme, program)
    return told


def name_of(level: Level) -> str:
    names: Mapping[str, str] = level.names
    return names.get(get_language() or "en") or next(iter(names.values()), level.key)


def _left(found: Progress, above: Level, scheme: Scheme, program: Program) -> str:
    names = {"amount": _amount(found.missing or 0, scheme, program), "tier": name_of(above)}
    if found.next_by is None:
        return _("%(amount)s more for %(tier)s.") % names
    return _("%(amount)s more by %(day)s for %(tier)s.") % (names | {"day": _last(found.next_by)})


def _notes(found: Progress, scheme: Scheme, program: Program) -> list[str]:
    if found.level is None:
        return []
    tier = name_of(found.level)
    notes = []
    if found.is_provisional and found.confirms_at:
        notes.append(
            _("Provisional until %(day)s, while orders can still come back.")
            % {"day": _last(found.confirms_at)}
        )
    if found.is_manual:
        notes.append(_("Set by staff."))
    if found.valid_until is not None:
        notes.append(_("%(tier)s is kept until %(day)s.") % {"tier": tier, "day": _last(found.valid_until)})
    if found.keep_missing and found.keep_by:
        names = {
            "amount": _amount(found.keep_missing, scheme, program),
            "day": _last(found.keep_by),
            "tier": tier,
        }
        notes.append(_("To keep it longer: %(amount)s by %(day)s.") % names)
    return notes


def _last(end: datetime) -> str:
    """The last day before an exclusive end."""
    return formats.format_date(end - timedelta(microseconds=1))


def _amount(figure: int, scheme: Scheme, program: Program) -> str:
    """The figure in what the scheme counts: money, orders, visits or points."""
    if scheme.counted in MONEY:
        return formats.format_money(figure, program.currency)
    count = formats.format_number(figure)
    if scheme.counted == "orders":
        return ngettext("%(count)s order", "%(count)s orders", figure) % {"count": count}
    if scheme.counted == "visits":
        return ngettext("%(count)s visit", "%(count)s visits", figure) % {"count": count}
    return ngettext("%(count)s point", "%(count)s points", figure) % {"count": count}

"""The tiers in a member's words: what the next one needs, what keeps this one, and by when (SEMANTICS 37)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards.models import Unit
from rewards.tiers import standings
from rewards.tiers.progress import Progress
from rewards.tiers.schemes import MONEY, Level, Scheme
from rewards.views.portal.words import dated, last_day, money, say, units


@dataclass(slots=True)
class Climb:
    """What the page shows of the tiers; `goal` is empty at the top."""

    tier: str = ""
    rank: int = 1
    goal: SafeString | str = ""
    share: float = 1.0
    label: str = ""
    now: SafeString | str = ""
    there: str = ""
    there_rank: int = 2
    sentences: list[SafeString] = field(default_factory=list)

    @property
    def left(self) -> SafeString:
        return SafeString(" ".join(self.sentences))


def of(*, program: Program, member: Member, now: datetime, unit: Unit | None) -> Climb | None:
    """The member's way; None in a program without tiers. `unit` names points where points are counted."""
    try:
        scheme = standings.scheme_of(program)
    except standings.NoTiers:
        return None
    course = standings.load(program=program, member_ids=[member.holder_id], scheme=scheme)[member.holder_id]
    return tell(program=program, scheme=scheme, progress=course.progress(now), unit=unit)


def tell(*, program: Program, scheme: Scheme, progress: Progress, unit: Unit | None) -> Climb:
    here = name_of(progress.level) if progress.level else ""
    climb = Climb(tier=here, rank=(progress.level.rank + 1) if progress.level else 1)
    measure = Measure(program, scheme, unit)
    # What somebody is worth to the shop is the shop's to know.
    if progress.next_level is not None and not scheme.is_valued:
        _tell_next(climb, progress, progress.next_level, measure)
    _tell_keeping(climb, progress, measure)
    return climb


def name_of(level: Level) -> str:
    names = level.names
    return names.get((get_language() or "en").split("-")[0]) or next(iter(names.values()), level.key)


@dataclass(frozen=True, slots=True)
class Measure:
    """Writes what the scheme counts: money, orders, visits or points."""

    program: Program
    scheme: Scheme
    unit: Unit | None

    def write(self, value: int) -> SafeString:
        counted = self.scheme.counted
        if counted in MONEY:
            return SafeString(money(value, self.program.currency))
        if counted == "points" and self.unit is not None:
            return SafeString(units(value, self.unit))
        shown = say("%(count)s", count=formats.format_number(value))
        if counted == "orders":
            return say(ngettext("%(count)s order", "%(count)s orders", value), count=shown)
        if counted == "visits":
            return say(ngettext("%(count)s visit", "%(count)s visits", value), count=shown)
        return say(ngettext("%(count)s point", "%(count)s points", value), count=shown)


def _tell_next(climb: Climb, progress: Progress, above: Level, measure: Measure) -> None:
    climb.there, climb.there_rank, climb.share = name_of(above), above.rank + 1, progress.share
    missing = measure.write(progress.missing or 0)
    total, needed = measure.write(progress.total), measure.write(above.threshold)
    climb.goal = say(_("%(missing)s to %(tier)s"), missing=missing, tier=climb.there)
    climb.now = say(_("%(total)s of %(needed)s"), total=total, needed=needed)
    if progress.next_by is not None:
        day = dated(last_day(progress.next_by), "long")
        climb.sentences.append(say(_("Reach %(tier)s by %(day)s."), tier=climb.there, day=day))


def _tell_keeping(climb: Climb, progress: Progress, measure: Measure) -> None:
    if progress.level is None or progress.valid_until is None:
        return
    until, here = dated(last_day(progress.valid_until), "long"), climb.tier
    say_more = climb.sentences.append
    if progress.is_manual:
        shop = measure.program.name
        say_more(say(_("%(shop)s gave you %(tier)s until %(day)s."), shop=shop, tier=here, day=until))
    else:
        say_more(say(_("%(tier)s is yours until %(day)s."), tier=here, day=until))
    if progress.is_provisional and progress.confirms_at is not None:
        day = dated(last_day(progress.confirms_at), "long")
        say_more(say(_("Until %(day)s a return can still take it back."), day=day))
    if not progress.keep_missing or progress.keep_by is None:
        return
    parts = {
        "missing": measure.write(progress.keep_missing),
        "day": dated(last_day(progress.keep_by), "long"),
        "tier": here,
    }
    if progress.keep_from is not None:
        parts["start"] = dated(progress.keep_from, "long")
        say_more(say(_("To keep %(tier)s after that, %(missing)s between %(start)s and %(day)s."), **parts))
    else:
        say_more(say(_("To keep %(tier)s after that, %(missing)s more by %(day)s."), **parts))

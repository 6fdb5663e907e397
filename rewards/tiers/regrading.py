"""Changed thresholds are previewed, and take effect at each member's next change unless the merchant re-grades (36)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Member, Program, User
from rewards.tiers import standings
from rewards.tiers.courses import Course
from rewards.tiers.schemes import TICK, Level, Scheme

CHUNK = 1000


class ThresholdsRefused(DomainError):
    code = "thresholds_refused"
    message = _("Thresholds rise from level to level and are not negative.")


@dataclass(slots=True)
class Regrading:
    """How many members rise and fall; `moves` counts them by (key before, key after), "" for no tier."""

    up: int = 0
    down: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, before: Level | None, after: Level | None) -> None:
        one, two = _place(before), _place(after)
        if one[0] != two[0]:
            self.up += two[0] > one[0]
            self.down += two[0] < one[0]
            self.moves[one[1], two[1]] += 1


def preview_thresholds(*, program: Program, thresholds: Mapping[str, int], now: datetime) -> Regrading:
    """What a re-grade with these thresholds, {tier key: from}, would do now. Levels not named keep theirs.

    Nothing is written. Raises ThresholdsRefused, standings.NoTiers.
    """
    scheme = standings.scheme_of(program)
    changed = with_thresholds(scheme, thresholds)
    found = Regrading()
    for member_ids in _members(program):
        for course in standings.load(program=program, member_ids=member_ids, scheme=scheme).values():
            before = course.level_at(now)
            after = Course(changed, course.joined_on, course.standings, course.metrics)
            after.worth = course.worth
            after.regrade(now=now)
            found.note(before, after.level_at(now + TICK))
    return found


def regrade(*, program: Program, reason: str, by: User, now: datetime) -> Regrading:
    """Give every member the tier that the metric earns now, by the present thresholds; manual tiers stay (35, 36).

    Works in chunks, each in its own transaction; a repeat finds nothing left to do. Raises standings.NoTiers.
    """
    scheme = standings.scheme_of(program)
    found = Regrading()
    for member_ids in _members(program):
        with scope(program=program), transaction.atomic():
            courses = standings.lock(program=program, member_ids=member_ids, scheme=scheme)
            for course in courses.values():
                before = course.level_at(now)
                course.regrade(now=now)
                found.note(before, course.level_at(now + TICK))
            standings.save(program=program, courses=courses, now=now)
    with scope(program=program):
        audit.record(
            program=program, actor=by, action="tier.regrade", subject="program", subject_id=program.slug,
            after={"up": found.up, "down": found.down}, reason=reason, now=now,
        )  # fmt: skip
    return found


def with_thresholds(scheme: Scheme, thresholds: Mapping[str, int]) -> Scheme:
    """The scheme with other thresholds."""
    levels = tuple(
        replace(level, threshold=thresholds.get(level.key, level.threshold)) for level in scheme.levels
    )
    wanted = [level.threshold for level in levels]
    if (
        wanted != sorted(wanted)
        or min(wanted) < 0
        or not thresholds.keys() <= {level.key for level in levels}
    ):
        raise ThresholdsRefused(field="thresholds")
    return replace(scheme, levels=levels)


def _members(program: Program) -> Iterator[list[int]]:
    """All members of the program in chunks, in id order."""
    after = 0
    while True:
        with scope(program=program):
            members = Member.objects.filter(pk__gt=after).order_by("pk")
            found = list(members.values_list("pk", flat=True)[:CHUNK])
        if not found:
            return
        yield found
        after = found[-1]


def _place(level: Level | None) -> tuple[int, str]:
    return (level.rank, level.key) if level else (-1, "")

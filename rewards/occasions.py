"""Days that come by themselves: a birthday, the anniversary of joining and the joining itself are occasions for rules.

Each is a fact of our own, named by the member and the year, so that it has effect once however often, late or doubled
this runs. A day that nobody worked on is made up for within a week.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import batched

from django.db import connection
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django_scopes import scope

from members import erasure
from members.models import Fact, Identity, Member, Program
from rewards import intake, rulebook
from rewards.badges.editing import awaited as badges_awaited
from rewards.engine.rules import scheduled
from rewards.intake.checks import OWN_SOURCE
from rewards.intake.items import EventIn, Who
from rewards.plans import gifts
from rewards.rulebook import Rulebook

BIRTHDAY, ANNIVERSARY, JOINING = "birthday", "anniversary", "joining"
CATCH_UP_DAYS = 7
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a program that has begun; `now` is the real moment."""

    program: Program
    on: date
    now: datetime

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.on, time.min, tzinfo=self.program.zone)

    @property
    def same_days(self) -> list[int]:
        """The days of the month that are marked today: without a 29 February it is the 28th (SEMANTICS 10)."""
        is_short = (self.on.month, self.on.day) == (2, 28) and not isleap(self.on.year)
        return [28, 29] if is_short else [self.on.day]


def record_due(*, program: Program, now: datetime) -> int:
    """Record the occasions of the last days that a rule waits for; how many there were. Safe to repeat at any time."""
    with scope(program=program), timezone.override(program.zone):
        today = now.astimezone(program.zone).date()
        days = [Day(program, today - timedelta(days=back), now) for back in range(CATCH_UP_DAYS, -1, -1)]
        book = _rulebook(program)
        has_gifts = gifts.are_promised(program=program, book=book)
        # What tiers, plans or badges wait for.
        always = {BIRTHDAY} if has_gifts else set()
        counted = badges_awaited(program=program) if book.is_followed else set()
        always |= {name for name in OCCASIONS if scheduled(name) in counted}
        awaited = [name for name in OCCASIONS if name in always or _is_awaited(scheduled(name), days, book)]
        return sum(_record(day, name, book, always=name in always) for day in days for name in awaited)


def _is_awaited(kind: str, days: Sequence[Day], book: Rulebook) -> bool:
    """Whether a rule waits for it at any time of these days: else nobody is looked for. A rule may begin or end within a
    day, so every change of the rules counts."""
    first, now = days[0].begin, days[0].now
    moments = [first, now, *(bound for bound in book.bounds if first < bound < now)]
    return any(kind in book.engine_at(moment).kinds for moment in moments)


def _rulebook(program: Program) -> Rulebook:
    catalogue = Program.objects.values_list("catalogue", flat=True).get(pk=program.pk)
    return rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]), catalogue=catalogue)


def _record(day: Day, name: str, book: Rulebook, *, always: bool) -> int:
    """What no rule waits for at its moment is not written, unless tiers, plans or badges do something with it."""
    count, kind = 0, scheduled(name)
    for due in batched(OCCASIONS[name](day), CHUNK):
        items = [item for item in due if always or kind in book.engine_at(item.occurred_at).kinds]
        if items:
            outcomes = intake.record(program=day.program, items=items, now=day.now)
            count += sum(outcome.status == "recorded" for outcome in outcomes)
    return count


# --- who has one ------------------------------------------------------------------------------------------------------


def _birthdays(day: Day) -> Iterator[EventIn]:
    rows = Member.objects.filter(birthday__month=day.on.month, birthday__day__in=day.same_days)
    for member in _without(rows, day, BIRTHDAY, f"-{day.on.year}"):
        yield _item(member, BIRTHDAY, f"{member.pk}-{day.on.year}", max(day.begin, member.joined_at))


def _anniversaries(day: Day) -> Iterator[EventIn]:
    """`years` in the data tells which one it is; a condition asks it as data.number.years."""
    rows = Member.objects.filter(joined_at__month=day.on.month, joined_at__day__in=day.same_days)
    rows = rows.filter(joined_at__lt=day.begin - timedelta(days=300))
    for member in _without(rows, day, ANNIVERSARY, f"-{day.on.year}"):
        years = day.on.year - member.joined_at.astimezone(day.program.zone).year
        number = f"{member.pk}-{day.on.year}"
        yield _item(member, ANNIVERSARY, number, max(day.begin, member.joined_at), years=years)


def _joinings(day: Day) -> Iterator[EventIn]:
    """Nobody is welcomed twice: who comes back after being forgotten has had it."""
    end = min(day.begin + timedelta(days=1), day.now)
    rows = Member.objects.filter(joined_at__gte=day.begin, joined_at__lt=end)
    for members in batched(_without(rows, day, JOINING, ""), CHUNK):
        back = _came_back(day.program, [member.pk for member in members])
        for member in members:
            if member.pk not in back:
                yield _item(member, JOINING, str(member.pk), member.joined_at)


OCCASIONS: dict[str, Callable[[Day], Iterator[EventIn]]] = {
    BIRTHDAY: _birthdays,
    ANNIVERSARY: _anniversaries,
    JOINING: _joinings,
}


def _without(rows: QuerySet[Member], day: Day, name: str, ending: str) -> Iterator[Member]:
    """The active ones of whom this occasion is not recorded yet."""
    number = Concat(Cast(OuterRef("pk"), CharField()), Value(ending), output_field=CharField())
    facts = Fact.objects.filter(
        program=day.program,
        source=OWN_SOURCE,
        kind=f"event.{scheduled(name)}",
        external_id=number,
        revision=0,
    )
    found = rows.filter(~Exists(facts), program=day.program, state=Member.State.ACTIVE)
    return found.only("pk", "number", "joined_at").order_by("pk").iterator(chunk_size=CHUNK)


def _came_back(program: Program, ids: list[int]) -> set[int]:
    rows = Identity.objects.filter(Q(member_id__in=ids), program=program).values_list(
        "member_id", "kind", "value"
    )
    known = {(kind, value): member for member, kind, value in rows}
    return {known[found] for found in erasure.marked(program=program, known=known)}


def _item(member: Member, name: str, number: str, at: datetime, **data: int) -> EventIn:
    return EventIn(
        source=OWN_SOURCE,
        kind=scheduled(name),
        external_id=number,
        occurred_at=at,
        member=Who("number", member.number),
        data=data,
    )

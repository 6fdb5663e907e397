"""What ends by time: reservations that nobody confirmed, and what was issued and not used in its days. And what ends
with a member."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Member, Program, User
from rewards.intake.state import Person, Posted, State
from rewards.models import Redemption
from rewards.redemptions import moves

CHUNK = 500


def end_due(*, program: Program, now: datetime, limit: int = 10_000) -> int:
    """End what is due; how many that were. Safe to run twice, late, or on several workers: each is guarded by its
    member, and whoever comes second finds it ended."""
    done = 0
    after: tuple[datetime | None, int] | None = None
    with scope(program=program):
        while done < limit:
            due = Redemption.objects.filter(program=program, due_at__lte=now).order_by("due_at", "pk")
            if after is not None:
                due = due.filter(due_at__gte=after[0]).exclude(due_at=after[0], pk__lte=after[1])
            found = list(due.values_list("due_at", "pk")[:CHUNK])
            if not found:
                break
            after = found[-1]
            done += sum(_end(program, number, now) for _due, number in found)
    return done


def release_all(*, program: Program, member: Member, now: datetime, by: User | None = None) -> int:
    """Give back whatever the member has reserved, before it is closed, merged or forgotten; how many that were.

    For the caller's transaction, which holds the member: nothing can be reserved again until it ends."""
    with scope(program=program):
        held = list(reserved_of(member.pk).values_list("pk", flat=True))
    for number in held:
        moves.release(program=program, redemption_id=number, now=now, by=by)
    return len(held)


def foresee_release(person: Person, *, state: State, posted: Posted) -> None:
    """What release_all would do to these wallets; nothing is written."""
    for held in reserved_of(person.id):
        for unit, lot, part in held.parts:
            if lot not in state.lots:
                # Of the household, and goes back there.
                continue
            book = state.book(person, state.rulebook.units_by_id[unit])
            book.release([(state.lots[lot], part)], moment=posted.moment, fact_id=posted.fact_id)


def reserved_of(member_id: int) -> QuerySet[Redemption]:
    """Of the program in scope, oldest first."""
    return Redemption.objects.filter(member_id=member_id, state=Redemption.State.RESERVED).order_by("pk")


def _end(program: Program, number: int, now: datetime) -> bool:
    try:
        moves.end(program=program, redemption_id=number, now=now)
    except DomainError:
        # Somebody was faster, or holds the member just now: the next run looks again.
        return False
    return True

"""What ends by time: reservations that nobody confirmed, and what was issued and not used in its days."""

from __future__ import annotations

from datetime import datetime

from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Program
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


def _end(program: Program, number: int, now: datetime) -> bool:
    try:
        moves.end(program=program, redemption_id=number, now=now)
    except DomainError:
        # Somebody was faster, or holds the member just now: the next run looks again.
        return False
    return True

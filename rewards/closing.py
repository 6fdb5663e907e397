"""The end of a membership: closed with the balance kept for a return, or forfeited by choice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django_scopes import scope

from members import audit, people
from members.models import Member, Program, User
from rewards import ledger, posting, redemptions, sendings
from rewards.households import parting, places
from rewards.intake import rows
from rewards.intake.state import Posted

KIND = "forfeit"


def close(
    *, program: Program, member: Member, forfeits: bool, reason: str, by: User, key: str, now: datetime
) -> Member:
    """Close. What was reserved is given back first, and its codes are dead; with `forfeits` everything pending and usable
    is taken, all in the same transaction. Arrears stay.

    Raises ReasonMissing, StateUnchanged, MemberMerged, OwnAccount.
    """
    if not reason.strip():
        raise people.ReasonMissing(field="reason")
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by)
        places.lock_with(member)
        people.lock(member)
        redemptions.release_all(program=program, member=member, now=now, by=by)
        sendings.release_all(program=program, member=member, now=now)
        parting.depart(program=program, member=member, now=now)
        if forfeits:
            posting.attempt(lambda: _forfeit(program, member, reason, by, key, now))
        return people.close(member=member, reason=reason, by=by, now=now)


def _forfeit(
    program: Program, member: Member, reason: str, by: User, key: str, now: datetime
) -> tuple[dict[str, Any], None]:
    state = ledger.read(program, {"holders": [member.pk], "due": now.isoformat()}, now)
    person = state.people[member.pk]
    posted = Posted(now, now, state.take_id())
    taken: dict[str, int] = {}
    for book in person.books.values():
        book.settle(now)
        parts = [
            (lot, lot.remaining - lot.reserved) for lot in book.lots.values() if lot.remaining > lot.reserved
        ]
        if parts:
            book.move("adjust", parts, moment=now, fact_id=posted.fact_id)
            taken[state.rulebook.units_by_id[book.unit_id].key] = sum(part for _, part in parts)
    if not taken:
        return {}, None
    person.is_touched = True
    rows.add_fact(state, ("staff", KIND, key, 0), b"", posted, {}, holder_id=person.id, order_id=None)
    rows.add_event(state, "points.forfeit", posted, {"taken": taken}, holder_id=person.id)
    entry = audit.row(
        program=program, actor=by, action="points.forfeit", subject="member", subject_id=member.number,
        after={"taken": taken}, reason=reason, now=now,
    )  # fmt: skip
    rows.add(state, "audit", entry)
    return rows.document(state), None

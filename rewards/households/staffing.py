"""What staff do with households, each with its reason and its author in the same transaction: found, add, limit, remove,
dissolve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import audit, people
from members.models import Member, Program, User
from rewards import ledger
from rewards.households import parting, places
from rewards.models import Household


def found(*, program: Program, head: Member, pools: bool, by: User, reason: str, now: datetime) -> Household:
    """A household with this head. Raises ReasonMissing, OwnAccount, HouseholdsOff, InHousehold, MemberNotActive."""
    said = _said(reason)
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=head, by=by)
        made = places.found(program=program, member=head, now=now, pools=pools)
        _record(made, "household.found", by, said, now, {"head": head.number})
    return made


def add(
    *, program: Program, household_id: int, member: Member, by: User, reason: str, now: datetime
) -> Household:
    """The member belongs to it from now on; a member of it stays one, and nothing is done.

    Raises ReasonMissing, OwnAccount, NotFound, InHousehold, HouseholdFull, MemberNotActive."""
    said = _said(reason)
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by)
        one = _find(program, household_id)
        if not one.places.filter(member=member, left_at=None).exists():
            places.enter(household_id=household_id, member=member, now=now)
            _record(one, "household.add", by, said, now, {"member": member.number})
    return one


def limit(
    *,
    program: Program,
    household_id: int,
    member: Member,
    unit: str,
    amount: int | None,
    by: User,
    reason: str,
    now: datetime,
) -> Household:
    """How much of a unit the member may take in a calendar month, in ledger units; None: all there is.

    Raises ReasonMissing, OwnAccount, NotFound, LimitRefused."""
    said = _said(reason)
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by)
        one = _find(program, household_id)
        places.write_limit(one, member=member, unit=unit, amount=amount)
        after = {"member": member.number, "unit": unit, "amount": amount}
        _record(one, "household.limit", by, said, now, after)
    return one


def remove(
    *, program: Program, household_id: int, member: Member, by: User, reason: str, now: datetime
) -> Household:
    """The member belongs to it no more; what is shared stays. Raises ReasonMissing, NotFound, LastLeaves."""
    said = _said(reason)
    with scope(program=program), transaction.atomic():
        one = _find(program, household_id)
        place = places.place_of(member)
        if place is None or place.household_id != household_id:
            raise NotFound(field="member")
        parting.leave(program=program, member=member, now=now)
        _record(one, "household.remove", by, said, now, {"member": member.number})
    return one


def dissolve(*, program: Program, household_id: int, by: User, reason: str, now: datetime) -> Household:
    """Everybody gets back what they put in. A repeat changes nothing. Raises ReasonMissing, NotFound."""
    said = _said(reason)
    with scope(program=program), transaction.atomic():
        one = _find(program, household_id)
        there = parting.dissolve_as_it_is(program=program, household_id=household_id, now=now)
        if there is not None:
            _record(one, "household.dissolve", by, said, now, {"members": there})
    return one


# --- parts -----------------------------------------------------------------------------------------------------------


def _said(reason: str) -> str:
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    return reason.strip()[:300]


def _find(program: Program, household_id: int) -> Household:
    one = Household.objects.filter(program=program, pk=household_id).first()
    if one is None:
        raise NotFound
    return one


def _record(
    one: Household, action: str, by: User, reason: str, now: datetime, after: Mapping[str, Any]
) -> None:
    audit.record(
        program=one.program, actor=by, action=action, subject="household", subject_id=one.pk, after=after,
        reason=reason, now=now,
    )  # fmt: skip

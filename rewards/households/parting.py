"""Leaving a household, and its end: what is shared goes back to those who put it in (14)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members.models import Member, Program
from rewards import parties, posting, redemptions
from rewards.households import moving, owners, places
from rewards.intake import rows
from rewards.intake.state import Posted
from rewards.models import Household, HouseholdPlace, Redemption


class LastLeaves(Conflict):
    code = "household_last_leaves"
    message = _("Nobody would be left. Dissolve the household instead.")


def leave(*, program: Program, member: Member, now: datetime, by: Member | None = None) -> None:
    """The member leaves, or is taken out by the head; what is shared stays with the household, and what the member had
    reserved of it goes back. Where the head leaves, who came first after it is the head.

    Raises NotFound, HeadOnly, and LastLeaves where nobody would be left: then it is dissolved instead."""
    with scope(program=program), transaction.atomic():
        places.lock_with(member)
        place = places.guard(member)
        one = place.household
        if by is not None and by.pk != one.head_id:
            raise places.HeadOnly
        others = list(one.places.filter(left_at=None).exclude(member=member).order_by("joined_at", "pk"))
        if not others:
            raise LastLeaves
        _release(program, one, now, member=member)
        HouseholdPlace.objects.filter(pk=place.pk).update(left_at=max(now, place.joined_at))
        if one.head_id == member.pk:
            Household.objects.filter(pk=one.pk).update(head=others[0].member_id)
        places.tell(one, member, "household.left", now)


def dissolve(*, program: Program, head: Member, now: datetime) -> None:
    """End the household: what it holds goes back to those who put it in, and to the head what came from somebody whose
    card is closed. Raises HeadOnly."""
    with scope(program=program), transaction.atomic():
        found = places.place_of(head)
        if found is None:
            raise places.HeadOnly
        _lock_all(found.household_id)
        place = places.place_of(head)
        if place is None or place.household.head_id != head.pk:
            raise places.HeadOnly
        _dissolve(program, place.household, head, now)


def dissolve_as_it_is(*, program: Program, household_id: int, now: datetime) -> int | None:
    """As dissolve(), whoever asks; how many belonged to it, None where it was dissolved before. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        if not Household.objects.filter(program=program, pk=household_id).exists():
            raise NotFound
        _lock_all(household_id)
        one = Household.objects.select_related("head").get(pk=household_id)
        if one.ended_at is not None:
            return None
        there: int = one.places.filter(left_at=None).count()
        _dissolve(program, one, one.head, now)
        return there


def depart(*, program: Program, member: Member, now: datetime) -> None:
    """The member goes out of any household, before it is closed, merged or forgotten; alone in it, with all that is there.
    For the caller's transaction."""
    with scope(program=program):
        try:
            place = places.guard(member)
        except NotFound:
            return
        try:
            leave(program=program, member=member, now=now)
        except LastLeaves:
            _dissolve(program, place.household, member, now)


# --- parts -----------------------------------------------------------------------------------------------------------


def _lock_all(household_id: int) -> None:
    there = HouseholdPlace.objects.filter(household=household_id, left_at=None)
    places.lock(household_id, *there.values_list("member_id", flat=True))


def _release(program: Program, one: Household, now: datetime, *, member: Member | None = None) -> None:
    """What is reserved of the shared wallets goes back."""
    held = Redemption.objects.filter(household=one, state=Redemption.State.RESERVED)
    if member is not None:
        held = held.filter(member=member)
    for number in held.order_by("pk").values_list("pk", flat=True):
        redemptions.release(program=program, redemption_id=number, now=now)


def _dissolve(program: Program, one: Household, heir: Member, now: datetime) -> None:
    _release(program, one, now)
    posting.attempt(lambda: _read_and_share(program, one, heir, now))
    places.end(one, now=now)


def _read_and_share(
    program: Program, one: Household, heir: Member, now: datetime
) -> tuple[dict[str, Any], None]:
    theirs = owners.of(one.pk)
    request = {"holders": sorted({heir.pk, *theirs.values()}), "due": now.isoformat()}
    state = parties.read(program, request, others=[one.pk], now=now, whole=True)
    household = state.people[one.pk]
    posted = Posted(now, now, state.take_id())
    for book in household.books.values():
        book.settle(now)
        unit = state.rulebook.units_by_id[book.unit_id]
        parts = [(lot, lot.usable) for lot in book.lots.values() if lot.usable]
        if not parts:
            continue
        book.move("transfer_out", parts, moment=now, fact_id=posted.fact_id)
        for lot, part in parts:
            owner = state.people.get(theirs.get(lot.id, heir.pk))
            person = (
                owner if owner is not None and owner.state != Member.State.CLOSED else state.people[heir.pk]
            )
            target = state.book(person, unit)
            target.settle(now)
            moving.hand([(lot, part)], book, target, posted)
            person.is_touched = True
    household.is_touched = True
    key = (moving.SOURCE, "household.end", str(one.pk), 0)
    mark = hashlib.sha256(str(one.pk).encode()).digest()
    rows.add_fact(state, key, mark, posted, {}, holder_id=one.pk, order_id=None)
    return rows.document(state), None

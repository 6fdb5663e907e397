"""Who belongs to a household: founded by a head, joined by invitation; what is left or dissolved: parting.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed, NotFound
from members.models import Event, Holder, Member, Program
from rewards import ledger, sendings
from rewards.models import Household, HouseholdInvitation, HouseholdPlace, Unit

DAYS, MOST = 14, 12
States = HouseholdInvitation.State


class HouseholdsOff(Conflict):
    code = "households_off"
    message = _("Nothing is shared in this program.")


class InHousehold(Conflict):
    code = "in_household"
    message = _("You are in a household already. Leave it first.")


class HeadOnly(NotAllowed):
    code = "household_head_only"
    message = _("Only the head of the household may do this.")


class HouseholdFull(Conflict):
    code = "household_full"
    message = _("A household has at most %(most)s members.")


class LimitRefused(DomainError):
    code = "household_limit_refused"
    message = _("A limit is a whole amount of a unit that is shared.")


def shared_units(program: Program) -> list[Unit]:
    return list(Unit.objects.filter(program=program, is_shared=True).order_by("pk"))


def place_of(member: Member) -> HouseholdPlace | None:
    """Where the member belongs now."""
    rows = HouseholdPlace.objects.filter(member=member, left_at=None)
    return rows.select_related("household", "household__head", "member").first()


def is_alone(place: HouseholdPlace) -> bool:
    """Whether nobody else belongs to it: then it ends with who leaves."""
    others = HouseholdPlace.objects.filter(household=place.household_id, left_at=None).exclude(pk=place.pk)
    return not others.exists()


def found(*, program: Program, member: Member, now: datetime, pools: bool = True) -> Household:
    """A household with this head. Raises HouseholdsOff, InHousehold, MemberNotActive."""
    with scope(program=program), transaction.atomic():
        if not shared_units(program):
            raise HouseholdsOff
        lock(member.pk)
        member = _active(member)
        holder = Holder.objects.create(program=program, kind=Holder.Kind.HOUSEHOLD)
        made = Household.objects.create(
            holder=holder, program=program, head=member, pools=pools, founded_at=now
        )
        _enter(made, member, now)
        tell(made, member, "household.founded", now)
    return made


def invite(*, program: Program, head: Member, to: sendings.Contact, now: datetime) -> HouseholdInvitation:
    """For whoever proves within two weeks that the contact is theirs; whether anybody has it, nothing here tells. A repeat
    gives the first. Raises HeadOnly, HouseholdFull."""
    with scope(program=program), transaction.atomic():
        one = _led_by(head)
        if one.places.filter(left_at=None).count() >= MOST:
            raise HouseholdFull(most=MOST)
        address = sendings.address_of(program, to)
        waiting = one.invitations.filter(address=address, state=States.WAITING, due_at__gt=now).first()
        return waiting or HouseholdInvitation.objects.create(
            program=program, household=one, address=address, hint=to.hint, invited_at=now,
            due_at=now + timedelta(days=DAYS),
        )  # fmt: skip


def invitations_for(member: Member, *, now: datetime) -> QuerySet[HouseholdInvitation]:
    """What waits for the member under any contact that is proven to be theirs."""
    rows = HouseholdInvitation.objects.filter(
        program_id=member.program_id, state=States.WAITING, due_at__gt=now
    )
    rows = rows.filter(address__in=sendings.addresses_of(member), household__ended_at=None)
    return rows.select_related("household", "household__head").order_by("invited_at")


def answer(*, program: Program, member: Member, invitation_id: int, accepts: bool, now: datetime) -> None:
    """Join, or say no. Raises NotFound, InHousehold, HouseholdFull, MemberNotActive."""
    with scope(program=program), transaction.atomic():
        one = invitations_for(member, now=now).filter(pk=invitation_id).first()
        if one is None:
            raise NotFound
        state = States.ACCEPTED if accepts else States.DECLINED
        if not HouseholdInvitation.objects.filter(pk=one.pk, state=States.WAITING).update(
            state=state, closed_at=now
        ):
            raise NotFound
        if not accepts:
            return
        enter(household_id=one.household_id, member=member, now=now)


def enter(*, household_id: int, member: Member, now: datetime) -> None:
    """The member belongs to it from now on. For the caller's transaction. Raises NotFound, InHousehold, HouseholdFull,
    MemberNotActive."""
    lock(member.pk, household_id)
    member, household = _active(member), Household.objects.get(pk=household_id)
    if household.ended_at is not None:
        raise NotFound
    if household.places.filter(left_at=None).count() >= MOST:
        raise HouseholdFull(most=MOST)
    _enter(household, member, now)
    tell(household, member, "household.joined", now)


def set_limit(
    *, program: Program, head: Member, member: Member, unit: str, amount: int | None, now: datetime
) -> None:
    """How much of a unit the member may take in a calendar month, in ledger units; None: all there is.

    Raises HeadOnly, NotFound, LimitRefused."""
    with scope(program=program), transaction.atomic():
        one = _led_by(head)
        lock(one.pk)
        write_limit(_led_by(head), member=member, unit=unit, amount=amount)


def write_limit(one: Household, *, member: Member, unit: str, amount: int | None) -> None:
    """For the caller's transaction. Raises LimitRefused, NotFound."""
    if unit not in {each.key for each in shared_units(one.program)} or (amount is not None and amount < 0):
        raise LimitRefused(field="amount")
    lock(one.pk)
    place = one.places.filter(member=member, left_at=None).first()
    if place is None:
        raise NotFound(field="member")
    limits = {key: value for key, value in place.limits.items() if key != unit}
    place.limits = limits if amount is None else limits | {unit: amount}
    place.save(update_fields=["limits"])


def end(household: Household, *, now: datetime) -> None:
    """Close all places; the caller has emptied its wallets, in the same transaction."""
    HouseholdPlace.objects.filter(household=household, left_at=None).update(left_at=now)
    HouseholdInvitation.objects.filter(household=household, state=States.WAITING).update(
        state=States.WITHDRAWN, closed_at=now
    )
    Household.objects.filter(pk=household.pk).update(ended_at=now)
    tell(household, household.head, "household.dissolved", now)


def guard(member: Member) -> HouseholdPlace:
    """The member's place and the household as they are now: until the transaction ends nobody joins, leaves or leads
    anew, and whoever moves points meanwhile must read again. Raises NotFound."""
    place = place_of(member)
    if place is None:
        raise NotFound
    lock(place.household_id)
    fresh = place_of(member)
    if fresh is None or fresh.household_id != place.household_id:
        raise NotFound
    return fresh


def lock(*holders: int) -> None:
    """These, in the order of their ids, until the transaction ends; who has read them before must read them again."""
    _lock(holders)
    Holder.objects.filter(pk__in=holders).update(seq=F("seq") + 1)


def lock_with(*members: Member) -> None:
    """The members and the households where they belong, in the order of their ids: for who takes members out of them."""
    ids = [member.pk for member in members]
    homes = HouseholdPlace.objects.filter(member__in=ids, left_at=None).values_list("household_id", flat=True)
    _lock([*ids, *homes])


def _lock(holders: Iterable[int]) -> None:
    list(Holder.objects.filter(pk__in=holders).order_by("pk").select_for_update(no_key=True))


def _active(member: Member) -> Member:
    """As it is now. Raises MemberNotActive."""
    fresh = Member.objects.get(pk=member.pk)
    if fresh.state != Member.State.ACTIVE:
        raise ledger.MemberNotActive
    return fresh


def _led_by(member: Member) -> Household:
    place = place_of(member)
    if place is None or place.household.head_id != member.pk:
        raise HeadOnly
    return place.household


def _enter(household: Household, member: Member, now: datetime) -> None:
    try:
        with transaction.atomic():
            HouseholdPlace.objects.create(
                program_id=household.program_id, household=household, member=member, joined_at=now
            )
    except IntegrityError as error:
        raise InHousehold from error


def tell(household: Household, member: Member, kind: str, now: datetime) -> None:
    Event.objects.create(
        program_id=household.program_id, holder_id=member.pk, kind=kind, occurred_at=now, recorded_at=now,
        data={"household": household.pk},
    )  # fmt: skip

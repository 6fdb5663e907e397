"""A member gives points to a cause (14): a transfer to its wallet, with a receipt; for a short time it can be taken back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit, people
from members.models import Fact, Member, Program, Store, TeamMembership, User
from rewards import ledger, parties, posting, spending
from rewards.causes import gifts
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Cause, Donation, Redemption, Unit
from rewards.policies import day_start
from rewards.redemptions.reading import person_of
from rewards.spending import Authorization, Override

SOURCE, KIND, BACK = "wafa", "donation", "donation.withdraw"
# So long the member may change the mind; afterwards staff can help until the money is paid on.
UNDO_WINDOW = timedelta(minutes=10)
GRACE_DAYS = 30
Via = Donation.Via


class UnitNotAccepted(DomainError):
    code = "cause_unit_not_accepted"
    message = _("This cause takes none of these.")


class TooLittle(DomainError):
    """`least` in ledger units."""

    code = "donation_too_little"
    message = _("The least gift is %(least)s.")


class PaidOut(Conflict):
    code = "donation_paid_out"
    message = _("The money was paid to the charity already.")


class WithdrawnBefore(Conflict):
    code = "donation_withdrawn"
    message = _("This gift was taken back before.")


class TakeBackTooLate(DomainError):
    code = "donation_too_late"
    message = _("A gift can be taken back for ten minutes. Ask the shop.")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who gives how much of what to which cause, through where."""

    program: Program
    member: Member
    cause: Cause
    unit: Unit
    amount: int
    key: str
    now: datetime
    via: str
    store: Store | None
    by: User | None

    @property
    def fingerprint(self) -> bytes:
        told = [self.member.pk, self.cause.pk, self.unit.pk, self.amount]
        return hashlib.sha256(orjson.dumps(told)).digest()


def give(
    *,
    program: Program,
    member: Member,
    cause: str,
    unit: str,
    amount: int,
    key: str,
    now: datetime,
    via: str = Via.PORTAL,
    store: str = "",
    by: User | None = None,
) -> Donation:
    """Give `amount` ledger units to the cause of this key; the gift with its receipt. A repeat with the same key gives
    the first one.

    Raises NotFound, CauseDraft, CauseOver, UnitNotAccepted, TooLittle, InsufficientPoints, AmountInvalid,
    MemberNotActive, KeyReused.
    """
    if amount <= 0:
        raise ledger.AmountInvalid(field="amount")
    with scope(program=program):
        wanted = Cause.objects.filter(program=program, key=cause).first()
        counted = Unit.objects.filter(program=program, key=unit).first()
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if wanted is None or counted is None or (store and place is None):
            field = "cause" if wanted is None else "unit" if counted is None else "store"
            raise NotFound(field=field)
        wish = Wish(program, member, wanted, counted, amount, key, now, via, place, by)
        number = posting.attempt(lambda: _read_and_give(wish))
        return Donation.objects.select_related("cause", "unit", "store").get(pk=number)


def give_for(
    *,
    program: Program,
    member: Member,
    cause: str,
    unit: str,
    amount: int,
    authorization: Authorization,
    by: TeamMembership,
    key: str,
    now: datetime,
    via: str = Via.API,
    store: str = "",
) -> Donation:
    """give() for a member who agreed by the changing code, or for whom `by` answers within the own limit (38).

    Raises PasscodeWrong, PasscodeBlocked, ReasonMissing, OwnAccount, OverrideTooLarge and what give() raises."""

    def made() -> Donation:
        return give(
            program=program, member=member, cause=cause, unit=unit, amount=amount, key=key, now=now, via=via, store=store
        )  # fmt: skip

    with scope(program=program), transaction.atomic():
        posted = Fact.objects.filter(program=program, source=SOURCE, kind=KIND, external_id=key)
        if posted.exists():
            return made()
        costs = {unit: amount}
        step = spending.check(authorization, program=program, member=member, costs=costs, by=by, now=now)
        gift = made()
        spending.record(posted.get().pk, program=program, member=member, step=step, by=by, now=now)
        reason = authorization.reason.strip()[:300] if isinstance(authorization, Override) else ""
        told = {"donation": gift.pk, "cause": cause, "unit": unit, "amount": amount}
        people.audit_of(member, "points.donate", by.user, now, after=told, reason=reason)
    return gift


def withdraw(
    *, program: Program, donation_id: int, now: datetime, by: User | None = None, reason: str = ""
) -> Donation:
    """Take a gift back: by the member for ten minutes, by staff with a `reason` until the money was paid on. The receipt
    keeps its number and is void; a repeat changes nothing.

    Raises NotFound, TakeBackTooLate, ReasonMissing, PaidOut."""
    if by is not None and not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    with scope(program=program):
        gift = _find(program, donation_id)
        if gift.withdrawn_at is None:
            if not reason.strip() and now - gift.given_at > UNDO_WINDOW:
                raise TakeBackTooLate
            posting.attempt(lambda: _read_and_withdraw(program, donation_id, now, by, reason.strip()[:300]))
        return _find(program, donation_id)


# --- parts -----------------------------------------------------------------------------------------------------------


def _find(program: Program, donation_id: int) -> Donation:
    rows_of = Donation.objects.select_related("cause", "unit", "store", "member")
    found = rows_of.filter(program=program, pk=donation_id).first()
    if found is None:
        raise NotFound
    return found


def _read_and_give(wish: Wish) -> tuple[dict[str, Any], int]:
    now = wish.now
    fact = {"i": 0, "source": SOURCE, "kind": KIND, "external_id": wish.key, "revision": 0}
    holders = [number for number in (wish.member.pk, wish.member.merged_into_id) if number]
    request = {"facts": [fact], "holders": holders, "due": now.isoformat()}
    state = parties.read(wish.program, request, others=[wish.cause.pk], now=now)
    if 0 in state.facts:
        _number, mark, answer = state.facts[0]
        if mark != wish.fingerprint:
            raise ledger.KeyReused
        return {}, int(answer["donation"])
    giver = _giver(state, wish.member.pk)
    cause = gifts.check_open(state, wish.cause.pk)
    least = wish.cause.accepts.get(wish.unit.key)
    worth = gifts.worth_of(wish.unit, wish.amount)
    if least is None:
        raise UnitNotAccepted(field="unit")
    if wish.amount < least or not worth:
        raise TooLittle(field="amount", least=least)
    unit = state.rulebook.units[wish.unit.key]
    purse = state.book(giver, unit)
    purse.settle(now)
    if purse.active < wish.amount:
        raise ledger.InsufficientPoints(missing=wish.amount - purse.active)
    posted = Posted(now, now, state.take_id())
    number, _parts = gifts.hand_over(
        state, posted, giver=giver, cause=cause, unit=unit, amount=wish.amount, worth_minor=worth, via=wish.via,
        store_id=wish.store.pk if wish.store else None,
    )  # fmt: skip
    answer = {"donation": number}
    key = (SOURCE, KIND, wish.key, 0)
    rows.add_fact(state, key, wish.fingerprint, posted, answer, holder_id=giver.id, order_id=None)
    if wish.by is not None:
        told = answer | {"cause": wish.cause.key, "unit": wish.unit.key, "amount": wish.amount}
        rows.add(state, "audit", _audit(wish.program, "points.donate", giver, told, wish.by, "", now))
    return rows.document(state), number


def _giver(state: State, member_id: int) -> Person:
    person = person_of(state, member_id)
    if person is None:
        raise NotFound
    if person.state != Member.State.ACTIVE:
        raise ledger.MemberNotActive
    return person


def _read_and_withdraw(
    program: Program, donation_id: int, now: datetime, by: User | None, reason: str
) -> tuple[dict[str, Any], None]:
    gift = _find(program, donation_id)
    fact = {"i": 0, "source": SOURCE, "kind": BACK, "external_id": str(gift.pk), "revision": 0}
    holders = [number for number in (gift.member_id, gift.member.merged_into_id) if number]
    request = {"facts": [fact], "holders": holders, "due": now.isoformat()}
    lots = [lot for lot, _part in gift.parts]
    state = parties.read(program, request, others=[gift.cause_id], now=now, whole=True, lots=lots)
    if 0 in state.facts:
        return {}, None
    giver, cause = person_of(state, gift.member_id), state.people.get(gift.cause_id)
    if giver is None or cause is None:
        raise NotFound
    if state.book(cause, state.rulebook.units_by_id[gift.unit_id]).active < gift.amount or _is_paid(gift):
        raise PaidOut
    posted = Posted(now, now, state.take_id())
    for purse in giver.books.values():
        purse.settle(now)
    until = day_start(now.astimezone(program.zone).date() + timedelta(days=GRACE_DAYS + 1), program.zone)
    gifts.take_back(state, posted, gift=gift, giver=giver, cause=cause, grace_until=until)
    if gift.redemption_id:
        _fail(state, gift.redemption_id, now)
    answer = {"donation": gift.pk}
    mark = hashlib.sha256(str(gift.pk).encode()).digest()
    key = (SOURCE, BACK, str(gift.pk), 0)
    rows.add_fact(state, key, mark, posted, answer, holder_id=giver.id, order_id=None)
    if by is not None:
        told = answer | {"receipt": gift.number, "amount": gift.amount}
        rows.add(state, "audit", _audit(program, "donation.withdraw", giver, told, by, reason, now))
    return rows.document(state), None


def _is_paid(gift: Donation) -> bool:
    """Whether less money is open than the gift was worth."""
    total = gift.cause.totals.filter(unit_id=gift.unit_id).first()
    return total is None or total.worth_minor - total.paid_minor < gift.worth_minor


def _fail(state: State, redemption_id: int, now: datetime) -> None:
    """The reward that the gift was taken as is undone with it."""
    one = Redemption.objects.select_related("reward").get(pk=redemption_id)
    move = {
        "id": one.pk, "was": one.state, "state": Redemption.State.FAILED, "is_given_back": True,
        "store_id": one.store_id, "stage": one.stage, "tracking": one.tracking, "issued_at": one.issued_at,
        "closed_at": now, "due_at": None,
    }  # fmt: skip
    rows.add(state, "redemption_moves", move)
    if one.reward.stock is not None:
        rows.add(state, "stocks", {"id": one.reward_id, "amount": -1})


def _audit(
    program: Program, action: str, person: Person, told: dict[str, Any], by: User, reason: str, now: datetime
) -> dict[str, Any]:
    return audit.row(
        program=program, actor=by, action=action, subject="member", subject_id=person.number, after=told,
        reason=reason, now=now,
    )  # fmt: skip

"""Each tap of a cashier has effect once: its key was made at the tap, belongs to one cashier, and lives for a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import prints
from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed, NotFound
from members import audit, identities, people, undoing
from members.arrivals import Introduction
from members.models import Identity, Member, Order, Program, TeamMembership, User
from members.regions import region_of
from rewards import intake, paying, redemptions, spending
from rewards.causes import giving
from rewards.giftcards import guessing
from rewards.intake.items import CancelIn, OrderIn, Outcome
from rewards.models import TillAction
from rewards.posting import LOCKED, Busy
from rewards.till import coupons, lookups, orders

KEY_LIFE = timedelta(hours=24)
UNDO_WINDOW = timedelta(minutes=10)
# When a device says that its tap was in time, it is believed for so much longer by the server's clock: a tap may wait
# for the network, and the device's clock may be set.
UNDO_GRACE = timedelta(minutes=30)
Kind = TillAction.Kind


class KeyExpired(DomainError):
    code = "till_key_expired"
    message = _("This was tapped more than a day ago and was not counted. Enter it again.")
    status = 410


class OtherCashier(Conflict):
    """Tapped by one cashier and sent under the session of another, or a key that somebody else has used."""

    code = "till_other_cashier"
    message = _("This was tapped by another cashier, who has to send it.")


class KeyContradicts(DomainError):
    code = "till_key_contradicts"
    message = _("This was sent before with other content.")


class SelfService(NotAllowed):
    code = "till_self_service"
    message = _("Nobody gives points to themselves. Ask a colleague to serve you.")


class NotJoined(Conflict):
    code = "till_not_joined"
    message = _("The member of this sale was not taken in.")


class NothingToUndo(NotFound):
    code = "till_nothing_to_undo"
    message = _("There is nothing to undo.")


class UndoTooLate(DomainError):
    code = "till_undo_too_late"
    message = _("Ten minutes have passed. A manager can correct it on the member’s page.")


class NotYours(NotAllowed):
    code = "till_not_yours"
    message = _("Only the cashier who did this, or a manager, can undo it.")


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap: its key, whose session sends it (`cashier`), whose it was (`made_by`, a user's id), and when it was."""

    key: UUID
    cashier: User
    made_by: int
    at: datetime


@dataclass(slots=True)
class Effect:
    """What an action did, for its row."""

    answer: dict[str, Any]
    holder_id: int | None = None
    order_id: int | None = None
    of: TillAction | None = None


def sell(
    *,
    program: Program,
    tap: Tap,
    number: str,
    sale: orders.Sale,
    now: datetime,
    joined: UUID | None = None,
    passcode: str = "",
) -> TillAction:
    """Give what a sale earns to the member of this number, or to whoever joined by the key `joined`. Where the member's
    points pay for part of it, the member has said the `passcode` that the own page shows.

    A repeat returns the first action. Raises DomainError; then nothing was written."""
    content = {"number": number, "joined": joined, "sale": sale.content}

    def work(at: datetime) -> Effect:
        member = _joined(program, joined) if joined else lookups.at_number(program=program, number=number)
        refuse_oneself(member, tap.cashier)
        item = orders.as_order(program=program, sale=sale, member=member, key=tap.key, at=at)
        outcome = coupons.watch(
            program=program,
            cashier=tap.cashier,
            codes=sale.codes,
            work=lambda: _record(program, item, tap.cashier, passcode, now),
        )
        _raise_refusal(outcome)
        after = {"store": sale.store, "total_minor": sale.total_minor, "awarded": outcome.awarded}
        _audit(program, tap, "till.sale", "order", item.external_id, after, now)
        answer = _figures(outcome) | {"total_minor": sale.total_minor, "receipt": sale.receipt}
        if outcome.codes:
            answer["codes"] = outcome.codes
        if outcome.payment:
            answer["payment"] = outcome.payment
        return Effect(answer, member.pk, outcome.order_id)

    return once(program, tap, Kind.SALE, content, work, now)


def _record(program: Program, item: OrderIn, cashier: User, passcode: str, now: datetime) -> Outcome:
    if not item.tenders:
        return intake.record(program=program, items=[item], now=now)[0]
    by = TeamMembership.objects.get(program=program, user=cashier)
    word = spending.Passcode(passcode) if passcode.strip() else None

    def work() -> Outcome:
        return paying.record(program=program, item=item, authorization=word, by=by, now=now)

    return guessing.watch(f"cashier:{cashier.pk}", item, work)


def join(
    *,
    program: Program,
    tap: Tap,
    name: str,
    contact: str,
    now: datetime,
    language: str = "",
    referral_code: str = "",
) -> TillAction:
    """Take in a member with a name and one contact. Whose contact it is already, is found and marked `existing`.
    `referral_code` is that of the member who brought them.

    A repeat returns the first action. Raises IdentityInvalid, IdentityTaken for the contact of a closed member, and
    CodeUnknown."""
    kind = Identity.Kind.EMAIL if "@" in contact else Identity.Kind.PHONE
    content = {"name": name, "contact": contact, "language": language}
    brought = None
    if referral_code:
        content["referral_code"] = referral_code
        brought = Introduction(referral_code, "till", is_strict=True)

    def work(at: datetime) -> Effect:
        region = region_of(program)
        value = identities.normalize(kind, contact, region=region)
        known = (
            Identity.objects.filter(program=program, kind=kind, value=value).select_related("member").first()
        )
        if known is not None and known.member.state != Member.State.CLOSED:
            lookups.note(program=program, found=known.member, by=tap.cashier, now=now)
            return Effect({"existing": True}, known.member_id)
        with transaction.atomic():
            member = people.join(
                program=program,
                name=name,
                contacts=[(kind, value)],
                source=orders.SOURCE,
                now=now,
                by=tap.cashier,
                language=language,
                region=region,
                introduction=brought,
            )
        return Effect({"existing": False}, member.pk)

    try:
        return once(program, tap, Kind.JOIN, content, work, now)
    except identities.IdentityTaken:
        # Somebody took them in between the look and the writing; now they are found.
        return once(program, tap, Kind.JOIN, content, work, now)


def undo(*, program: Program, tap: Tap, of: UUID, is_manager: bool, now: datetime) -> TillAction:
    """Take an action back within ten minutes: the order is cancelled, the joining withdrawn. Once, however often asked.
    A cashier's tap that was in time may come UNDO_GRACE late; a manager's as late as its key lives.

    Raises NothingToUndo, UndoTooLate, NotYours, MoreHappened."""

    def work(at: datetime) -> Effect:
        first = TillAction.objects.select_related("undoing").filter(program=program, key=of).first()
        if first is None or first.kind == Kind.UNDO or first.answer.get("existing"):
            raise NothingToUndo
        if first.cashier_id != tap.cashier.pk and not is_manager:
            raise NotYours
        if hasattr(first, "undoing"):
            raise _Undone(first.undoing)
        is_late = now - first.recorded_at > UNDO_WINDOW + UNDO_GRACE
        if at - first.recorded_at > UNDO_WINDOW or (is_late and not is_manager):
            raise UndoTooLate
        if first.kind == Kind.REDEEM:
            return _undo_handing(program, tap, first, now)
        if first.kind == Kind.DONATE:
            return _undo_gift(program, tap, first, now)
        return _undo_sale(program, tap, first, at, now) if first.order_id else _undo_join(first, tap, now)

    try:
        return once(program, tap, Kind.UNDO, {"of": of}, work, now, also=of)
    except _Undone as done:
        return done.action


def _undo_sale(program: Program, tap: Tap, first: TillAction, at: datetime, now: datetime) -> Effect:
    order = Order.objects.get(program=program, pk=first.order_id or 0)
    item = CancelIn(orders.SOURCE, order.external_id, max(at, order.occurred_at))
    outcome = intake.record(program=program, items=[item], now=now)[0]
    _raise_refusal(outcome)
    _audit(program, tap, "till.undo", "order", order.external_id, {"reversed": outcome.reversed}, now)
    answer = _figures(outcome) | ({"restored": outcome.restored} if outcome.restored else {})
    return Effect(answer, first.holder_id, first.order_id, of=first)


def _undo_handing(program: Program, tap: Tap, first: TillAction, now: datetime) -> Effect:
    """A wrong tap is our fault: points and stock come back whole."""
    number = int(first.answer["redemption"])
    redemptions.fail(program=program, redemption_id=number, reason="till.undo", now=now, by=tap.cashier)
    return Effect({"redemption": number}, first.holder_id, of=first)


def _undo_gift(program: Program, tap: Tap, first: TillAction, now: datetime) -> Effect:
    number = int(first.answer["donation"])
    giving.withdraw(program=program, donation_id=number, reason="till.undo", by=tap.cashier, now=now)
    return Effect({"donation": number}, first.holder_id, of=first)


def _undo_join(first: TillAction, tap: Tap, now: datetime) -> Effect:
    member = Member.objects.get(pk=first.holder_id or 0)
    undoing.take_back_joining(member=member, by=tap.cashier, now=now)
    return Effect({}, first.holder_id, of=first)


# --- once -----------------------------------------------------------------------------------------------------------


class _Undone(Exception):
    """The action was undone before, by another tap."""

    def __init__(self, action: TillAction) -> None:
        super().__init__()
        self.action = action


def once(
    program: Program,
    tap: Tap,
    kind: str,
    content: Mapping[str, Any],
    work: Callable[[datetime], Effect],
    now: datetime,
    also: UUID | None = None,
) -> TillAction:
    """Do the work of a key once. Taps with one key, or about one action (`also`), wait for each other."""
    if tap.made_by != tap.cashier.pk:
        raise OtherCashier
    sent = _canonical(kind, tap, content)
    try:
        with scope(program=program), transaction.atomic():
            _lock(tap.key, also)
            first = TillAction.objects.filter(program=program, key=tap.key).first()
            if first is not None:
                return _repeat(first, tap, sent)
            if now - tap.at > KEY_LIFE:
                raise KeyExpired
            effect = work(min(tap.at, now))
            return _store(program, tap, kind, prints.of(sent), effect, now)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == LOCKED:
            raise Busy from error
        raise


def _repeat(first: TillAction, tap: Tap, sent: bytes) -> TillAction:
    if first.cashier_id != tap.cashier.pk:
        raise OtherCashier
    if not prints.fits(bytes(first.fingerprint), sent):
        raise KeyContradicts
    return first


def _store(program: Program, tap: Tap, kind: str, mark: bytes, effect: Effect, now: datetime) -> TillAction:
    try:
        with transaction.atomic():
            return TillAction.objects.create(
                key=tap.key,
                program=program,
                cashier=tap.cashier,
                kind=kind,
                fingerprint=mark,
                holder_id=effect.holder_id,
                order_id=effect.order_id,
                of=effect.of,
                answer=effect.answer,
                tapped_at=tap.at,
                recorded_at=now,
            )
    except IntegrityError as error:
        # Whoever waits for the lock sees the first row, so this key is one of another program.
        raise OtherCashier from error


def _lock(*keys: UUID | None) -> None:
    """One after the other, until the end of the transaction; always in the same order."""
    numbers = sorted(int.from_bytes(key.bytes[:8], signed=True) for key in keys if key is not None)
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _canonical(kind: str, tap: Tap, content: Mapping[str, Any]) -> bytes:
    return orjson.dumps([kind, tap.at, content], option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


# --- parts ----------------------------------------------------------------------------------------------------------


def _joined(program: Program, key: UUID) -> Member:
    action = TillAction.objects.filter(program=program, key=key, kind=Kind.JOIN).first()
    if action is None:
        raise NotJoined
    member = Member.objects.get(pk=action.holder_id or 0)
    if member.state == Member.State.CLOSED:
        raise NotJoined
    return member


def refuse_oneself(member: Member, cashier: User) -> None:
    """Staff are customers too, but somebody else gives them their points."""
    if people.is_own(member=member, by=cashier):
        raise SelfService


def _raise_refusal(outcome: Outcome) -> None:
    if outcome.status in {"refused", "waiting"}:
        is_of_codes = outcome.field == "codes"
        raise orders.SaleInvalid(outcome.message or None, field="code" if is_of_codes else "amount")


def _figures(outcome: Outcome) -> dict[str, Any]:
    return {
        "awarded": outcome.awarded,
        "reversed": outcome.reversed,
        "balance": outcome.balance,
        "fact_id": outcome.fact_id,
        "code": outcome.code,
    }


def _audit(
    program: Program,
    tap: Tap,
    action: str,
    subject: str,
    subject_id: object,
    after: Mapping[str, Any],
    now: datetime,
) -> None:
    audit.record(
        program=program,
        actor=tap.cashier,
        action=action,
        subject=subject,
        subject_id=str(subject_id)[:64],
        after={**after, "tapped_at": tap.at.isoformat()},
        now=now,
    )

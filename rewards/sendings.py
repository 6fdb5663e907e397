"""Points sent to a contact (14): held until its owner takes them, so that the sender learns of nobody who does not want
to be known. What nobody takes comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import erasure, identities
from members.models import Identity, Member, Program
from rewards import ledger, posting, transfers
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Sending, Unit

SOURCE, KIND = "wafa", "sending"
DAYS = 7
# What a member may be reached by; what is not proven reaches nobody.
NUMBER = "number"
KINDS = (Identity.Kind.EMAIL, Identity.Kind.PHONE, NUMBER)
States = Sending.State


class SendingOver(Conflict):
    code = "sending_over"
    message = _("This was answered or has ended.")


class ContactUnreadable(DomainError):
    code = "contact_unreadable"
    message = _("Type an e-mail address, a phone number with its country, or a member number.")


@dataclass(frozen=True, slots=True)
class Contact:
    """What was typed in its normal form; nothing is looked up for it."""

    kind: str
    value: str

    @property
    def hint(self) -> str:
        return f"{self.value[:1]}•••"


def read_contact(typed: str, *, region: str | None = None) -> Contact:
    """Raises ContactUnreadable."""
    text = typed.strip()
    digits = "".join(sign for sign in text if sign not in " -")
    if digits.isascii() and digits.isdigit() and len(digits) == 12 and not text.startswith("+"):
        return Contact(NUMBER, digits)
    kind = Identity.Kind.EMAIL if "@" in text else Identity.Kind.PHONE
    try:
        return Contact(kind, identities.normalize(kind, text, region=region))
    except identities.IdentityInvalid as error:
        raise ContactUnreadable(field="to") from error


def send(
    *, program: Program, sender: Member, to: Contact, unit: str, amount: int, key: str, now: datetime
) -> Sending:
    """Hold `amount` ledger units for whoever proves that the contact is theirs within seven days. A repeat with the same
    key gives the first one. Whether anybody has the contact, nothing here tells.

    Raises InsufficientPoints, AmountInvalid, SameMember, TransfersOff, LimitReached, MemberNotActive, KeyReused."""
    if amount <= 0:
        raise ledger.AmountInvalid(field="amount")
    with scope(program=program), transaction.atomic():
        if address_of(program, to) in addresses_of(sender):
            raise transfers.SameMember(field="to")
        counted = Unit.objects.filter(program=program, key=unit).first()
        if counted is None:
            raise NotFound(field="unit")
        wish = [sender.pk, to.kind, to.value, unit, amount]
        mark = hashlib.sha256(orjson.dumps(wish)).digest()
        fact_id, parts = posting.attempt(
            lambda: _read_and_hold(program, sender, counted, amount, key, mark, now)
        )
        found = Sending.objects.filter(fact_id=fact_id).first()
        return found or Sending.objects.create(
            program=program, sender=sender, unit=counted, amount=amount, parts=parts, address=address_of(program, to),
            hint=to.hint, fact_id=fact_id, sent_at=now, due_at=now + timedelta(days=DAYS),
        )  # fmt: skip


def take(*, program: Program, member: Member, sending_id: int, now: datetime) -> Sending:
    """The receiver takes it. A repeat changes nothing. Raises NotFound, SendingOver, MemberNotActive."""
    with scope(program=program), transaction.atomic():
        one = _for(program, member, sending_id)
        if one.state == States.TAKEN:
            return one
        if one.due_at <= now:
            raise SendingOver
        posting.attempt(lambda: _read_and_take(program, one, member, now))
        return _close(one, States.TAKEN, now, recipient=member)


def decline(*, program: Program, member: Member, sending_id: int, now: datetime) -> Sending:
    """The receiver does not want it: it goes back. Raises NotFound, SendingOver."""
    with scope(program=program):
        one = _for(program, member, sending_id)
    return _give_back(program, one, States.DECLINED, now)


def withdraw(*, program: Program, sender: Member, sending_id: int, now: datetime) -> Sending:
    """The sender takes it back while nobody has taken it. Raises NotFound, SendingOver."""
    with scope(program=program):
        one = sent_by(sender).filter(pk=sending_id).first()
    if one is None:
        raise NotFound
    return _give_back(program, one, States.WITHDRAWN, now)


def end_due(*, program: Program, now: datetime) -> int:
    """What nobody took in its time goes back; how many. Safe to run twice, late, or on several workers."""
    with scope(program=program):
        due = list(Sending.objects.filter(program=program, state=States.WAITING, due_at__lte=now)[:5000])
    return sum(_ended(program, one, now) for one in due)


def release_all(*, program: Program, member: Member, now: datetime) -> int:
    """Give back what the member has sent and nobody took, before it is closed, merged or forgotten; how many. For the
    caller's transaction, which holds the member."""
    with scope(program=program):
        found = list(sent_by(member).filter(state=States.WAITING, sender=member))
        for one in found:
            _give_back(program, one, States.WITHDRAWN, now)
        return len(found)


def foresee_release(person: Person, *, state: State, posted: Posted) -> None:
    """What release_all would do to these wallets; nothing is written."""
    for one in Sending.objects.filter(sender_id=person.id, state=States.WAITING):
        parts = [(state.lots[lot], part) for lot, part in one.parts]
        book = state.book(person, state.rulebook.units_by_id[one.unit_id])
        book.release(parts, moment=posted.moment, fact_id=posted.fact_id)


def sent_by(member: Member) -> QuerySet[Sending]:
    """What the member has sent, latest first, also under a card that was merged into this one."""
    whose = Q(sender=member) | Q(sender__merged_into=member)
    rows_of = Sending.objects.filter(whose, program_id=member.program_id).select_related("unit", "sender")
    return rows_of.order_by("-sent_at", "-pk")


def waiting_for(member: Member, *, now: datetime) -> QuerySet[Sending]:
    """What waits for the member under any contact that is proven to be theirs, oldest first."""
    rows_of = Sending.objects.filter(program_id=member.program_id, address__in=addresses_of(member))
    waiting = rows_of.filter(state=States.WAITING, due_at__gt=now).select_related("unit", "sender")
    return waiting.order_by("sent_at", "pk")


def received_by(member: Member) -> QuerySet[Sending]:
    """What the member has taken, latest first."""
    rows_of = Sending.objects.filter(program_id=member.program_id, recipient=member)
    return rows_of.select_related("unit", "sender").order_by("-closed_at", "-pk")


def address_of(program: Program, to: Contact) -> bytes:
    """The keyed digest under which a sending is found."""
    kind = f"send-{to.kind}"
    return erasure.mark(program_id=program.pk, kind=kind, value=to.value, key=erasure.keys()[0])


# --- parts -----------------------------------------------------------------------------------------------------------


def addresses_of(member: Member) -> list[bytes]:
    """Under which the member is found: of the member's number and every proven e-mail and phone, by every key that is in use."""
    proven = Identity.objects.filter(member=member, kind__in=KINDS, verified_at__isnull=False)
    known = [(NUMBER, member.number), *proven.values_list("kind", "value")]
    secrets = erasure.keys()
    return [
        erasure.mark(program_id=member.program_id, kind=f"send-{kind}", value=value, key=key)
        for kind, value in known
        for key in secrets
    ]


def _for(program: Program, member: Member, sending_id: int) -> Sending:
    """One that is addressed to the member. Raises NotFound."""
    mine = Q(address__in=addresses_of(member), state=States.WAITING) | Q(recipient=member)
    found = (
        Sending.objects.filter(mine, program=program, pk=sending_id).select_related("unit", "sender").first()
    )
    if found is None:
        raise NotFound
    return found


def _read_and_hold(
    program: Program, sender: Member, counted: Unit, amount: int, key: str, mark: bytes, now: datetime
) -> tuple[dict[str, Any], tuple[int, list[list[int]]]]:
    fact = {"i": 0, "source": SOURCE, "kind": KIND, "external_id": key, "revision": 0}
    state = ledger.read(program, {"facts": [fact], "holders": [sender.pk], "due": now.isoformat()}, now)
    if 0 in state.facts:
        number, first, _answer = state.facts[0]
        if first != mark:
            raise ledger.KeyReused
        return {}, (number, [])
    person, unit = transfers.whom(state, sender.pk), state.rulebook.units[counted.key]
    book = state.book(person, unit)
    book.settle(now)
    if book.active < amount:
        raise ledger.InsufficientPoints(missing=amount - book.active)
    transfers.count(state, person, unit, amount, now)
    posted = Posted(now, now, state.take_id())
    parts = [[lot.id, part] for lot, part in book.reserve(amount, moment=now, fact_id=posted.fact_id)]
    person.is_touched = True
    told = {"unit": unit.key, "amount": amount}
    rows.add_fact(state, (SOURCE, KIND, key, 0), mark, posted, told, holder_id=person.id, order_id=None)
    rows.add_event(state, "points.sending", posted, told, holder_id=person.id)
    return rows.document(state), (posted.fact_id, parts)


def _read_and_take(
    program: Program, one: Sending, member: Member, now: datetime
) -> tuple[dict[str, Any], None]:
    def move(state: State, sender: Person, posted: Posted) -> None:
        unit = state.rulebook.units_by_id[one.unit_id]
        recipient = transfers.whom(state, member.pk)
        source, target = state.book(sender, unit), state.book(recipient, unit)
        target.settle(now)
        parts = [(state.lots[lot], part) for lot, part in one.parts]
        source.confirm(parts, moment=now, fact_id=posted.fact_id, kind="transfer_out")
        fresh = state.rulebook.expiry(unit, "", now)
        for lot, part in parts:
            target.credit(
                "transfer_in",
                part,
                at=now,
                moment=now,
                active_at=now,
                expires_at=min((each for each in (lot.expires_at, fresh) if each), default=None),
                earned_at=lot.earned_at,
                fact_id=posted.fact_id,
                origin_id=lot.id,
            )
        recipient.is_touched = True
        told = {"unit": unit.key, "amount": one.amount}
        rows.add_event(state, "points.sent", posted, told | {"to": recipient.id}, holder_id=sender.id)
        rows.add_event(state, "points.received", posted, told | {"from": sender.id}, holder_id=recipient.id)

    return _answer(program, one, "take", [member.pk], now, move)


def _read_and_release(program: Program, one: Sending, now: datetime) -> tuple[dict[str, Any], None]:
    def move(state: State, sender: Person, posted: Posted) -> None:
        unit = state.rulebook.units_by_id[one.unit_id]
        parts = [(state.lots[lot], part) for lot, part in one.parts]
        state.book(sender, unit).release(parts, moment=now, fact_id=posted.fact_id)
        transfers.count(state, sender, unit, -one.amount, one.sent_at)
        told = {"unit": unit.key, "amount": one.amount}
        rows.add_event(state, "points.came_back", posted, told, holder_id=sender.id)

    return _answer(program, one, "release", [], now, move)


def _answer(
    program: Program,
    one: Sending,
    verb: str,
    others: list[int],
    now: datetime,
    move: Callable[[State, Person, Posted], None],
) -> tuple[dict[str, Any], None]:
    """One posting that ends the waiting, under the guard of the sender. Raises SendingOver."""
    state = ledger.read(program, {"holders": [one.sender_id, *others], "due": now.isoformat()}, now)
    # After the guard was read: whoever answers in between moves it, and this is tried again.
    if Sending.objects.get(pk=one.pk).state != States.WAITING:
        raise SendingOver
    sender = state.people[one.sender_id]
    if verb == "take" and sender.state != Member.State.ACTIVE:
        raise SendingOver
    for book in sender.books.values():
        book.settle(now)
    posted = Posted(now, now, state.take_id())
    move(state, sender, posted)
    sender.is_touched = True
    key = (SOURCE, f"{KIND}.answer", str(one.pk), 0)
    mark = hashlib.sha256(str(one.pk).encode()).digest()
    rows.add_fact(state, key, mark, posted, {"sending": one.pk}, holder_id=sender.id, order_id=None)
    return rows.document(state), None


def _give_back(program: Program, one: Sending, target: str, now: datetime) -> Sending:
    if one.state != States.WAITING:
        if one.state == target:
            return one
        raise SendingOver
    with scope(program=program), transaction.atomic():
        posting.attempt(lambda: _read_and_release(program, one, now))
        return _close(one, target, now)


def _ended(program: Program, one: Sending, now: datetime) -> bool:
    try:
        _give_back(program, one, States.ENDED, now)
    except DomainError:
        # Somebody was faster, or holds the sender just now: the next run looks again.
        return False
    return True


def _close(one: Sending, target: str, now: datetime, recipient: Member | None = None) -> Sending:
    one.state, one.closed_at, one.recipient = target, now, recipient
    one.save(update_fields=["state", "closed_at", "recipient"])
    return one

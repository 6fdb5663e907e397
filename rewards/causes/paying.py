"""The shop has paid money to a charity: what is given, paid out and open stays visible, to the cent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards import ledger, parties, posting
from rewards.causes import gifts
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Cause, CauseTotal, Payout

SOURCE, KIND = "staff", "cause.payout"
LONGEST_REFERENCE = 80


class PaysTooMuch(DomainError):
    """`open_minor` is what has been given and not yet paid on, in minor units."""

    code = "payout_too_much"
    message = _("This is more than was given and is still open.")


class PayoutRefused(DomainError):
    code = "payout_refused"
    message = _("This cannot be recorded.")


@dataclass(frozen=True, slots=True)
class Payment:
    """What staff say was paid, when and under which reference."""

    program: Program
    cause: Cause
    amount_minor: int
    paid_on: date
    reference: str
    by: User
    key: str
    now: datetime

    @property
    def fingerprint(self) -> bytes:
        told = [self.cause.pk, self.amount_minor, self.paid_on, self.reference]
        return hashlib.sha256(orjson.dumps(told)).digest()


def pay_out(
    *,
    program: Program,
    cause: str,
    amount_minor: int,
    paid_on: date,
    reference: str,
    by: User,
    key: str,
    now: datetime,
) -> Payout:
    """Record that `amount_minor` was paid to the charity; it settles points of the cause in proportion, all of them when
    nothing is left open. A repeat with the same key gives the first answer.

    Raises NotFound, PaysTooMuch, PayoutRefused with the field, KeyReused."""
    reference = " ".join(reference.split())
    if amount_minor <= 0:
        raise PayoutRefused(_("Give an amount above zero."), field="amount")
    if not reference or len(reference) > LONGEST_REFERENCE:
        raise PayoutRefused(_("Say how the payment is found again, in at most 80 signs."), field="reference")
    if paid_on > now.astimezone(program.zone).date():
        raise PayoutRefused(_("This day is in the future."), field="paid_on")
    with scope(program=program):
        found = Cause.objects.filter(program=program, key=cause).first()
        if found is None:
            raise NotFound
        payment = Payment(program, found, amount_minor, paid_on, reference, by, key, now)
        number = posting.attempt(lambda: _read_and_pay(payment))
        return Payout.objects.get(pk=number)


def _read_and_pay(payment: Payment) -> tuple[dict[str, Any], int]:
    now, cause_id = payment.now, payment.cause.pk
    fact = {"i": 0, "source": SOURCE, "kind": KIND, "external_id": payment.key, "revision": 0}
    request = {"facts": [fact], "due": now.isoformat()}
    state = parties.read(payment.program, request, others=[cause_id], now=now, whole=True)
    if 0 in state.facts:
        _number, mark, answer = state.facts[0]
        if mark != payment.fingerprint:
            raise ledger.KeyReused
        return {}, int(answer["payout"])
    posted = Posted(now, now, state.take_id())
    cause = state.people[cause_id]
    # The totals move only with the cause's guard, which was read before them: whoever came in between is noticed.
    parts = _settle(payment, state, cause, posted)
    cause.is_touched = True
    number = state.take_id()
    row = {
        "id": number,
        "cause_id": cause_id,
        "amount_minor": payment.amount_minor,
        "parts": parts,
        "paid_on": payment.paid_on.isoformat(),
        "reference": payment.reference,
        "author_id": payment.by.pk,
        "fact_id": posted.fact_id,
        "recorded_at": now,
    }
    rows.add(state, "payouts", row)
    key = (SOURCE, KIND, payment.key, 0)
    answer = {"payout": number}
    rows.add_fact(state, key, payment.fingerprint, posted, answer, holder_id=cause_id, order_id=None)
    told = {"amount_minor": payment.amount_minor, "paid_on": row["paid_on"], "reference": payment.reference}
    rows.add(
        state,
        "audit",
        audit.row(
            program=payment.program, actor=payment.by, action="cause.payout", subject="cause",
            subject_id=payment.cause.key, after=told, now=now,
        ),
    )  # fmt: skip
    return rows.document(state), number


def _settle(payment: Payment, state: State, cause: Person, posted: Posted) -> list[list[int]]:
    """Unit by unit, until the amount is used up: [unit, ledger units, minor units]. Raises PaysTooMuch."""
    rest, parts = payment.amount_minor, []
    totals = list(CauseTotal.objects.filter(cause=payment.cause).order_by("unit_id"))
    open_minor = sum(total.worth_minor - total.paid_minor for total in totals)
    if rest > open_minor:
        raise PaysTooMuch(field="amount", open_minor=open_minor)
    for total in totals:
        due = total.worth_minor - total.paid_minor
        paid = min(due, rest)
        if not paid:
            continue
        rest -= paid
        held = total.amount - total.paid_amount
        # Rounded down, so that no point is gone before its money is paid.
        points = held if paid == due else held * paid // due
        if points:
            chest = state.book(cause, state.rulebook.units_by_id[total.unit_id])
            chest.lapse = None
            chest.take("transfer_out", points, moment=posted.moment, fact_id=posted.fact_id)
        gifts.add_total(state, cause.id, total.unit_id, paid_amount=points, paid_minor=paid)
        parts.append([total.unit_id, points, paid])
    return parts

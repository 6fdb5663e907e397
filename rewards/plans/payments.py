"""A term begins when the shop says that it was paid. Wafa takes no money: it notes the payment, and what follows from it.

A payment has effect once for ever. A term that is paid before the one that runs has ended follows it without a gap; how
early that may be, the plan says, so that nobody pays one term twice by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.conditions import Missing
from loyaltysite.kit.errors import Conflict, DomainError
from members import people
from members.models import Member, Program, User
from rewards import candidates, ledger, posting
from rewards.intake import recording, rows
from rewards.intake.items import EventIn, Who
from rewards.intake.state import Person, Posted, State
from rewards.models import Plan
from rewards.plans import deeds
from rewards.plans.deeds import Deed, Done
from rewards.plans.records import ACTIVE, LEAVING, TermRow
from rewards.policies import add_months, day_start

KIND = "plan.paid"
STARTED, RENEWED = "plan.started", "plan.renewed"
DAY = timedelta(days=1)
# Clocks of shops run ahead at times.
AHEAD = timedelta(minutes=5)
MOST_MINOR = 10**13


class PlanNotOffered(Conflict):
    code = "plan_not_offered"
    message = _("This plan is not offered.")


class PlanHeld(Conflict):
    """`until` is None for a plan that never ends, `renews_at` the first moment at which it can be renewed."""

    code = "plan_held"
    message = _("This plan runs already.")


class PlanNotEligible(DomainError):
    code = "plan_not_eligible"
    message = _("Needed: %(why)s.")

    def __init__(self, missing: list[Missing]) -> None:
        texts = [
            str(_("not: %(sentence)s") % {"sentence": one.sentence}) if one.negated else one.sentence
            for one in missing
        ]
        super().__init__(why="; ".join(texts), missing=texts)


class PaymentInvalid(DomainError):
    code = "payment_invalid"
    message = _("Say which payment it was, when, and how much.")


@dataclass(frozen=True, slots=True)
class Payment:
    """`reference` is the number by which the system `source` knows it. It has effect once."""

    reference: str
    paid_at: datetime
    price_minor: int
    source: str = "wafa"


def pay(
    *,
    program: Program,
    member: Member,
    plan: str,
    payment: Payment,
    now: datetime,
    by: User | None = None,
) -> Done:
    """Begin a term, or append one to what runs. A repeat of the same payment gives the first answer.

    Raises NotFound, OwnAccount, PlanNotOffered, PlanHeld, PlanNotEligible, PaymentInvalid, MemberNotActive, KeyReused."""
    _check(payment, now)
    with scope(program=program):
        if by is not None:
            people.check_not_own(member=member.merged_into or member, by=by)
        found = deeds.plan_of(program, plan)
        told = [member.pk, found.pk, payment.price_minor]
        deed = Deed(program, member, found, (payment.source, KIND, payment.reference), told, now, by)
        return posting.attempt(
            lambda: deeds.work(
                deed,
                lambda state, person: _pay(deed, payment, state, person),
                priced_at=payment.paid_at,
            )
        )


def renews_from(starts_at: datetime, ends_at: datetime, renewal_days: int) -> datetime:
    """The first moment at which the next term can be paid: so many days before the end, at most half the term."""
    return ends_at - min(timedelta(days=renewal_days), (ends_at - starts_at) / 2)


def _check(payment: Payment, now: datetime) -> None:
    for name, text, most in (("payment", payment.reference, 128), ("source", payment.source, 32)):
        if not text or len(text) > most or "\x00" in text:
            raise PaymentInvalid(field=name)
    if payment.paid_at > now + AHEAD:
        raise PaymentInvalid(_("This lies in the future."), field="paid_at")
    if payment.paid_at.year < 1970:
        raise PaymentInvalid(field="paid_at")
    if not 0 <= payment.price_minor <= MOST_MINOR:
        raise PaymentInvalid(_("This number is too large or negative."), field="price_minor")


def _pay(deed: Deed, payment: Payment, state: State, person: Person) -> tuple[dict[str, Any], Posted]:
    plan, now, paid_at = deed.plan, deed.now, payment.paid_at
    if plan.state != Plan.State.LIVE:
        raise PlanNotOffered
    if person.state != "active":
        raise ledger.MemberNotActive
    last = max(deeds.terms_of(person, plan), key=lambda term: term.starts_at, default=None)
    follows = last is not None and (last.ends_at is None or last.ends_at > paid_at)
    if last is not None and follows:
        _check_renewal(plan, last, paid_at)
    elif missing := candidates.missing(
        plan.eligibility,
        candidates.of(person=person, state=state, now=now),
        currency=deed.program.currency,
    ):
        raise PlanNotEligible(missing)
    posted = Posted(paid_at, max(now, paid_at), state.take_id())
    number = 1 + max((term.number for term in person.terms if term.plan_id == plan.pk), default=0)
    row = _row(deed, payment, last if follows else None, number, state, person, posted)
    rows.add(state, "terms", row)
    person.terms.append(_told(row))
    if last is not None and last.state == LEAVING and follows:
        rows.add(state, "term_moves", deeds.move(last, ACTIVE))
    data = {"term": row["id"], "plan": plan.key, "number": row["streak"]}
    kind = RENEWED if follows else STARTED
    rows.add_event(
        state, kind, posted, {**data, "starts_at": row["starts_at"], "ends_at": row["ends_at"]}, holder_id=person.id
    )  # fmt: skip
    _reward(kind, data, payment, state, person, posted)
    return data, posted


def _check_renewal(plan: Plan, last: TermRow, paid_at: datetime) -> None:
    if last.ends_at is None or plan.months is None:
        raise PlanHeld(until=last.ends_at)
    opens_at = renews_from(last.starts_at, last.ends_at, plan.renewal_days)
    if paid_at < opens_at:
        raise PlanHeld(
            _("This plan runs already. It can be renewed later."), until=last.ends_at, renews_at=opens_at
        )


def _row(
    deed: Deed,
    payment: Payment,
    last: TermRow | None,
    number: int,
    state: State,
    person: Person,
    posted: Posted,
) -> dict[str, Any]:
    plan, zone = deed.plan, deed.program.zone
    starts_at = payment.paid_at if last is None or last.ends_at is None else last.ends_at
    anchor = last.anchor_on if last else payment.paid_at.astimezone(zone).date()
    return {
        "id": state.take_id(),
        "member_id": person.id,
        "plan_id": plan.pk,
        "number": number,
        "streak": last.streak + 1 if last else 1,
        "anchor_on": anchor,
        "starts_at": starts_at,
        "ends_at": _end(anchor, starts_at, plan.months, zone),
        "price_minor": payment.price_minor,
        "paid_at": payment.paid_at,
        "source": payment.source,
        "payment": payment.reference,
        "refund_until": day_start(
            payment.paid_at.astimezone(zone).date() + DAY * (plan.refund_days + 1), zone
        ),
        "benefits": plan.benefits,
        "fact_id": posted.fact_id,
    }


def _told(row: dict[str, Any]) -> TermRow:
    """The row as those that were read: what follows in this posting knows of it."""
    names = ("id", "plan_id", "number", "streak", "anchor_on", "starts_at", "ends_at", "benefits")
    return TermRow(**{name: row[name] for name in names}, stopped_at=None, state=ACTIVE)


def _end(anchor: date, starts_at: datetime, months: int | None, zone: ZoneInfo) -> datetime | None:
    """The end of the day that comes a whole number of terms after the first day of the streak, so that a 31st stays one."""
    if months is None:
        return None
    count = months
    while (end := day_start(add_months(anchor, count) + DAY, zone)) <= starts_at + DAY:
        count += months
    return end


def _reward(
    kind: str, data: dict[str, Any], payment: Payment, state: State, person: Person, posted: Posted
) -> None:
    """What rules give for it: a plan begun or renewed is an occasion like others. It goes with the price when that is paid
    back, so it is no worth of the term."""
    engine = state.rulebook.engine_at(payment.paid_at)
    if kind in engine.kinds:
        told = told_of(data["plan"], data["number"])
        item = EventIn("wafa", str(data["term"]), kind, payment.paid_at, Who("number", person.number), told)
        recording.price_event(item, person, engine, state, posted, is_metered=False)


def told_of(plan: str, streak: int) -> dict[str, Any]:
    """What rules know of a payment."""
    return {"plan": plan, "number": streak}

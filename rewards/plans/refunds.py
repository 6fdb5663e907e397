"""The whole price of a term is paid back within its days, if nothing beyond the price was gained (SEMANTICS 43)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import people
from members.models import Program, User
from rewards import ledger, posting, withdrawals
from rewards.engine.facts import Occasion
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Pricing, Saving, Term
from rewards.plans import deeds, payments, treats
from rewards.plans.deeds import Deed
from rewards.plans.records import REFUNDED, RUNNING
from rewards.policies import local_time
from rewards.tiers.courses import Course

KIND = "plan.refunded"


class RefundRefused(Conflict):
    """`until` is the end of the time for it, `saved_minor` what was gained, `price_minor` what was paid."""

    code = "refund_refused"
    message = _("The price cannot be paid back.")


def refund(
    *,
    program: Program,
    term_id: int,
    now: datetime,
    by: User | None = None,
    reason: str = "",
    is_exception: bool = False,
) -> int:
    """End the member's latest term at once because its whole price is paid back; how much that is, in minor units. A
    repeat gives the same answer. Only in the days of the plan and while no more than the price was gained (43), unless
    staff make an exception and say why.

    Raises NotFound, OwnAccount, RefundRefused, ReasonMissing."""
    if is_exception and (not reason.strip() or by is None):
        raise ledger.ReasonMissing(field="reason")
    with scope(program=program):
        term = Term.objects.filter(program=program, pk=term_id).select_related("plan", "member").first()
        if term is None:
            raise NotFound
        if by is not None:
            people.check_not_own(member=term.member.merged_into or term.member, by=by)
        deed = Deed(
            program,
            term.member,
            term.plan,
            (deeds.SOURCE, KIND, str(term.pk)),
            [term.pk],
            now,
            by,
            reason.strip(),
        )
        posting.attempt(
            lambda: deeds.work(
                deed, lambda state, person: _refund(deed, term, state, person, is_exception=is_exception)
            )
        )
        return term.price_minor


def saved_minor(term_id: int) -> int:
    """What the term was worth so far, in minor units."""
    return Saving.objects.filter(term_id=term_id).aggregate(sum=Sum("amount_minor"))["sum"] or 0


def _refund(
    deed: Deed, term: Term, state: State, person: Person, *, is_exception: bool
) -> tuple[dict[str, Any], Posted]:
    own = deeds.terms_of(person, deed.plan)
    row = next((each for each in own if each.id == term.pk), None)
    if row is None or row.state not in RUNNING or (row.ends_at and row.ends_at <= deed.now):
        raise RefundRefused(_("This term is over."))
    if any(each.starts_at > row.starts_at for each in own):
        raise RefundRefused(_("A later term was paid; that one first."))
    if not is_exception:
        waiting = treats.waiting_minor(
            term, state.rulebook.units, opened_at=partial(_opened_by_tier, state.course(person))
        )
        check_refund(term, saved_minor(term.pk) + waiting, deed.now)
    posted = Posted(deed.now, deed.now, state.take_id())
    _take_reward(term, deed.plan.key, person, state, posted)
    rows.add(state, "term_moves", deeds.move(row, REFUNDED, deed.now))
    data = {"term": term.pk, "plan": deed.plan.key, "amount_minor": term.price_minor}
    rows.add_event(state, KIND, posted, data, holder_id=person.id)
    return data, posted


def _opened_by_tier(course: Course | None, moment: datetime) -> frozenset[str]:
    return treats.opened_by(course.level_at(moment) if course else None)


def _take_reward(term: Term, plan: str, person: Person, state: State, posted: Posted) -> None:
    """What rules gave for the payment goes with it."""
    kept = Pricing.objects.filter(pk=term.fact_id).first()
    if kept is None:
        return
    kind = payments.RENEWED if term.streak > 1 else payments.STARTED
    local = local_time(term.paid_at, state.rulebook.zone)
    occasion = Occasion(kind, term.paid_at, local, data=payments.told_of(plan, term.streak))
    withdrawals.take_back(kept, occasion, person, state, posted)


def check_refund(term: Term, gained_minor: int, now: datetime) -> None:
    """Raise RefundRefused where the price is no longer to be had back (43)."""
    params: dict[str, Any] = {
        "until": term.refund_until,
        "saved_minor": gained_minor,
        "price_minor": term.price_minor,
    }
    if term.refund_until is None or now >= term.refund_until:
        raise RefundRefused(_("The days to get the price back are over."), **params)
    if gained_minor > term.price_minor:
        raise RefundRefused(_("More than the price was gained already."), **params)

"""Orders that points or credit pay in part: the owner is asked, and what allowed it is kept beside the fact (38)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import people
from members.models import Member, Program, TeamMembership
from rewards import intake, posting, spending
from rewards.intake.items import OrderIn, Outcome
from rewards.intake.state import Person
from rewards.intake.tenders import Denied
from rewards.spending import Authorization, Override


class AuthorizationMissing(DomainError):
    code = "authorization_missing"
    message = _("The member’s code is needed to pay with points.")


@dataclass(slots=True)
class Consent:
    """Whose points pay, how many, and the step of the passcode that allowed it."""

    owner: Member
    costs: Mapping[str, int]
    step: int | None


def record(
    *,
    program: Program,
    item: OrderIn,
    authorization: Authorization | None,
    by: TeamMembership,
    now: datetime,
    keep: Callable[[list[Outcome]], posting.Kept] | None = None,
) -> Outcome:
    """Record an order with tenders, all or nothing; a repeat gets the first answer and needs no new consent.

    Refusals are in the outcome as those of intake.record(), but for the owner's word: raises AuthorizationMissing and
    what spending.check() raises, and then the same request may be sent again with another."""
    given: list[Consent] = []

    def authorize(person: Person, costs: Mapping[str, int]) -> None:
        if authorization is None:
            raise AuthorizationMissing(field="authorization")
        owner = Member.objects.get(pk=person.id)
        step = spending.check(authorization, program=program, member=owner, costs=costs, by=by, now=now)
        given[:] = [Consent(owner, costs, step)]

    with scope(program=program), transaction.atomic():
        try:
            outcome = intake.record(program=program, items=[item], now=now, keep=keep, authorize=authorize)[0]
        except Denied as denied:
            raise denied.error from denied
        if outcome.status == "recorded" and outcome.fact_id is not None:
            for consent in given:
                _keep(consent, outcome.fact_id, item, program, authorization, by, now)
    return outcome


def _keep(
    consent: Consent,
    fact_id: int,
    item: OrderIn,
    program: Program,
    authorization: Authorization | None,
    by: TeamMembership,
    now: datetime,
) -> None:
    spending.record(fact_id, program=program, member=consent.owner, step=consent.step, by=by, now=now)
    reason = authorization.reason.strip()[:300] if isinstance(authorization, Override) else ""
    told = {"order": item.external_id, "source": item.source, "spent": dict(consent.costs)}
    people.audit_of(consent.owner, "order.pay", by.user, now, after=told, reason=reason)

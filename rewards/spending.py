"""Points are spent when their owner agrees, or when staff answer for it; a member number alone never does (SEMANTICS 38).

What allows it is a Warrant beside the fact: a passcode from the member's page, which is good for one spending, or the
word of staff with its reason. A code for one redemption is one more kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import people
from members.models import Fact, Member, Program, TeamMembership
from rewards import adjustments, ledger, passcodes
from rewards.ledger import Movement
from rewards.models import Warrant

SOURCE = "wafa"


class OverrideTooLarge(DomainError):
    code = "override_too_large"
    message = _("Without the member’s code at most %(limit)s may be spent.")
    status = 403


@dataclass(frozen=True, slots=True)
class Passcode:
    """The member said the code that the own page shows."""

    typed: str


@dataclass(frozen=True, slots=True)
class Override:
    """Staff answer for it; the reason is kept in the audit."""

    reason: str


type Authorization = Passcode | Override


def spend(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    authorization: Authorization,
    by: TeamMembership,
    key: str,
    now: datetime,
    order: tuple[str, str] | None = None,
) -> Movement:
    """Spend `amount` ledger units of a member who agreed, or for whom `by` answers; a repeat with the same key gives the
    first answer. `order` as in ledger.spend(), from whose refusals this adds none but those of the authorization.

    Raises PasscodeWrong, PasscodeBlocked, ReasonMissing, OwnAccount, OverrideTooLarge and what ledger.spend() raises.
    """
    with scope(program=program), transaction.atomic():
        if _is_posted(program, key):
            return _post(program, member, unit, amount, key, now, order)
        costs = {unit: amount}
        step = check(authorization, program=program, member=member, costs=costs, by=by, now=now)
        movement = _post(program, member, unit, amount, key, now, order)
        record(movement.fact_id, program=program, member=member, step=step, by=by, now=now)
        told = {"unit": unit, "amount": amount, "active": movement.active}
        reason = authorization.reason.strip()[:300] if isinstance(authorization, Override) else ""
        people.audit_of(member, "points.spend", by.user, now, after=told, reason=reason)
    return movement


def check(
    authorization: Authorization,
    *,
    program: Program,
    member: Member,
    costs: Mapping[str, int],
    by: TeamMembership,
    now: datetime,
) -> int | None:
    """The step of the passcode; None where staff answer. `costs` is {unit key: ledger units}."""
    if isinstance(authorization, Passcode):
        return passcodes.check(member=member, typed=authorization.typed, now=now)
    if not authorization.reason.strip():
        raise ledger.ReasonMissing(field="authorization.reason")
    people.check_not_own(member=member, by=by.user)
    for unit, amount in costs.items():
        limit = adjustments.limit_of(program=program, role=by.role, unit=unit)
        if limit is not None and amount > limit:
            raise OverrideTooLarge(limit=limit)
    return None


def _post(
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    key: str,
    now: datetime,
    order: tuple[str, str] | None,
) -> Movement:
    return ledger.spend(
        program=program, member=member, unit=unit, amount=amount, key=key, now=now, order=order, source=SOURCE
    )


def record(
    fact_id: int, *, program: Program, member: Member, step: int | None, by: TeamMembership, now: datetime
) -> None:
    """Keep beside the fact what allowed it. Raises PasscodeWrong for a code that was used meanwhile."""
    kind = Warrant.Kind.OVERRIDE if step is None else Warrant.Kind.CODE
    try:
        with transaction.atomic():
            Warrant.objects.create(
                program=program,
                holder_id=member.pk,
                fact_id=fact_id,
                kind=kind,
                step=step,
                given_by=by.user,
                given_at=now,
            )
    except IntegrityError as error:
        # Somebody else has spent with this code; all of this is rolled back.
        raise passcodes.PasscodeWrong(field="authorization.code") from error


def _is_posted(program: Program, key: str) -> bool:
    facts = Fact.objects.filter(program=program, source=SOURCE, kind="spend", external_id=key)
    return facts.exists()

"""Points are spent when their owner agrees, or when staff answer for it; a member number alone never does (SEMANTICS 38).

What allows it is a Warrant beside the fact: a passcode from the member's page, which is good for one spending, or the
word of staff with its reason. A code for one redemption is one more kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import audit, people
from members.models import Member, Program, TeamMembership
from rewards import adjustments, ledger, passcodes, posting
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
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
    keep: Callable[[Movement], posting.Kept] | None = None,
) -> Movement:
    """Spend `amount` ledger units of a member who agreed, or for whom `by` answers; a repeat with the same key gives the
    first answer. `order` and `keep` as in ledger.spend(), from whose refusals this adds none but those of the
    authorization. Of `member` nothing is read but its id.

    Raises PasscodeWrong, PasscodeBlocked, ReasonMissing, OwnAccount, OverrideTooLarge and what ledger.spend() raises.
    """
    word = Word(authorization, program, member, by, now, "points.spend")
    with scope(program=program), word.once():
        return ledger.spend(
            program=program, member=member, unit=unit, amount=amount, key=key, now=now, order=order, source=SOURCE,
            word=word, keep=keep,
        )  # fmt: skip


@dataclass(slots=True)
class Word:
    """An authorization at work: checked once, however often the posting is tried, and written by it with an audit of
    `action`."""

    authorization: Authorization
    program: Program
    member: Member
    by: TeamMembership
    now: datetime
    action: str
    table: str = "rewards_warrant"
    _checked: tuple[Mapping[str, int], int | None] | None = None

    def check(self, costs: Mapping[str, int]) -> None:
        """Raises what spending.check() raises."""
        if self._checked is None or self._checked[0] != costs:
            step = check(
                self.authorization, program=self.program, member=self.member, costs=costs, by=self.by, now=self.now
            )  # fmt: skip
            self._checked = dict(costs), step

    def add(self, state: State, person: Person, posted: Posted, told: Mapping[str, Any]) -> None:
        """The warrant and the audit, to the rows of the posting; ask check() before."""
        assert self._checked is not None  # noqa: S101 - the posting asks first
        rows.add(
            state, "warrants", _warrant(posted.fact_id, self.member, self._checked[1], self.by, self.now)
        )
        entry = audit.row(
            program=self.program,
            actor=self.by.user,
            action=self.action,
            subject="member",
            subject_id=person.number,
            after=told,
            reason=reason_of(self.authorization),
            now=self.now,
        )
        rows.add(state, "audit", entry)

    @contextmanager
    def once(self) -> Iterator[None]:
        """Raises PasscodeWrong where somebody else has spent with this code meanwhile."""
        try:
            yield
        except psycopg.errors.UniqueViolation as error:
            if error.diag.table_name != self.table:
                raise
            raise passcodes.PasscodeWrong(field="authorization.code") from error


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


def record(
    fact_id: int, *, program: Program, member: Member, step: int | None, by: TeamMembership, now: datetime
) -> None:
    """Keep beside the fact what allowed it. Raises PasscodeWrong for a code that was used meanwhile."""
    try:
        with transaction.atomic():
            Warrant.objects.create(program_id=program.pk, **_warrant(fact_id, member, step, by, now))
    except IntegrityError as error:
        # Somebody else has spent with this code; all of this is rolled back.
        raise passcodes.PasscodeWrong(field="authorization.code") from error


def reason_of(authorization: Authorization) -> str:
    """What staff said, as the audit keeps it."""
    return authorization.reason.strip()[:300] if isinstance(authorization, Override) else ""


def _warrant(
    fact_id: int, member: Member, step: int | None, by: TeamMembership, now: datetime
) -> dict[str, Any]:
    return {
        "holder_id": member.pk,
        "fact_id": fact_id,
        "kind": Warrant.Kind.OVERRIDE if step is None else Warrant.Kind.CODE,
        "step": step,
        "given_by_id": by.user_id,
        "given_at": now,
    }

"""Leaving a plan at the end of what was paid, and staying after all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members.models import Member, Program, User
from rewards import ledger, posting
from rewards.intake import rows
from rewards.intake.state import Posted
from rewards.plans import deeds
from rewards.plans.deeds import Deed
from rewards.plans.records import ACTIVE, LEAVING, RUNNING
from rewards.redemptions import reading

LEFT, STAYED = "plan.left", "plan.stayed"


class NotHeld(Conflict):
    code = "plan_not_held"
    message = _("This plan does not run.")


def leave(*, program: Program, member: Member, plan: str, now: datetime, by: User | None = None) -> list[int]:
    """The running term is the last one: nobody is reminded to renew it. A repeat changes nothing; the terms concerned.

    Raises NotFound, NotHeld."""
    with scope(program=program):
        return _turn(_deed(program, member, plan, LEFT, now, by), ACTIVE, LEAVING)


def stay(*, program: Program, member: Member, plan: str, now: datetime, by: User | None = None) -> list[int]:
    """Leaving is taken back. A repeat changes nothing. Raises NotFound, NotHeld."""
    with scope(program=program):
        return _turn(_deed(program, member, plan, STAYED, now, by), LEAVING, ACTIVE)


def _deed(program: Program, member: Member, plan: str, kind: str, now: datetime, by: User | None) -> Deed:
    found = deeds.plan_of(program, plan)
    return Deed(program, member, found, (deeds.SOURCE, kind, ""), [member.pk, found.pk], now, by)


def _turn(deed: Deed, was: str, target: str) -> list[int]:
    return posting.attempt(lambda: _turn_once(deed, was, target))


def _turn_once(deed: Deed, was: str, target: str) -> tuple[dict[str, Any], list[int]]:
    request = {"holders": [deed.member.pk], "due": deed.now.isoformat(), "terms_from": deed.now.isoformat()}
    state = ledger.read(deed.program, request, deed.now)
    person = reading.person_of(state, deed.member.pk)
    if person is None:
        raise NotFound
    running = [term for term in deeds.terms_of(person, deed.plan) if term.state in RUNNING and term.ends_at]
    running = [term for term in running if term.ends_at and term.ends_at > deed.now]
    if not running:
        raise NotHeld
    turned = [term for term in running if term.state == was]
    if not turned:
        return {}, []
    posted = Posted(deed.now, deed.now, state.take_id())
    rows.extend(state, "term_moves", [deeds.move(term, target) for term in turned])
    data = {"term": turned[-1].id, "plan": deed.plan.key}
    deeds.write(deed, (*deed.fact[:2], str(posted.fact_id)), data, state, person, posted)
    rows.add_event(state, deed.fact[1], posted, data, holder_id=person.id)
    return rows.document(state), [term.id for term in turned]

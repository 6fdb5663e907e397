"""One deed with a member's plan: read under the guard, done once, written with its fact and its author."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from django.db import connection

from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Member, Program, User
from rewards import ledger, rulebook
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.models import Plan
from rewards.plans.records import REFUNDED, TermRow
from rewards.redemptions import reading

SOURCE = "wafa"
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done with a member's plan. `fact` names it, so that it happens once; `told` is its content."""

    program: Program
    member: Member
    plan: Plan
    fact: tuple[str, str, str]
    told: list[Any]
    now: datetime
    by: User | None = None
    reason: str = ""

    @property
    def mark(self) -> bytes:
        return hashlib.sha256(orjson.dumps(self.told)).digest()


@dataclass(frozen=True, slots=True)
class Done:
    """The term, and whether this had been done before."""

    term_id: int
    repeated: bool = False


type Worker = Callable[[State, Person], tuple[dict[str, Any], Posted]]


def plan_of(program: Program, key: str) -> Plan:
    """A plan that is or was up. Raises NotFound."""
    found = Plan.objects.filter(program=program, key=key).exclude(state=Plan.State.DRAFT).first()
    if found is None:
        raise NotFound(field="plan")
    return found


def work(deed: Deed, do: Worker, *, priced_at: datetime | None = None) -> tuple[dict[str, Any], Done]:
    """Read, do it unless it was done, and write it down: the document to post, and the answer. `priced_at` is the moment
    of what rules may reward: the budgets in force then are read too. Raises KeyReused, NotFound."""
    source, kind, name = deed.fact
    request: dict[str, Any] = {
        "facts": [{"i": 0, "source": source, "kind": kind, "external_id": name, "revision": 0}],
        "holders": [deed.member.pk],
        "due": deed.now.isoformat(),
        "terms_from": BEGINNING.isoformat(),
        "metrics_from": date.min.isoformat(),
    }
    if priced_at is not None:
        book = rulebook.of(deed.program.pk, database=str(connection.settings_dict["NAME"]))
        request["budgets"] = list(book.engine_at(priced_at).budgets)
    state = ledger.read(deed.program, request, deed.now)
    if 0 in state.facts:
        _number, mark, answer = state.facts[0]
        if mark != deed.mark:
            raise ledger.KeyReused
        return {}, Done(int(answer["term"]), repeated=True)
    person = reading.person_of(state, deed.member.pk)
    if person is None:
        raise NotFound
    data, posted = do(state, person)
    write(deed, (source, kind, name), data, state, person, posted)
    return rows.document(state), Done(int(data["term"]))


def write(
    deed: Deed, fact: tuple[str, str, str], data: dict[str, Any], state: State, person: Person, posted: Posted
) -> None:
    """The fact, and who did it."""
    person.is_touched = True
    rows.add_fact(state, (*fact, 0), deed.mark, posted, data, holder_id=person.id, order_id=None)
    if deed.by is not None:
        entry = audit.row(
            program=deed.program, actor=deed.by, action=fact[1], subject="member", subject_id=person.number,
            after=data, reason=deed.reason[:300], now=deed.now,
        )  # fmt: skip
        rows.add(state, "audit", entry)


def terms_of(person: Person, plan: Plan) -> list[TermRow]:
    """The member's terms of the plan that were not paid back, in their order."""
    return [term for term in person.terms if term.plan_id == plan.pk and term.state != REFUNDED]


def move(term: TermRow, target: str, stopped_at: datetime | None = None) -> dict[str, Any]:
    """A row of wafa_post's `term_moves`."""
    return {"id": term.id, "was": term.state, "state": target, "stopped_at": stopped_at}

"""Who did what, before and after, from where: one row for every action of staff, in the action's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from loyaltysite.kit import log
from members.models import AuditEntry, Program, User

# Where the present request comes from; set by the middleware, empty in commands and tasks.
address: ContextVar[str | None] = ContextVar("address", default=None)
# The API key that acts for its author, by its prefix; empty when people act themselves.
agent: ContextVar[str] = ContextVar("agent", default="")


def row(
    *,
    program: Program | None,
    actor: User | None,
    action: str,
    subject: str,
    subject_id: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    now: datetime,
) -> dict[str, Any]:
    """The columns of one audit row, JSON-ready, for a posting that writes it with everything else."""
    return {
        "program_id": program.pk if program else None,
        "actor_id": actor.pk if actor else None,
        "action": action,
        "subject": subject,
        "subject_id": str(subject_id),
        "before": dict(before or {}),
        "after": dict(after or {}) | ({"api_key": agent.get()} if agent.get() else {}),
        "reason": reason,
        "address": address.get(),
        "request_id": log.request_id.get() or "",
        "at": now,
    }


def record(
    *,
    program: Program | None,
    actor: User | None,
    action: str,
    subject: str,
    subject_id: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    now: datetime,
) -> AuditEntry:
    """Write one audit row; call it inside the transaction of the action. Never put a person's data into it."""
    return AuditEntry.objects.create(
        **row(
            program=program,
            actor=actor,
            action=action,
            subject=subject,
            subject_id=subject_id,
            before=before,
            after=after,
            reason=reason,
            now=now,
        )
    )


def changed(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are different in the others: what stands before or after a change."""
    return {name: value for name, value in values.items() if value != others.get(name)}


def record_each(rows: Iterable[Mapping[str, Any]]) -> None:
    """Write many audit rows, each as row() gives it, inside the transaction of the actions."""
    AuditEntry.objects.bulk_create([AuditEntry(**each) for each in rows])

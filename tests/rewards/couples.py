"""Two members that turn out to be one person: ann and her other self, called anna and hanna."""

from __future__ import annotations

from typing import Any

from django_scopes import scope

from members.models import Member, Merge, Program
from rewards import checking, merging
from tests.members.teams import hire
from tests.rewards import builders as b

KEPT, GONE = "anna", "hanna"


def merge(program: Program, at: str, *, kept: Member, gone: Member, key: str = "m1", **given: Any) -> Merge:
    return merging.merge(
        program=program,
        kept=kept,
        gone=gone,
        reason=given.pop("reason", "the same person"),
        by=given.pop("by", None) or hire(program),
        key=key,
        now=b.moment(at),
    )


def undo(
    program: Program, made: Merge, at: str, bearing: str = "user", *, key: str = "u1", **given: Any
) -> Merge:
    return merging.undo(
        program=program,
        made=made,
        bearing=bearing,
        reason="they are two after all",
        by=given.pop("by", None) or hire(program),
        key=key,
        now=b.moment(at),
    )


def fresh(member: Member) -> Member:
    with scope(program=member.program):
        return Member.objects.select_related("program").get(pk=member.pk)


def faults(program: Program) -> list[str]:
    """What check_ledger finds wrong, digests included; there must never be anything."""
    report = checking.run(program=program, verify=True)
    return [f"{fault.check} {fault.subject}: {fault.expected} / {fault.found}" for fault in report.faults]


def holds(program: Program, member: Member, unit: str = "points") -> tuple[int, int, int]:
    """Active, pending and arrears, by the member itself: its identities may be with the other."""
    with scope(program=program):
        found = member.holder.wallets.filter(unit__key=unit).first()
    return (found.active, found.pending, found.arrears) if found else (0, 0, 0)

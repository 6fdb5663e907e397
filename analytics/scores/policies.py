"""What a program wants of its scores: from when on silence is a risk, what offers may cost, whom a lot leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django_scopes import scope

from analytics.models import ValuePolicy
from members import audit
from members.models import Program, User

SETTINGS = ("horizon_days", "budget_minor", "offer_share", "holdout")


def of(program: Program) -> ValuePolicy:
    """The defaults where the program has said nothing."""
    with scope(program=program):
        return ValuePolicy.objects.filter(program=program).first() or ValuePolicy(program=program)


def keep(*, program: Program, values: Mapping[str, Any], by: User, now: datetime) -> ValuePolicy:
    """Put these settings in force from the next scoring on; a repeat changes nothing."""
    with scope(program=program), transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        policy = of(program)
        before = {name: getattr(policy, name) for name in SETTINGS}
        after = {name: values[name] for name in SETTINGS}
        if after != before:
            for name, value in after.items():
                setattr(policy, name, value)
            policy.save()
            audit.record(
                program=program, actor=by, action="scores.policy", subject="scores", subject_id=program.pk,
                before=before, after=after, now=now,
            )  # fmt: skip
    return policy

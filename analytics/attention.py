"""What needs somebody: work that failed, rules that do nothing, people who wait for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from analytics import queries
from analytics.alerts import raising
from analytics.budgets import warnings
from analytics.budgets.warnings import Warned
from analytics.models import Alert, Backtest
from analytics.queries import Reading
from members.models import Program
from rewards.models import EarningRule, ImportRun, PendingAdjustment

# An import that failed longer ago has been seen or does not matter.
DAYS = 30


@dataclass(frozen=True, slots=True)
class Attention:
    """`waiting` adjustments need a second person; `partial` imports left rows out."""

    failed: list[ImportRun]
    partial: list[ImportRun]
    quiet: list[EarningRule]
    blocked: int
    waiting: int
    alerts: list[Alert]
    # Drafts that were published and cost other than their back-test said.
    outside: list[Backtest]
    budgets: list[Warned]

    @property
    def count(self) -> int:
        return (
            len(self.failed)
            + len(self.alerts)
            + len(self.outside)
            + len(self.budgets)
            + len(self.partial)
            + len(self.quiet)
            + bool(self.blocked)
            + bool(self.waiting)
        )


def needed(*, program: Program, reading: Reading, blocked: int, now: datetime, limit: int = 3) -> Attention:
    """At most `limit` of each kind, the newest first. Seven statements."""
    today = timezone.localdate(now, program.zone)
    imports = ImportRun.objects.filter(program=program, created_at__gte=now - timedelta(days=DAYS))
    failed = imports.filter(state=ImportRun.State.FAILED)
    partial = imports.filter(state=ImportRun.State.DONE, rejected_rows__gt=0)
    return Attention(
        failed=list(failed.order_by("-created_at")[:limit]),
        partial=list(partial.order_by("-created_at")[:limit]),
        quiet=queries.quiet_rules(reading)[:limit],
        blocked=blocked,
        waiting=PendingAdjustment.objects.filter(
            program=program, state=PendingAdjustment.State.WAITING
        ).count(),
        outside=list(
            Backtest.objects.filter(program=program, watch=Backtest.Watch.OUTSIDE).order_by("-live_since")[
                :limit
            ]
        ),
        budgets=warnings.found(program=program, today=today)[:limit],
        alerts=list(raising.waiting(program=program, today=today)[:limit]),
    )

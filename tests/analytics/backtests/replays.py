"""What tests of back-tests begin with: a back-test of a draft, worked to its end in this process."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection
from django_scopes import scope

from analytics.backtests import results, runs
from analytics.backtests.changes import Changes
from analytics.backtests.results import Result
from analytics.models import Backtest
from members.models import Program
from tests.rewards import builders as b

NOW = "2026-12-01"


def rule(definition: dict[str, Any], *, key: str = "base") -> dict[str, Any]:
    """A draft of a rule as `Changes.rules` holds it."""
    return {key: {"name": key, "definition": {"trigger": {"on": "order"}, "unit": "points", **definition}}}


def begin(
    program: Program, changes: Changes, *, first: str = "2026-01-01", last: str = "2026-11-30", **others: Any
) -> Backtest:
    return runs.begin(
        program=program,
        name="A draft",
        changes=changes,
        first=date.fromisoformat(first),
        last=date.fromisoformat(last),
        by=b.staff(),
        now=b.moment(others.pop("now", NOW)),
        **others,
    )


def replay(program: Program, changes: Changes, **others: Any) -> Result:
    """The result of a back-test of these changes."""
    made = begin(program, changes, **others)
    return worked(program, made)


def worked(program: Program, made: Backtest) -> Result:
    assert runs.work(backtest_id=made.pk, clock=lambda: b.moment(NOW))
    with scope(program=program):
        made.refresh_from_db()
        assert made.state == Backtest.State.DONE, made.error
        return results.of(made)


def rows_of_every_table() -> dict[str, int]:
    """How many rows each table holds, but for those of back-tests and the audit that tells of them."""
    own = ("analytics_backtest", "members_auditentry")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        names = [row[0] for row in cursor.fetchall() if not row[0].startswith(own)]
        found = {}
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {name}")
            found[name] = cursor.fetchone()[0]
    return found

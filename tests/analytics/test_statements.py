"""No page of steering, money or value reads a big table whole: each of its statements is asked for its plan, in a database
that takes its few rows for those of a million members."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from analytics import rollups
from analytics.liability import holdings, sales
from analytics.roi import measuring
from analytics.scores import runs
from members.models import Program, Role
from tests.fixtures.databases import clone, pointed_at
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.world import World

# As many rows as there are with a million members and ten million orders.
BIG = {
    "members_member": 1_000_000, "members_holder": 1_000_000, "members_order": 10_000_000,
    "members_orderline": 25_000_000, "members_return": 500_000, "members_returnline": 800_000,
    "members_fact": 12_000_000, "members_event": 12_000_000, "members_memberscore": 1_000_000,
    "members_audiencemember": 2_000_000, "members_consent": 2_000_000, "members_activity": 1_000_000,
    "rewards_wallet": 1_000_000, "rewards_entry": 25_000_000, "rewards_lot": 10_000_000,
    "rewards_allocation": 10_000_000, "rewards_award": 15_000_000, "rewards_redemption": 2_000_000,
    "rewards_standing": 1_000_000, "rewards_couponuse": 1_000_000, "campaigns_message": 20_000_000,
    "campaigns_enrolment": 5_000_000, "campaigns_touch": 10_000_000, "campaigns_exposure": 5_000_000,
    "analytics_memberfigure": 1_000_000, "analytics_presence": 3_000_000, "analytics_chosen": 1_000_000,
    "analytics_pair": 1_500_000, "analytics_pairday": 50_000,
}  # fmt: skip
PAGES = [
    "home", "kpis", "cohorts", "cohorts?by=joined", "kpi:top_share", "kpi:churn?by=store", "kpi:revenue?by=channel",
    "alerts", "goals", "goal:goal_id", "reviews", "review:review_id", "attribution", "attribution_csv", "views", "compare",
    "liability", "liability?table=tier", "liability_table", "journal", "budgets", "budgets?by=month", "budgets_table", "roi",
    "roi_table", "acquisition", "value", "value_actions", "value_actions?kind=win_back", "value_settings",
    "member_value:number",
]  # fmt: skip
# One row stands for all: a table is as long as its pages times what each is said to hold. Nothing measures it again meanwhile.
BELIEVE = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text, 'relpages', 1::int,
        'reltuples', %(rows)s::real, 'relallvisible', 1::int)
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relname = %(table)s OR i.indrelid = %(table)s::regclass
"""


# Steps that ask of those below them only as much as is asked of them.
STREAMS = {"Nested Loop", "Incremental Sort", "Result", "Subquery Scan", "Append", "Merge Append", "Memoize"}


@dataclass
class Plans:
    """The steps of all plans, each with its statement."""

    steps: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            context["cursor"].execute("EXPLAIN (FORMAT JSON) " + sql, params)
            plan = context["cursor"].fetchone()[0][0]["Plan"]
            self.steps += [(sql, step) for step in steps_of(plan)]
        return execute(sql, params, many, context)

    def walks(self) -> list[str]:
        """What reads a big table whole, or all of it that belongs to the program, told with its statement."""
        return [
            f"{step['Node Type']} on {step['Relation Name']}: {sql}"
            for sql, step in self.steps
            if step.get("Relation Name") in BIG and is_walk(step)
        ]


def steps_of(plan: dict[str, Any], is_first_few: bool = False) -> Iterator[dict[str, Any]]:
    """With `First few` where only as much is asked of it as a page shows."""
    yield plan | {"First few": is_first_few}
    goes_on = plan["Node Type"] == "Limit" or (is_first_few and plan["Node Type"] in STREAMS)
    for part in plan.get("Plans", []):
        yield from steps_of(part, goes_on)


def is_walk(step: dict[str, Any]) -> bool:
    if step["Node Type"] == "Seq Scan":
        return True
    if step["Node Type"] not in {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"} or step["First few"]:
        return False
    asked = step.get("Index Cond") or step.get("Recheck Cond", "")
    return not asked.replace("(program_id = 1)", "").strip(" ()AND")


@contextmanager
def planned() -> Iterator[Plans]:
    found = Plans()
    with connection.execute_wrapper(found):
        yield found


def fill(program: Program) -> None:
    """At least one row of each: what was earned, used, brought back and scored."""
    for number in range(4):
        for name in ("anna", "ben"):
            item = b.order(
                f"{name}-{number}", f"2026-03-{number + 1:02}", 3_000, 2_000, member=name, store="north"
            )
            b.record(program, item, at_own_time=True)
    b.record(program, b.order("rich", "2026-03-08", 2_000_000, member="ben"), at_own_time=True)
    b.spend(program, 60, "2026-03-10", member="anna")
    b.record(program, b.bring_back("r", "2026-03-20", "sku-2000", order="ben-1"), now="2026-03-20")
    while rollups.fold():
        pass
    with scope(program=program):
        now = timezone.now()
        runs.carry_out(run=runs.ask(program=program, now=now), now=now)
        for part in (sales, holdings, measuring):
            part.measure(program=program, now=now)


@pytest.fixture(scope="module")
def world(test_cluster, template, django_db_setup, django_db_blocker) -> Iterator[World]:
    with clone(test_cluster, template) as made, django_db_blocker.unblock(), pointed_at(made):
        world = World.make()
        fill(world.program)
        for name in ("goal_id", "alert_id", "review_id", "view_id"):
            world.argument(name)
        with made.connect("postgres") as all_may:
            for table, rows in BIG.items():
                all_may.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
                all_may.execute(BELIEVE, {"table": table, "rows": rows})
        yield world


@pytest.fixture(scope="module")
def staff(world) -> Client:
    return as_staff(world.program, Role.MANAGER)


def address_of(page: str, world: World) -> str:
    path, _, query = page.partition("?")
    name, _, argument = path.partition(":")
    args = [world.program.slug]
    if argument:
        args.append(argument if name == "kpi" else world.argument(argument))
    return reverse(f"analytics:{name}", args=args) + (f"?{query}" if query else "")


@pytest.mark.parametrize("page", PAGES)
def test_no_statement_of_a_page_walks_through_a_big_table(world, staff, page):
    with planned() as plans:
        answer = staff.get(address_of(page, world))

    assert answer.status_code == 200
    assert len(plans.steps) > 3
    assert plans.walks() == []


@pytest.mark.parametrize("statement", ["SELECT count(*) FROM members_order WHERE total_minor > 5", "SELECT sum(active_change) FROM rewards_entry"])  # fmt: skip
def test_a_walk_is_found(world, statement):
    with planned() as plans, connection.cursor() as cursor:
        cursor.execute(statement)

    assert len(plans.walks()) == 1

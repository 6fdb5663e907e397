"""A back-test of a million orders under ten rules, both worlds, on two workers.

Laid down by SQL: members with ten orders each over a year, two lines an order, their pricings. The figure is from the first
claim to the kept result; the workers' CPU stands beside it, since others may be at work on the machine. The floor is the engine alone: the same orders with their contexts in memory, priced once in each
world, on as many processes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
from datetime import UTC, date, datetime
from time import perf_counter, process_time
from typing import Any

from bench import worlds
from bench.worlds import World

MEMBERS = int(os.environ.get("WAFA_BENCH_MEMBERS", "100000"))
EACH, WORKERS = 10, int(os.environ.get("WAFA_BENCH_WORKERS", "2"))
GOAL_PER_MILLION = 60.0
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
FIRST, LAST = date(2025, 6, 1), date(2026, 5, 31)

FILL = """
    SET wafa.posting = 'on';
    ALTER TABLE members_order DISABLE TRIGGER wafa_note_new;
    ALTER TABLE members_member DISABLE TRIGGER wafa_note_new;
    INSERT INTO members_holder (id, program_id, kind, seq)
    SELECT n, p.id, 'member', 0 FROM members_program p, generate_series(1, {members}) n;
    INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)
    SELECT n, p.id, lpad(n::text, 12, '0'), '', '', 'active', '{{}}', 'import', '2025-01-01'
    FROM members_program p, generate_series(1, {members}) n;
    INSERT INTO members_order (id, program_id, source, external_id, member_id, channel, state, revision, fact_id,
        occurred_at, currency, total_minor, basis_minor, returned_minor)
    SELECT step * {members} + n, p.id, 'shop', (step * {members} + n)::text, n, CASE WHEN n % 2 = 0 THEN 'web' ELSE 'till' END,
        'paid', 0, step * {members} + n, timestamptz '2025-06-01 08:00Z' + step * interval '36 days' + (n % 52000) * interval '1 minute',
        'GBP', 0, 0, 0
    FROM members_program p, generate_series(0, {each} - 1) step, generate_series(1, {members}) n;
    INSERT INTO members_orderline (order_id, revision, position, kind, sku, name, category, quantity, amount_minor,
        discount_minor, tax_minor, cost_minor, basis_minor, is_counted, returned_quantity, refunded_minor)
    SELECT o.id, 0, position, 'product', 'S' || o.id % 500, 'A thing', 'category ' || (o.id + position) % 6, 1,
        500 + (o.id * 37 + position) % 9000, 0, 0, 300, 500 + (o.id * 37 + position) % 9000, true, 0, 0
    FROM members_order o, generate_series(1, 2) position;
    INSERT INTO rewards_pricing (fact_id, program_id, context, versions, awarded)
    SELECT o.fact_id, o.program_id, '{{"tier": "base", "rank": 0}}', v.ids, '{{"points": 40}}'
    FROM members_order o, (SELECT array_agg(id ORDER BY id) ids FROM rewards_ruleversion) v;
    ALTER TABLE members_order ENABLE TRIGGER wafa_note_new;
    ALTER TABLE members_member ENABLE TRIGGER wafa_note_new;
    ANALYZE;
"""


def run() -> dict[str, Any]:
    with worlds.world() as made:
        made.run(["-m", "bench.shops", "full"])
        _fill(made)
        told = made.python("bench.backtests", "work")
        floor = made.python("bench.backtests", "floor")["seconds"] * MEMBERS / floor_members() / WORKERS
    orders = MEMBERS * EACH
    goal = GOAL_PER_MILLION * orders / 10**6
    return {
        "name": f"back-test of {orders:,} orders, ten rules, {WORKERS} workers",
        "value": round(told["seconds"], 1),
        "unit": "s",
        "floor": round(floor, 1),
        "ratio": round(told["seconds"] / floor, 2),
        "goal": goal,
        "met": told["seconds"] <= goal,
        "rows": orders,
        "seconds": round(told["seconds"], 1),
        "cpu_seconds": told["cpu"],
        "cost": told["cost"],
    }


def _fill(made: World) -> None:
    with made.connect() as connection:
        for statement in FILL.format(members=MEMBERS, each=EACH).split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("VACUUM ANALYZE")


def floor_members() -> int:
    """The floor is measured on some of them: they fit in memory."""
    return min(MEMBERS, 4_000)


# --- in processes of their own ----------------------------------------------------------------------------------------


def _changes() -> Any:
    from analytics.backtests.changes import Changes
    from bench.shops import BASE

    amount = {"kind": "per_amount", "points": "1.5", "per_minor": 100}
    return Changes(rules={"base": {"name": "Base", "definition": {**BASE, "amount": amount}}})


def _begin() -> int:
    from bench import shops

    shops.setup()
    from analytics.backtests import runs
    from members.models import Program

    made = runs.begin(
        program=Program.objects.get(),
        name="Bench",
        changes=_changes(),
        first=FIRST,
        last=LAST,
        by=None,
        now=NOW,
    )
    return made.pk


def work() -> dict[str, Any]:
    """Two processes that already run take it together, as two workers do."""
    from django.db import connections

    number = _begin()
    connections.close_all()
    begin = perf_counter()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_take, args=(number,)) for _worker in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    from django_scopes import scopes_disabled

    from analytics.backtests import results
    from analytics.models import Backtest

    with scopes_disabled():
        found = results.of(Backtest.objects.get(pk=number))
    assert found.sums.orders == MEMBERS * EACH, found.sums.orders
    cpu = round(used.ru_utime + used.ru_stime, 1)
    return {"seconds": seconds, "cpu": cpu, "cost": [found.minor(value) for value in found.cost]}


def _take(number: int) -> None:
    from analytics.backtests import runs

    runs.work(backtest_id=number, clock=lambda: NOW)


def floor() -> dict[str, Any]:
    """Contexts and occasions are made beforehand; only the prices of both worlds are timed."""
    from bench import shops

    shops.setup()
    from django_scopes import scope, scopes_disabled

    from analytics.backtests import chunks, loading
    from analytics.backtests.folding import Replay
    from analytics.models import Backtest

    with scopes_disabled():
        backtest = Backtest.objects.select_related("program").get()
    with scope(program=backtest.program):
        bench = chunks.set_up(backtest=backtest)
        replay = Replay(bench.sides, first=bench.first, until=bench.until)
        stories = loading.stories(chunks.wish_for(bench, 1, floor_members()))
        sides = (bench.sides.live, bench.sides.draft)
        asked: list[Any] = []
        for story in stories:
            deeds: list[Any] = replay.fold(story).deeds
            for deed in deeds:
                for side, priced in zip(sides, (deed.before, deed.after), strict=True):
                    asked.append(
                        (
                            side.book.engine_of(priced.versions).program.price,
                            deed.what.occasion,
                            priced.context,
                        )
                    )
        begin = process_time()
        for price, occasion, context in asked:
            price(occasion, context)
        return {"seconds": process_time() - begin}


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        print(json.dumps(work()))
    elif sys.argv[1:] == ["floor"]:
        print(json.dumps(floor()))
    else:
        print(json.dumps(run(), indent=1))

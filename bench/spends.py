"""Spends from wallets of 20 lots by 16 clients, against one PL/pgSQL function that does the same; and grants at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from bench import shops, worlds

CLIENTS, WALLETS, LOTS, SECONDS, GRANTS = 16, 2_000, 20, 8.0, 10_000
FLOOR = Path(__file__).with_name("spend_floor.sql")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    with worlds.world() as made:
        made.run(["-m", "bench.shops"])
        made.python("bench.spends", "fill")
        with made.connect() as connection:
            connection.execute(FLOOR.read_text())
            connection.execute("ANALYZE")
        floor = made.python("bench.spends", "floor")
        ours = made.python("bench.spends", "ours")
        grants = made.python("bench.spends", "grants")
    ratio = ours["rate"] / floor["rate"]
    return [
        {
            "name": f"spend, {LOTS} lots, {CLIENTS} clients, {WALLETS:,} wallets",
            "value": round(ours["rate"]),
            "unit": "spends/s",
            "floor": round(floor["rate"]),
            "ratio": round(ratio, 2),
            "goal": "≥ 0.50 of one function",
            "met": ratio >= 0.5,
            "rows": ours["done"],
            "seconds": SECONDS,
        },
        {
            "name": "10,000 grants in one batch",
            "value": round(grants["seconds"], 2),
            "unit": "s",
            "goal": "≤ 2 s",
            "met": grants["seconds"] <= 2,
            "rows": GRANTS,
            "seconds": round(grants["seconds"], 2),
        },
    ]


# --- inside the world -------------------------------------------------------------------------------------------------


def fill() -> dict[str, int]:
    """2,000 members with 20 lots each, through the intake."""
    from members.models import Program
    from rewards import intake
    from rewards.intake.items import LineIn, OrderIn, Who

    program = Program.objects.get()
    for lot in range(LOTS):
        at = NOW - timedelta(days=40 - lot)
        intake.record(
            program=program,
            items=[
                OrderIn(
                    "shop",
                    f"{lot}-{wallet}",
                    at,
                    (LineIn("S", 1, 10_000),),
                    Who("shop", f"m{wallet}", joins=True),
                )
                for wallet in range(WALLETS)
            ],
            now=at,
        )
    return {"wallets": WALLETS}


def hammer(work: Any) -> dict[str, float]:
    """Let 16 processes do `work` for some seconds behind one barrier; how often it was done, and per second."""
    barrier = multiprocessing.Barrier(CLIENTS + 1)
    queue: multiprocessing.Queue[int] = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_client, args=(number, work, barrier, queue))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    barrier.wait()
    begin = perf_counter()
    done = sum(queue.get() for _ in clients)
    seconds = perf_counter() - begin
    for client in clients:
        client.join()
    return {"done": done, "rate": done / seconds}


def _client(number: int, work: Any, barrier: Any, queue: Any) -> None:
    step = work(number)
    for warm in range(8):
        step(-1 - warm)
    barrier.wait()
    until, done = perf_counter() + SECONDS, 0
    while perf_counter() < until:
        step(done)
        done += 1
    queue.put(done)


def our_client(number: int) -> Any:
    from django_scopes import scope

    from members.models import Member, Program
    from rewards import ledger

    program = Program.objects.get()
    with scope(program=program):
        members = list(Member.objects.all())
    chance = random.Random(number)

    def step(count: int) -> None:
        member = chance.choice(members)
        ledger.spend(
            program=program,
            member=member,
            unit="points",
            amount=5,
            key=f"ours-{os.getpid()}-{number}-{count}",
            now=NOW,
        )

    return step


def floor_client(number: int) -> Any:
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)
    wallets = [row[0] for row in connection.execute("SELECT id FROM rewards_wallet ORDER BY id")]
    chance = random.Random(number)

    def step(count: int) -> None:
        connection.execute(
            "SELECT bench_spend(%s, 5, %s, %s)", [chance.choice(wallets), f"floor-{number}-{count}", NOW]
        )

    return step


def grants() -> dict[str, float]:
    """10,000 events that a rule rewards, in one call."""
    from members.models import Program
    from rewards import intake, rules
    from rewards.intake.items import EventIn, Who

    program = Program.objects.get()
    definition = {
        "trigger": {"on": "event", "kind": "gift"},
        "unit": "points",
        "amount": {"kind": "fixed", "points": "5"},
    }
    rules.publish(
        program=program, key="gift", name="Gift", definition=definition, by=None, now=shops.LONG_AGO
    )
    items = [EventIn("shop", f"g{n}", "gift", NOW, Who("shop", f"m{n % WALLETS}")) for n in range(GRANTS)]
    begin = perf_counter()
    outcomes = intake.record(program=program, items=items, now=NOW)
    seconds = perf_counter() - begin
    assert all(outcome.awarded == {"points": 5} for outcome in outcomes)
    return {"seconds": seconds}


if __name__ == "__main__":
    shops.setup()
    what = {
        "fill": fill,
        "ours": lambda: hammer(our_client),
        "floor": lambda: hammer(floor_client),
        "grants": grants,
    }[sys.argv[1]]
    print(json.dumps(what()))

"""Redemptions by 16 clients against one PL/pgSQL function, and a drop of 1,000 pieces that 64 clients want at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from bench import shops, spends, worlds
from bench.spends import NOW

MEMBERS, CLIENTS, STOCK = 2_000, 64, 1_000
FLOORS = [Path(__file__).with_name(name) for name in ("spend_floor.sql", "redeem_floor.sql")]


def run() -> list[dict[str, Any]]:
    with worlds.world() as made:
        made.run(["-m", "bench.shops"])
        made.python("bench.redemptions", "fill")
        with made.connect() as connection:
            for floor_file in FLOORS:
                connection.execute(floor_file.read_text())
            connection.execute("ANALYZE")
        floor = made.python("bench.redemptions", "floor")
        ours = made.python("bench.redemptions", "ours")
        bare = made.python("bench.redemptions", "bare")
        drop = made.python("bench.redemptions", "drop")
    ratio, share = ours["rate"] / floor["rate"], drop["rate"] / bare["rate"]
    return [
        {
            "name": f"redeem, {spends.CLIENTS} clients, {MEMBERS:,} wallets",
            "value": round(ours["rate"]),
            "unit": "redemptions/s",
            "floor": round(floor["rate"]),
            "ratio": round(ratio, 2),
            "goal": "≥ 0.40 of one function",
            "met": ratio >= 0.4,
            "rows": ours["done"],
            "seconds": spends.SECONDS,
        },
        {
            "name": f"drop of {STOCK:,} pieces, {CLIENTS} clients",
            "value": round(drop["rate"]),
            "unit": "pieces/s",
            "floor": round(bare["rate"]),
            "ratio": round(share, 2),
            "goal": f"exactly {STOCK:,} sold",
            "met": drop["sold"] == bare["sold"] == STOCK,
            "rows": drop["sold"],
            "seconds": round(drop["seconds"], 2),
        },
    ]


# --- inside the world -------------------------------------------------------------------------------------------------


def fill() -> dict[str, int]:
    """Members with three lots each, an endless reward and one of 1,000 pieces."""
    from datetime import timedelta

    from members.models import Program
    from rewards import catalogue, intake
    from rewards.intake.items import LineIn, OrderIn, Who

    program = Program.objects.get()
    for lot in range(3):
        at = NOW - timedelta(days=40 - lot)
        people = [Who("shop", f"m{number}", joins=True) for number in range(MEMBERS)]
        items = [
            OrderIn("shop", f"{lot}-{number}", at, (LineIn("S", 1, 500_000),), who)
            for number, who in enumerate(people)
        ]
        intake.record(program=program, items=items, now=at)
    for key, stock in (("endless", None), ("drop", STOCK)):
        values = {"kind": "product", "names": {"en": key}, "price": {"points": 5}, "stock": stock}
        catalogue.create(program=program, key=key, by=None, now=NOW, handover="code", **values)
        catalogue.publish(program=program, key=key, by=None, now=NOW)
    return {"members": MEMBERS}


def our_client(number: int) -> Any:
    from rewards import redemptions

    program, members = _everybody()
    chance = random.Random(number)

    def step(count: int) -> None:
        redemptions.reserve(
            program=program,
            member=chance.choice(members),
            reward="endless",
            key=f"ours-{os.getpid()}-{count}",
            now=NOW,
        )

    return step


def floor_client(number: int) -> Any:
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)
    wallets = [row[0] for row in connection.execute("SELECT id FROM rewards_wallet ORDER BY id")]
    found = connection.execute("SELECT id FROM rewards_reward WHERE key = 'endless'").fetchone()
    assert found is not None
    chance = random.Random(number)

    def step(count: int) -> None:
        connection.execute(
            "SELECT bench_redeem(%s, %s, 5, %s, %s)",
            [chance.choice(wallets), found[0], f"floor-{number}-{count}", NOW],
        )

    return step


def drop_client(number: int) -> Any:
    """Each client wants it for other members, one after the other, until there is none."""
    from rewards import redemptions
    from rewards.redemptions.refusals import OutOfStock

    program, members = _everybody()
    mine = iter(members[number::CLIENTS])

    def want() -> bool:
        member = next(mine, None)
        if member is None:
            return False
        try:
            redemptions.reserve(
                program=program, member=member, reward="drop", key=f"drop-{member.pk}", now=NOW
            )
        except OutOfStock:
            return False
        return True

    return want


def bare_client(number: int) -> Any:
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)

    def want() -> bool:
        done = connection.execute("UPDATE bench_stock SET taken = taken + 1 WHERE id = 1 AND taken < stock")
        return done.rowcount == 1

    return want


def rush(client: Any) -> dict[str, float]:
    """64 processes behind one barrier until each was refused; how many were sold, and per second."""
    barrier = multiprocessing.Barrier(CLIENTS + 1)
    queue: multiprocessing.Queue[int] = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_buy, args=(number, client, barrier, queue))
        for number in range(CLIENTS)
    ]
    for each in clients:
        each.start()
    barrier.wait()
    begin = perf_counter()
    sold = sum(queue.get() for _each in clients)
    seconds = perf_counter() - begin
    for each in clients:
        each.join()
    return {"sold": sold, "seconds": seconds, "rate": sold / seconds}


def _buy(number: int, client: Any, barrier: Any, queue: Any) -> None:
    want = client(number)
    barrier.wait()
    sold = 0
    while want():
        sold += 1
    queue.put(sold)


def _everybody() -> Any:
    from django_scopes import scope

    from members.models import Member, Program

    program = Program.objects.get()
    with scope(program=program):
        return program, list(Member.objects.order_by("pk"))


if __name__ == "__main__":
    shops.setup()
    what: Any = {
        "fill": fill,
        "ours": lambda: spends.hammer(our_client),
        "floor": lambda: spends.hammer(floor_client),
        "drop": lambda: rush(drop_client),
        "bare": lambda: rush(bare_client),
    }[sys.argv[1]]
    print(json.dumps(what()))

"""What one order costs in CPU (Python and server together) when 1 million and when 10 million orders are stored.

WAFA_BENCH_STORED="1,10" gives the sizes in millions; the stored orders are laid down by SQL, digests included.
"""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench import checking, shops, worlds

SIZES = [float(size) for size in os.environ.get("WAFA_BENCH_STORED", "1,10").split(",")]
EACH = 20  # entries a wallet, three quarters of them orders
BATCHES, BATCH = 20, 500
GOAL = 1.35


def run() -> list[dict[str, Any]]:
    figures = [measure(size) for size in SIZES]
    ratio = figures[-1]["micros"] / figures[0]["micros"]
    return [
        {
            "name": f"CPU per order from {SIZES[0]:g} to {SIZES[-1]:g} million stored",
            "value": round(figures[-1]["micros"]),
            "unit": "µs an order",
            "floor": round(figures[0]["micros"]),
            "ratio": round(ratio, 2),
            "goal": f"≤ {GOAL} (aim 1.15)",
            "met": ratio <= GOAL,
            "rows": int(SIZES[-1] * 1_000_000),
            "seconds": round(sum(figure["seconds"] for figure in figures), 1),
        }
    ]


def measure(millions: float) -> dict[str, float]:
    wallets = int(millions * 1_000_000 / (EACH * 3 / 4))
    with worlds.world() as made:
        checking.lay_down(made.cluster, wallets=wallets, each=EACH)
        with made.connect() as connection:
            connection.execute(
                "INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)"
                " SELECT id, 1, lpad(id::text, 12, '0'), 'Member ' || id, '', 'active', '{}', 'bench', '2025-01-01'"
                " FROM members_holder"
            )
            connection.execute(
                "INSERT INTO members_identity (program_id, member_id, kind, value)"
                " SELECT 1, id, 'shop', 'c' || id FROM members_holder"
            )
            connection.execute("ALTER TABLE rewards_ruleversion DISABLE TRIGGER USER")
            definition = {**shops.BASE, **shops.definitions()["base"]}
            connection.execute("UPDATE rewards_ruleversion SET definition = %s", [json.dumps(definition)])
            connection.execute("VACUUM ANALYZE")
        found: dict[str, float] = made.python("bench.growth", str(wallets))
    return found


def record(wallets: int) -> dict[str, float]:
    """CPU of this process and of its server process, per order, over batches of 500 spread over all members."""
    from django.db import connection

    from members.models import Program
    from rewards import intake
    from rewards.intake.items import LineIn, OrderIn, Who

    program, chance = Program.objects.get(), random.Random(3)
    begin = datetime(2026, 3, 1, tzinfo=UTC)

    def batch(number: int) -> None:
        at = begin + timedelta(minutes=number)
        items = [
            OrderIn("shop", f"g{number}-{n}", at, tuple(LineIn(f"S{n % 50}", 1, 4000 + n) for _ in range(3)),
                    Who("shop", f"c{chance.randrange(1, wallets + 1)}"))
            for n in range(BATCH)
        ]  # fmt: skip
        outcomes = intake.record(program=program, items=items, now=at)
        assert all(outcome.status == "recorded" for outcome in outcomes), outcomes[0]

    for warm in range(8):
        batch(-1 - warm)
    pid = connection.connection.info.backend_pid
    wall, cpu, server = perf_counter(), process_time(), _cpu_of(pid)
    for number in range(BATCHES):
        batch(number)
    spent = process_time() - cpu + _cpu_of(pid) - server
    return {"micros": spent / (BATCHES * BATCH) * 1e6, "seconds": perf_counter() - wall}


def _cpu_of(pid: int) -> float:
    """Seconds of CPU a process has used, from /proc (in hundredths)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    shops.setup()
    print(json.dumps(record(int(sys.argv[1]))))

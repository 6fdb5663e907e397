"""A million codes of a partner taken in against a bare COPY of the same rows, and one of them found by its digest."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import shops, worlds

CODES = int(os.environ.get("WAFA_BENCH_CODES", "1000000"))
LOOKS = 5_000
GOAL = 2.0
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    with worlds.world() as made:
        made.run(["-m", "bench.shops"])
        taken = made.python("bench.codes", "take")
        found = made.python("bench.codes", "find")
        floor = made.python("bench.codes", "floor")
    ratio = taken["seconds"] / floor["seconds"]
    return [
        {
            "name": f"import of {CODES:,} codes",
            "value": round(CODES / taken["seconds"]),
            "unit": "codes/s",
            "floor": round(CODES / floor["seconds"]),
            "ratio": round(ratio, 2),
            "goal": f"≤ {GOAL} × a bare COPY",
            "met": ratio <= GOAL and taken["taken"] == CODES,
            "rows": taken["taken"],
            "seconds": round(taken["seconds"], 1),
        },
        {
            "name": f"one of {CODES:,} codes found, p95",
            "value": round(found["p95"] * 1000, 3),
            "unit": "ms",
            "floor": round(found["floor"] * 1000, 3),
            "ratio": round(found["p95"] / found["floor"], 2),
            "goal": "≤ 1 ms",
            "met": found["p95"] <= 0.001,
            "rows": LOOKS,
            "seconds": round(found["seconds"], 1),
        },
    ]


# --- inside the world -------------------------------------------------------------------------------------------------


def name_of(number: int) -> str:
    return f"PARTNER-{number * 7919:012X}"


def take() -> dict[str, Any]:
    """The file of a partner, through the same code as the dashboard's."""
    from django.conf import settings

    from members.models import Program, User
    from rewards.models import CodePool
    from rewards.pools import batches, pools

    settings.IMPORT_DIR = Path(tempfile.mkdtemp())
    program, by = Program.objects.get(), User.objects.create_user("olga@example.com")
    pool = pools.create(
        program=program, key="partner", by=by, now=NOW, name="Partner", source=CodePool.Source.FOREIGN
    )
    text = "".join(f"{name_of(number)}\n" for number in range(CODES)).encode()
    batch = batches.upload(pool=pool, name="codes.csv", chunks=[text], by=by, now=NOW)
    begin = perf_counter()
    batches.run(program=program, batch_id=batch.pk, clock=lambda: NOW)
    seconds = perf_counter() - begin
    from django_scopes import scope

    with scope(program=program):
        batch.refresh_from_db()
    return {"seconds": seconds, "taken": batch.taken}


def find() -> dict[str, float]:
    """Look codes up as a check does, and as the bare statement with the digest ready."""
    from django.db import connection
    from django_scopes import scope

    from members.models import Program
    from rewards.models import Code
    from rewards.pools import signs

    program, chance = Program.objects.get(), random.Random(7)
    typed = [name_of(chance.randrange(CODES)) for _each in range(LOOKS)]
    keeper = signs.Keeper(program.pk)
    ready = [keeper.digest(signs.clean(each)) for each in typed]
    begun = perf_counter()
    ours, bare = [], []
    with scope(program=program):
        rows = Code.objects.filter(program=program)
        for each, digest in zip(typed, ready, strict=True):
            begin = perf_counter()
            digests = signs.digests(program_id=program.pk, typed=each)
            assert rows.filter(digest__in=digests).values_list("pk", flat=True).first() is not None
            ours.append(perf_counter() - begin)
            begin = perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM rewards_code WHERE program_id = %s AND digest = %s", [program.pk, digest]
                )
                cursor.fetchone()
            bare.append(perf_counter() - begin)
    return {"p95": _p95(ours), "floor": _p95(bare), "seconds": perf_counter() - begun}


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def floor() -> dict[str, float]:
    """The same rows into the same table, emptied before, as text that is ready: nothing is read, made or looked for."""
    import psycopg

    from members.models import Program
    from rewards.models import CodePool
    from rewards.pools import signs

    program = Program.objects.get()
    pool = CodePool._base_manager.get(program=program)  # noqa: SLF001 - without a scope
    keeper = signs.Keeper(program.pk)
    lines = [
        f"{program.pk}\t{pool.pk}\t1\t1\t\\\\x{keeper.digest(signs.clean(name_of(number))).hex()}\n"
        for number in range(CODES)
    ]
    content = "".join(lines).encode()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        connection.execute("TRUNCATE rewards_code")
        connection.commit()
        begin = perf_counter()
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY rewards_code (program_id, pool_id, batch_id, most, digest) FROM STDIN") as copy,
        ):
            copy.write(content)
        connection.commit()
        return {"seconds": perf_counter() - begin}


if __name__ == "__main__":
    import json

    shops.setup()
    what: Any = {"take": take, "find": find, "floor": floor}
    print(json.dumps(what[sys.argv[1]]()))

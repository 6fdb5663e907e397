"""Import of Online Retail through the real command, against COPYing the same rows with the same keys and indexes."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import worlds

DATA = worlds.ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.csv.xz"
GOALS = {1: 2.0, 2: 1.6}


def run() -> list[dict[str, Any]]:
    if not DATA.exists():
        print(f"  left out: {DATA.name} is not beside the project")
        return []
    return [measure(DATA, processes, "Online Retail", "--profile=online-retail") for processes in GOALS]


def measure(file: Path, processes: int, label: str, *options: str) -> dict[str, Any]:
    """Import the file in a world of its own, then COPY what it wrote into the same tables, emptied."""
    with worlds.world() as made:
        made.run(["-m", "bench.shops"])
        begin = perf_counter()
        report = made.manage(
            "import_orders", str(file), "--program=bench", "--json", f"--processes={processes}", *options
        )
        seconds = perf_counter() - begin
        floor, rows, _cpu = worlds.copy_floor(made)
    found = json.loads(report)
    return {
        "name": f"import {label}, {processes} process{'es' if processes > 1 else ''}",
        "value": round(seconds, 2),
        "unit": "s",
        "floor": round(floor, 2),
        "ratio": round(seconds / floor, 2),
        "goal": f"≤ {GOALS[processes]} × COPY",
        "met": seconds / floor <= GOALS[processes],
        "rows": rows,
        "seconds": round(seconds, 2),
        "orders": found.get("orders"),
    }

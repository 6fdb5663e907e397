"""Run all benchmarks, or those named, print a table and keep the figures in bench/results/latest.json."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import worlds

RESULTS = Path(__file__).parent / "results" / "latest.json"
# Name → module with run() -> figure or list of figures.
BENCHES = {
    "engine": "bench.engine",
    "check_ledger": "bench.checking",
    "import": "bench.imports",
    "import_parts": "bench.importparts",
    "import_million": "bench.million",
    "spend": "bench.spends",
    "redeem": "bench.redemptions",
    "expiry": "bench.expiry",
    "codes": "bench.codes",
    "growth": "bench.growth",
    "http": "bench.http",
    "http_spends": "bench.http_spends",
    "lookup": "bench.lookup",
    "audiences": "bench.audiences",
    "home": "bench.home",
    "kpis": "bench.kpis",
    "liability": "bench.liability",
    "journeys": "bench.journeys",
    "backtest": "bench.backtests",
    "messages": "bench.messages",
    "clv": "bench.clv",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(BENCHES), help="run this one only")
    parser.add_argument("--keep", help="a folder in which large data sets stay for the next run")
    asked = parser.parse_args()
    if asked.keep:
        os.environ[worlds.KEEP] = asked.keep
    chosen = asked.only or list(BENCHES)
    figures: list[dict[str, Any]] = []
    for name in chosen:
        print(f"{name} …", flush=True)
        found = importlib.import_module(BENCHES[name]).run()
        at = datetime.now(UTC).isoformat(timespec="seconds")
        figures += [{**figure, "at": at} for figure in (found if isinstance(found, list) else [found])]
        _keep(figures)
    _show(figures)
    return 0


def _keep(figures: list[dict[str, Any]]) -> None:
    """Figures of this run replace those of the same name; the others stay."""
    RESULTS.parent.mkdir(exist_ok=True)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {figure["name"] for figure in figures}
    merged = [figure for figure in kept if figure["name"] not in names] + figures
    RESULTS.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")


def _show(figures: list[dict[str, Any]]) -> None:
    table = Table("what", "value", "floor", "ratio", "goal", "met", "rows", "seconds")
    for figure in figures:
        value, floor = figure["value"], figure.get("floor")
        table.add_row(
            figure["name"],
            f"{value:,.0f} {figure['unit']}" if value >= 100 else f"{value:.2f} {figure['unit']}",
            "" if floor is None else f"{floor:,.2f}",
            f"{figure['ratio']:.2f}" if figure.get("ratio") is not None else "",
            str(figure["goal"]),
            "yes" if figure["met"] else "no",
            f"{figure['rows']:,}",
            f"{figure['seconds']:.1f}",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main())

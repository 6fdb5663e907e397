"""What an import spends its CPU on, part by part: a slice of Online Retail through the real command, in one process.

Every part is measured from within, without those that it calls and that are parts themselves. WAFA_BENCH_ROWS gives another
number of rows. Figures, the COPY's too, are CPU of the process and of the server's, so that a busy machine blurs them little.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import lzma
import os
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import process_time_ns, thread_time_ns
from typing import Any

from bench import imports, shops, worlds

ROWS = int(os.environ.get("WAFA_BENCH_ROWS", "126000"))
READ, MADE = "rows read and put together", "orders made of rows"
CHECKED, MARKED = "checked", "marked, so that a repeat changes nothing"
PRICED, TOLD = "priced by the rules", "reasons kept"
BOOKED, TIERED = "lots, entries, digests", "tiers and counters"
FILLED, UNPACKED = "lines of orders built", "state put together"
RETURNED, WRITTEN, REST = "returns", "written down for the server", "the rest"
ASKED, COPIED, POSTED = "server: what is known", "server: lines by COPY", "server: the posting"


def run() -> list[dict[str, Any]]:
    if not imports.DATA.exists():
        print(f"  left out: {imports.DATA.name} is not beside the project")
        return []
    with tempfile.TemporaryDirectory() as folder, worlds.world() as made:
        part = Path(folder) / "part.csv"
        with lzma.open(imports.DATA, "rb") as whole:
            part.write_bytes(b"".join(islice(whole, ROWS + 1)))
        made.run(["-m", "bench.shops"])
        found = made.python("bench.importparts", str(part))
        _seconds, rows, floor = worlds.copy_floor(made)
    total = sum(found["parts"].values())
    return [
        {
            "name": f"import, {name}",
            "value": round(seconds, 3),
            "unit": "s of CPU",
            "floor": round(floor, 3),
            "ratio": round(seconds / floor, 3),
            "goal": "",
            "met": True,
            "rows": rows,
            "seconds": round(seconds, 3),
            "share": round(seconds / total, 3),
            "orders": found["orders"],
        }
        for name, seconds in [*found["parts"].items(), ("all", total)]
    ]


# --- inside the world -------------------------------------------------------------------------------------------------


class Clock:
    """Nanoseconds of CPU by part. A part that calls another one waits for it, thread by thread."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = defaultdict(int)
        self.inside = threading.local()

    def within(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def timed(*args: Any, **kwargs: Any) -> Any:
            outer, begin = getattr(self.inside, "others", 0), thread_time_ns()
            self.inside.others = 0
            try:
                return work(*args, **kwargs)
            finally:
                took = thread_time_ns() - begin
                self.spent[part] += took - self.inside.others
                self.inside.others = outer + took

        return timed

    def thread(self, part: str, work: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """For a generator that has a thread to itself."""

        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            self.inside.others = 0
            try:
                yield from work(*args, **kwargs)
            finally:
                self.spent[part] += thread_time_ns() - self.inside.others

        return timed

    def server(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """What the session's server process spends meanwhile."""
        from django.db import connection

        @functools.wraps(work)
        def timed(*args: Any, **kwargs: Any) -> Any:
            connection.ensure_connection()
            pid = connection.connection.info.backend_pid
            begin = worlds.spent_by(pid)
            try:
                return work(*args, **kwargs)
            finally:
                self.spent[part] += worlds.spent_by(pid) - begin

        return timed


def measure(file: str) -> dict[str, Any]:
    from django.core.management import call_command

    clock = Clock()
    _watch(clock)
    said = io.StringIO()
    begin = process_time_ns()
    with contextlib.redirect_stdout(said):
        call_command(
            "import_orders",
            file,
            "--program=bench",
            "--json",
            "--lanes=1",
            "--profile=online-retail",
            "--no-settle",
        )
    whole = process_time_ns() - begin
    spent = dict(clock.spent)
    spent[COPIED] -= spent[POSTED]
    spent[REST] = whole - sum(spent[name] for name in spent if not name.startswith("server"))
    return {
        "parts": {name: value / 1e9 for name, value in spent.items()},
        "orders": json.loads(said.getvalue())["orders"],
    }


def _watch(clock: Clock) -> None:
    """Put the clock around the functions where their callers look for them."""
    from loyaltysite.kit import prints
    from rewards import intake, posting
    from rewards.books.chains import Chain
    from rewards.engine.compilation import Program
    from rewards.imports.recording import Recorder
    from rewards.intake import (
        checks,
        content,
        copying,
        earning,
        recording,
        requests,
        returns,
        revisions,
        rows,
    )

    watched: list[tuple[str, Any, tuple[str, ...]]] = [
        (MADE, Recorder, ("_take",)),
        (CHECKED, checks, ("refuse",)),
        (CHECKED, content, ("check_order",)),
        (MARKED, requests, ("canonical",)),
        (MARKED, prints, ("of", "fits")),
        (MARKED, recording, ("_store_fact",)),
        (FILLED, content, ("fill",)),
        (UNPACKED, requests, ("document",)),
        (UNPACKED, intake, ("unpack",)),
        (PRICED, earning, ("occasion_of", "context_of")),
        (PRICED, Program, ("price",)),
        (TOLD, rows, ("add_awards",)),
        (BOOKED, earning, ("grant",)),
        (BOOKED, Chain, ("_enter",)),
        (TIERED, revisions, ("measure",)),
        (TIERED, earning, ("count",)),
        (RETURNED, returns, ("record_named", "record_unnamed", "cancel")),
        (WRITTEN, rows, ("document",)),
        (WRITTEN, copying, ("lines_of",)),
        (WRITTEN, posting, ("_dump",)),
    ]
    for part, place, names in watched:
        for name in names:
            setattr(place, name, clock.within(part, getattr(place, name)))
    posting.read = clock.server(ASKED, posting.read)
    posting._post = clock.server(POSTED, posting._post)  # noqa: SLF001 - so is the document apart from the lines
    posting.post = clock.server(COPIED, posting.post)
    Recorder.batches = clock.thread(READ, Recorder.batches)  # type: ignore[method-assign]


if __name__ == "__main__":
    shops.setup()
    print(json.dumps(measure(sys.argv[1])))

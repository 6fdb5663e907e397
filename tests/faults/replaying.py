"""What the processes that are killed do: work a back-test, and die at one point of a part."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

from analytics.backtests import chunks, runs
from tests.rewards import builders as b

NOW = b.moment("2026-12-01")


def replay(backtest: int, minutes: int, point: str) -> str:
    """Work until nothing is left, as of so many minutes after the beginning, or die at a point of the first part."""

    def die(*_args: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def keep(*args: object) -> None:
        kept(*args)
        die()

    kept = chunks.keep
    if point == "claimed":
        chunks.work = die
    elif point == "inside":
        chunks._columns = die
    elif point == "kept":
        chunks.keep = keep
    runs.work(backtest_id=backtest, clock=lambda: NOW + timedelta(minutes=minutes))
    return "done"

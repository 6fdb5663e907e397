"""Import of a million generated orders (WAFA_BENCH_ORDERS changes the number) against COPY, with two processes."""

from __future__ import annotations

import csv
import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import imports

ORDERS = int(os.environ.get("WAFA_BENCH_ORDERS", "1000000"))
COLUMNS = (
    "order_id",
    "occurred_at",
    "member_shop_id",
    "channel",
    "sku",
    "name",
    "category",
    "quantity",
    "unit_price",
)


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        with file.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows(lines(ORDERS))
        return [imports.measure(file, 2, f"of {ORDERS:,} generated orders")]


def lines(orders: int) -> Iterator[tuple[object, ...]]:
    """Two lines an order on average, ten orders a member, a minute apart; always the same."""
    chance = random.Random(7)
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(orders):
        at = (begin + timedelta(seconds=30 * number)).isoformat()
        member, channel = f"c{chance.randrange(max(1, orders // 10))}", chance.choice(("web", "store", "app"))
        for _ in range(chance.randint(1, 3)):
            sku = chance.randrange(5000)
            price = f"{chance.randint(50, 5000) / 100:.2f}"
            yield (f"o{number}", at, member, channel, f"s{sku}", f"Product {sku}", f"category {sku % 30}",
                   chance.randint(1, 4), price)  # fmt: skip

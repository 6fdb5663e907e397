"""Small files to import, and the command as people call it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django_scopes import scope

from members.models import Order, OrderLine, Program
from rewards.models import Entry

HEADER = "order_id,occurred_at,member_shop_id,sku,quantity,unit_price"
ROW = "A{0},2026-01-{1:02d} 10:00,c{2},MUG,2,5.00"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def orders(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def run(program: Any, path: Path | str, *mapping: str, **options: Any) -> dict[str, Any]:
    """The report of an import; `mapping` is what follows --map."""
    answer = io.StringIO()
    given = {"program": program.slug, "map": list(mapping), "json": True, "verbosity": 0} | options
    call_command("import_orders", str(path), stdout=answer, **given)
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def retail(*rows: str) -> str:
    """A file with the columns of the UCI data."""
    return orders(
        *rows, header="InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    )


def many(count: int = 60, members: int = 7) -> str:
    """Orders of a few members who come again and again, each order with two lines."""
    rows = []
    for number in range(count):
        row = ROW.format(number, number % 28 + 1, number % members)
        rows += [row, f"A{number},,,POST,1,3.95"]
    return orders(*sorted(rows, key=lambda row: int(row.split(",")[0][1:])))


def state_of(program: Program) -> tuple[int, int, dict[str, list[tuple[object, ...]]]]:
    """Everything that must not depend on how often an import was interrupted."""
    with scope(program=program):
        found: dict[str, list[tuple[object, ...]]] = {}
        rows = Entry.objects.filter(program=program).order_by("wallet_id", "seq")
        names = rows.values_list(
            "wallet__holder__member__identities__value", "seq", "kind", "at", "posted_at", "active_change", "active"
        )  # fmt: skip
        for name, *entry in names:
            found.setdefault(name, []).append(tuple(entry))
        lines = OrderLine.objects.filter(order__program=program).count()
        return Order.objects.filter(program=program).count(), lines, found

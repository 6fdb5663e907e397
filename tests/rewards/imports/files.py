"""Small files to import, and the command as people call it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

HEADER = "order_id,occurred_at,member_shop_id,sku,quantity,unit_price"


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

"""`python -m loyaltysite.demo.pack FILE` makes the files in online_retail/ from the UCI data (CSV, plain or packed).

One file a month. Nothing that counts is left out: what an invoice says once stands in its first row only, the columns
are in the order that packs best, and numbers lose zeros that say nothing.
"""

from __future__ import annotations

import argparse
import csv
import io
import lzma
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "online_retail"
COLUMNS = (
    "InvoiceNo", "InvoiceDate", "CustomerID", "Country", "StockCode", "Description", "UnitPrice", "Quantity",
)  # fmt: skip
PACKING: list[dict[str, Any]] = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}
]


def pack(*, source: Path, folder: Path) -> int:
    """Write the monthly files and return their size in bytes. The same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for month, rows in groupby(invoices(read(source)), key=lambda row: row[0]):
        packed = lzma.compress(_as_csv(row for _month, row in rows), format=lzma.FORMAT_XZ, filters=PACKING)
        (folder / f"{month}.csv.xz").write_bytes(packed)
        size += len(packed)
    return size


def read(source: Path) -> Iterator[dict[str, str]]:
    """The rows of the original file."""
    unpack = lzma.open if source.suffix == ".xz" else open
    with unpack(source, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def invoices(rows: Iterable[dict[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """(month, cells) of every row, those of one invoice together, in the order of their first rows."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["InvoiceNo"], []).append(row)
    for number, lines in found.items():
        first = lines[0]
        said = [number, first["InvoiceDate"][:16], first["CustomerID"].removesuffix(".0"), first["Country"]]
        for line in lines:
            price = line["UnitPrice"].removesuffix(".0")
            yield (
                first["InvoiceDate"][:7],
                [*said, line["StockCode"], line["Description"], price, line["Quantity"]],
            )
            said = [""] * len(said)


def _as_csv(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    print(f"{pack(source=parser.parse_args().file, folder=FOLDER):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()

"""Rejected rows go into a file beside the input, as they were, with their number and the reason: mend and import it."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from django.utils.translation import gettext as _

from rewards.imports.sources import STANDARD_INPUT, SourceUnreadable

EXTRA = ("rejected_row", "rejected_code", "rejected_reason")


@dataclass(frozen=True, slots=True)
class Reject:
    number: int
    cells: list[str]
    code: str
    reason: str


def path_for(source: str, chosen: str | None) -> Path:
    """Where rejected rows go: beside the input, or in the working folder where that is not possible."""
    if chosen:
        return Path(chosen)
    if source == STANDARD_INPUT:
        return Path("import.rejected.csv")
    beside = Path(source + ".rejected.csv")
    return beside if os.access(beside.parent, os.W_OK) else Path(beside.name)


class RejectFile:
    """Begins with the first rejected row; without one nothing is left of an earlier run."""

    def __init__(self, path: Path, header: Sequence[str], delimiter: str) -> None:
        self.path, self.header, self.delimiter = path, header, delimiter
        self._file: IO[str] | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rejects: Iterable[Reject]) -> None:
        """Add rows; they are in the file when this returns."""
        rows = [[*each.cells[: len(self.header)], each.number, each.code, each.reason] for each in rejects]
        if not rows:
            return
        if self._file is None:
            self._open()
        self._writer.writerows(rows)
        self._file.flush()  # type: ignore[union-attr]

    def _open(self) -> None:
        try:
            self._file = self.path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise self._unwritable(error) from None
        self._writer = csv.writer(self._file, delimiter=self.delimiter, lineterminator="\n")
        self._writer.writerow([*self.header, *EXTRA])

    def _unwritable(self, error: OSError) -> SourceUnreadable:
        return SourceUnreadable(
            _("Rejected rows cannot be written to %(path)s (%(reason)s); name another file with --rejected."),
            path=str(self.path),
            reason=error.strerror,
        )

"""A scan reads its rows once and asks all its questions of them; only wrong rows ever leave the database."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.utils.functional import Promise

# With literal NULL for no program the planner folds this away.
OF_PROGRAM = "(%(program)s::bigint IS NULL OR {}.program_id = %(program)s)"


@dataclass(frozen=True, slots=True)
class Question:
    """`wrong`, `expected` and `found` are SQL over the scan's rows; `covers` says which of them it is about."""

    key: str
    title: str | Promise
    wrong: str
    expected: str
    found: str
    covers: str = "true"
    only_verifying: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """`source` is what stands after FROM; `of` the alias of the row whose program, wallet and holder are named."""

    source: str
    of: str
    subject: str
    wallet: str
    questions: tuple[Question, ...]
    holder: str = "w.holder_id"

    def questions_asked(self, *, verifying: bool) -> list[Question]:
        return [question for question in self.questions if verifying or not question.only_verifying]


@dataclass(frozen=True, slots=True)
class Proof:
    """One question, how many rows it covered and how many of them are wrong."""

    key: str
    title: str
    rows: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong row. `holder` and `wallet` are ids, empty where the row belongs to none."""

    check: str
    program: str
    holder: int | None
    wallet: int | None
    subject: str
    expected: str
    found: str


def prove(cursor: CursorWrapper, scan: Scan, *, program: int | None, verifying: bool) -> list[Proof]:
    """Ask all questions of a scan in one pass."""
    questions = scan.questions_asked(verifying=verifying)
    columns = ", ".join(
        f"count(*) FILTER (WHERE {each.covers}), count(*) FILTER (WHERE ({each.covers}) AND ({each.wrong}))"
        for each in questions
    )
    cursor.execute(f"SELECT {columns} FROM {scan.source} WHERE {_only(scan)}", {"program": program})
    counts: Sequence[int] = cursor.fetchone()
    return [
        Proof(each.key, str(each.title), rows, wrong)
        for each, rows, wrong in zip(questions, counts[::2], counts[1::2], strict=True)
    ]


def name_faults(
    cursor: CursorWrapper, scan: Scan, question: Question, *, program: int | None, limit: int
) -> Iterator[Fault]:
    """The first wrong rows, by wallet."""
    cursor.execute(
        f"""SELECT (SELECT c.slug FROM members_program c WHERE c.id = x.program_id),
                   x.holder, x.wallet, x.subject, x.expected, x.found
            FROM (SELECT {scan.of}.program_id, {scan.holder} AS holder, {scan.wallet} AS wallet,
                         {scan.subject} AS subject, ({question.expected})::text AS expected,
                         ({question.found})::text AS found
                  FROM {scan.source} WHERE {_only(scan)} AND ({question.covers}) AND ({question.wrong})
                  ORDER BY 3, 4 LIMIT %(limit)s) x""",
        {"program": program, "limit": limit},
    )
    for slug, holder, wallet, subject, expected, found in cursor.fetchall():
        yield Fault(question.key, slug or "", holder, wallet, subject, _plain(expected), _plain(found))


def _only(scan: Scan) -> str:
    return OF_PROGRAM.format(scan.of)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)

"""Whether a statement is genuine: its signature, its own sums and digests, and whether our books still begin with it.

Whoever asks learns only what the statement itself says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from members.models import Program
from rewards import signatures, statements
from rewards.lots import EPOCH
from rewards.models import Entry, Unit, Wallet
from rewards.statements import BALANCES, COLUMNS, START, Head

LONGEST_CODE = 4000
LARGEST_FILE = 8_000_000
UNREADABLE_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)


class State(StrEnum):
    GENUINE = "genuine"
    ALTERED = "altered"  # the statement was changed after it was made, or was never ours
    REWRITTEN = "rewritten"  # the statement is ours, and our books no longer begin with it: the fault is here
    FOREIGN = "foreign"  # it belongs to another program
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Line:
    """A wallet as the statement has it; `newer` counts the entries that came after it."""

    head: Head
    unit: Unit | None
    newer: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`at` names the first entry that does not hold, where one is to blame (0 = none)."""

    state: State
    made_at: datetime | None = None
    number: str = ""
    lines: list[Line] = field(default_factory=list)
    at: int = 0


def of_code(*, program: Program, code: str) -> Verdict:
    """Check the code of a printed statement."""
    text, _dot, signature = "".join(code.split()).rpartition(".")
    if len(code) > LONGEST_CODE:
        return Verdict(State.UNREADABLE)
    try:
        version, key, number_of_program, number, moment, heads = text.split(".")
        if version != f"W{statements.VERSION}":
            return Verdict(State.UNREADABLE)
        made_at = EPOCH + timedelta(microseconds=int(moment))
        found = [_head(part) for part in heads.split("~") if part]
    except UNREADABLE_ERRORS:
        return Verdict(State.UNREADABLE)
    if not signatures.holds(text.encode(), key=key, signature=signature):
        return Verdict(State.ALTERED)
    if number_of_program != str(program.pk):
        return Verdict(State.FOREIGN)
    return _compare(program, found, made_at, number)


def of_file(*, program: Program, content: bytes) -> Verdict:
    """Check a downloaded statement: every digest and balance, the signature, and our books."""
    if len(content) > LARGEST_FILE:
        return Verdict(State.UNREADABLE)
    try:
        document = json.loads(content)
        if document["wafa_statement"] != statements.VERSION:
            return Verdict(State.UNREADABLE)
        wrong = first_wrong(document)
        made_at = datetime.fromisoformat(document["made_at"])
        signed = statements.canonical(document)
        is_signed = signatures.holds(signed, key=document["key"], signature=document["signature"])
        if wrong or not is_signed:
            return Verdict(State.ALTERED, at=wrong)
        if document["program"]["id"] != program.pk:
            return Verdict(State.FOREIGN)
        heads = list(statements.heads_of(document))
    except UNREADABLE_ERRORS:
        return Verdict(State.UNREADABLE)
    return _compare(program, heads, made_at, str(document["member"]["number"]))


def first_wrong(document: Mapping[str, Any]) -> int:
    """The number of the first entry whose place, sum or digest is wrong; 0 when all hold."""
    for wallet in document["wallets"]:
        digest, before = b"", START
        for place, entry in enumerate(wallet["entries"], 1):
            follows = entry["seq"] == place and entry["wallet"] == wallet["wallet"]
            sums = all(entry[name] == before[name] + entry[f"{name}_change"] for name in BALANCES)
            digest = statements.digest_of(digest, {name: entry[name] for name in COLUMNS})
            if not (follows and sums and digest.hex() == entry["digest"]):
                return place
            before = entry
    return 0


def _head(part: str) -> Head:
    *numbers, digest = part.split("-")
    wallet, seq, pending, active, reserved, arrears = map(int, numbers)
    return Head(wallet, seq, pending, active, reserved, arrears, digest)


def _compare(program: Program, heads: Iterable[Head], made_at: datetime, number: str) -> Verdict:
    """Whether each head still stands at its place in the chain of today."""
    lines = []
    for head in heads:
        entry = Entry.objects.filter(program=program, wallet_id=head.wallet, seq=head.seq).first()
        wallet = Wallet.objects.filter(program=program, pk=head.wallet).select_related("unit").first()
        if entry is None or wallet is None or bytes(entry.digest).hex() != head.digest:
            return Verdict(State.REWRITTEN, made_at, number, at=head.seq)
        lines.append(Line(head, wallet.unit, wallet.seq - head.seq))
    return Verdict(State.GENUINE, made_at, number, lines)

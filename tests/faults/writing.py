"""What the processes that are killed do: record batches and write down which were acknowledged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from django_scopes import scope

from members.models import Fact, Order, OrderLine, Program
from rewards import intake
from rewards.intake.items import OrderIn
from tests.rewards import builders as b

BATCH = 40
MEMBERS = 7
NOW = b.moment("2026-02-01")


def batch(writer: int, number: int) -> list[OrderIn]:
    """Orders of two lines worth 10 points, spread over the members."""
    return [
        b.order(f"W{writer}-B{number}-{n}", "2026-01-10", 600, 400, member=f"m{(writer + n) % MEMBERS}")
        for n in range(BATCH)
    ]


def write(program: int, writer: int, first: int, path: str) -> int:
    """Record one batch after the other; each number is on disk only after its batch was acknowledged."""
    found = Program.objects.get(pk=program)
    with Path(path).open("ab", buffering=0) as file:
        for number in range(first, first + 10_000):
            intake.record(program=found, items=batch(writer, number), now=NOW)
            file.write(f"{writer}:{number}\n".encode())
            os.fsync(file.fileno())
    return 0


def acknowledged(path: Path) -> set[tuple[int, int]]:
    lines = path.read_text().split() if path.exists() else []
    return {(int(writer), int(number)) for writer, number in (line.split(":") for line in lines)}


def stored(program: Program) -> dict[tuple[int, int], int]:
    """How many orders of each batch are there; an order that is half there fails at once."""
    found: dict[tuple[int, int], int] = {}
    with scope(program=program):
        names = dict(Order.objects.values_list("pk", "external_id"))
        lines = list(OrderLine.objects.values_list("order_id", flat=True))
        facts = Fact.objects.filter(kind="order").count()
    assert len(lines) == 2 * len(names)
    assert facts == len(names)
    for name in names.values():
        writer, number, _n = name.split("-")
        key = int(writer[1:]), int(number[1:])
        found[key] = found.get(key, 0) + 1
    return found


def assert_whole(program: Program, told: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Everything acknowledged is there, nothing is half there, and the ledger adds up."""
    found = stored(program)
    assert {key for key in told if found.get(key) != BATCH} == set(), "acknowledged and lost"
    assert {key: count for key, count in found.items() if count != BATCH} == {}, "half there"
    assert b.wrong_wallets(program) == []
    return found


def assert_once(program: Program, keys: Iterable[tuple[int, int]]) -> None:
    """The same facts sent again have exactly one effect together with whatever came through before."""
    known = set(keys)
    for writer, number in known:
        outcomes = intake.record(program=program, items=batch(writer, number), now=NOW)
        assert {outcome.status for outcome in outcomes} <= {"recorded", "repeated"}
    assert stored(program) == dict.fromkeys(known, BATCH)
    points = sum(b.balance(program, f"m{n}").active for n in range(MEMBERS))
    assert points == 10 * BATCH * len(known)
    assert b.wrong_wallets(program) == []

"""Seals: what they sign, what they continue, and every way in which one can be wrong."""

from __future__ import annotations

import hashlib
import hmac
import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_scopes import scopes_disabled

from members.models import Program
from rewards import checking, seals, tasks
from rewards.models import Seal, SealedHead
from tests.rewards import builders, forging

DAY = builders.moment("2026-02-01")


@pytest.fixture
def program(db) -> Program:
    """Anna and Bob have one entry each."""
    made = builders.open_program()
    builders.record(made, builders.order("A", "2026-01-10", 6000))
    builders.record(made, builders.order("B", "2026-01-11", 7000, member="bob"))
    return made


def heads_of(seal: Seal) -> list[tuple[int, int, bytes]]:
    with scopes_disabled():
        rows = SealedHead.objects.filter(seal=seal).order_by("wallet_id", "seq")
        return [(row.wallet_id, row.seq, bytes(row.digest)) for row in rows]


def flaws() -> set[tuple[int, str]]:
    with scopes_disabled():
        return {(flaw.seal_id, flaw.check) for flaw in seals.flaws(Seal.objects.order_by("program_id", "id"))}


def test_it_signs_the_head_of_every_wallet(program):
    made = seals.seal(program=program, now=DAY)

    wallets = [builders.wallet(program, name) for name in ("anna", "bob")]
    expected = sorted((wallet.pk, wallet.seq, bytes(wallet.digest)) for wallet in wallets)
    assert heads_of(made) == expected
    assert made.heads == 2
    lines = "".join(f"{wallet}\t{seq}\t{digest.hex()}\n" for wallet, seq, digest in expected)
    assert made.root == hashlib.sha256(lines.encode()).digest()


def test_the_next_seal_holds_only_what_moved_and_continues_the_root(program):
    first = seals.seal(program=program, now=DAY)
    builders.record(program, builders.order("C", "2026-02-02", 1000, member="bob"))

    second = seals.seal(program=program, now=builders.moment("2026-02-03"))

    bob = builders.wallet(program, "bob")
    assert heads_of(second) == [(bob.pk, 2, bytes(bob.digest))]
    line = f"{bob.pk}\t2\t{bytes(bob.digest).hex()}\n"
    assert second.root == hashlib.sha256(first.root + line.encode()).digest()
    assert flaws() == set()


def test_a_day_without_movement_has_its_seal_too(program):
    first = seals.seal(program=program, now=DAY)

    second = seals.seal(program=program, now=builders.moment("2026-02-02"))

    assert second.heads == 0
    assert second.root == hashlib.sha256(first.root).digest()
    assert flaws() == set()


def test_programs_are_sealed_apart(program):
    other = builders.open_program()
    builders.record(other, builders.order("A", "2026-01-10", 6000))

    first, second = (seals.seal(program=each, now=DAY) for each in (program, other))

    assert (first.heads, second.heads) == (2, 1)
    assert flaws() == set()


def test_the_key_of_the_environment_signs(program, settings):
    settings.SEAL_KEY = "of the bank's vault"

    made = seals.seal(program=program, now=DAY)

    text = f"{program.pk}|{int(DAY.timestamp()) * 1_000_000}|2|{made.root.hex()}"
    assert made.signature == hmac.digest(b"of the bank's vault", text.encode(), "sha256")


def test_another_key_does_not_verify(program, settings):
    settings.SEAL_KEY = "a thief's"
    made = seals.seal(program=program, now=DAY)

    settings.SEAL_KEY = "ours"

    assert flaws() == {(made.pk, "seal.signature")}


def test_a_key_derived_from_a_former_secret_still_verifies(program, settings):
    settings.SECRET_KEY = "old"
    made = seals.seal(program=program, now=DAY)
    settings.SECRET_KEY = "new"

    without = flaws()
    settings.SECRET_KEY_FALLBACKS = ["old"]

    assert without == {(made.pk, "seal.signature")}
    assert flaws() == set()


CHANGES = {
    "a head's digest": ("UPDATE rewards_sealedhead SET digest = sha256('x') WHERE seal_id = %(seal)s", {"seal.root", "seal.head"}),
    "a head, removed": ("DELETE FROM rewards_sealedhead WHERE seal_id = %(seal)s AND wallet_id = (SELECT min(wallet_id) FROM rewards_sealedhead)", {"seal.root"}),
    "a root": ("UPDATE rewards_seal SET root = sha256('x') WHERE id = %(seal)s", {"seal.root", "seal.signature"}),
    "a signature": ("UPDATE rewards_seal SET signature = sha256('x') WHERE id = %(seal)s", {"seal.signature"}),
    "a moment": ("UPDATE rewards_seal SET at = at - interval '1 day' WHERE id = %(seal)s", {"seal.signature"}),
    "a number of heads": ("UPDATE rewards_seal SET heads = heads + 1 WHERE id = %(seal)s", {"seal.signature"}),
    "a seal, removed": ("DELETE FROM rewards_seal WHERE id = %(seal)s", {"seal.root"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_seal_is_found(fresh_database, superuser_connection, what):
    statement, expected = CHANGES[what]
    program = builders.open_program()
    builders.record(program, builders.order("A", "2026-01-10", 6000))
    builders.record(program, builders.order("B", "2026-01-11", 7000, member="bob"))
    first = seals.seal(program=program, now=DAY)
    seals.seal(program=program, now=builders.moment("2026-02-02"))
    assert checking.run(verify=True).wrong == 0

    changed = forging.tamper(superuser_connection, statement, seal=first.pk)
    report = checking.run(verify=True)

    assert changed == (2 if "digest" in statement else 1)
    assert {fault.check for fault in report.faults} == expected


def seal_now(slug: str) -> int:
    return seals.seal(program=Program.objects.get(slug=slug), now=DAY).heads


def test_two_at_once_do_so_one_after_the_other(fresh_database, processes):
    program = builders.open_program()
    builders.record(program, builders.order("A", "2026-01-10", 6000))

    heads = processes(4, seal_now, program.slug)

    assert sorted(heads) == [0, 0, 0, 1]
    assert flaws() == set()


def test_the_task_seals_every_program_and_tells_the_log(program, caplog):
    builders.open_program()

    with caplog.at_level(logging.INFO, logger="rewards.tasks"):
        heads = tasks.seal_ledgers()

    with scopes_disabled():
        roots = {bytes(root).hex() for root in Seal.objects.values_list("root", flat=True)}
    assert heads == 2
    assert {record.root for record in caplog.records} == roots
    assert len(roots) == 2


def test_the_command_prints_the_roots(program):
    out = StringIO()

    call_command("seal_ledger", program=program.slug, stdout=out)

    with scopes_disabled():
        root = bytes(Seal.objects.get().root).hex()
    assert out.getvalue().strip() == f"{program.slug}: 2 heads, root {root}"


def test_the_command_refuses_an_unknown_program(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("seal_ledger", program="nowhere")


def test_sealing_takes_few_statements(program, django_assert_max_num_queries):
    with django_assert_max_num_queries(8, connection=connection):
        seals.seal(program=program, now=DAY)

"""check_ledger proves a ledger that nobody touched, and finds every kind of change behind its back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from loyaltysite.embedded.postgres import SUPERUSER
from members.models import Program
from rewards import checking, seals
from tests.fixtures.databases import ROOT, Database, clone, pointed_at
from tests.rewards import builders, forging


def lead_a_life(program: Program, name: str) -> None:
    """Every kind of movement for one member: orders, a spend, returns with arrears, an unpaid order, an expiry."""
    record, order = builders.record, builders.order

    def number(text: str) -> str:
        return f"{name}-{text}"

    record(program, order(number("A"), "2026-01-10", 6000, 4000, member=name))
    record(program, order(number("B"), "2026-02-01", 42000, member=name))
    builders.spend(program, 510, "2026-03-01", member=name, order=number("B"), key=number("spend"))
    record(program, builders.bring_back(number("R"), "2026-03-05", "sku-4000", order=number("A")))
    record(program, order(number("D"), "2026-03-06", 10000, member=name, is_paid=False))
    record(program, builders.paid(number("D"), "2026-03-07"))
    record(program, order(number("E"), "2026-03-08", 5000, member=name))
    record(program, order(number("E"), "2026-03-09", 7000, member=name, revision=1))
    record(program, builders.cancel(number("B"), "2026-03-10"))
    builders.adjust(program, -20, "2026-03-11", member=name, key=number("less"))
    record(program, order(number("F"), "2027-06-01", 2500, 2500, member=name))


def open_program() -> Program:
    return builders.open_program(units={"points": {"expiry": {"kind": "months", "count": 12}}})


@pytest.fixture(scope="module")
def lived(test_cluster, template, django_db_setup, django_db_blocker) -> Iterator[Database]:
    """A database in which Anna and Bob have led the same life."""
    with clone(test_cluster, template) as made, django_db_blocker.unblock():
        with pointed_at(made):
            program = open_program()
            lead_a_life(program, "anna")
            lead_a_life(program, "bob")
        with made.connect(SUPERUSER) as superuser:
            forging.keep(superuser)
        yield made


@pytest.fixture
def program(lived, django_db_blocker) -> Iterator[Program]:
    """The program of that database, where commits are real; what a test does to the ledger is undone after it."""
    with django_db_blocker.unblock(), pointed_at(lived):
        yield Program.objects.get()
    with lived.connect(SUPERUSER) as superuser:
        forging.put_back(superuser)


def check(*words: str) -> tuple[int, dict[str, Any]]:
    """The command's exit code and report."""
    out = StringIO()
    code: Any = 0
    try:
        call_command("check_ledger", *words, "--json", stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, json.loads(out.getvalue())


def keys_of(report: dict[str, Any]) -> set[str]:
    return {fault["check"] for fault in report["faults"]}


# --- nothing is wrong -------------------------------------------------------------------------------------------------


def test_an_untouched_ledger_holds(program):
    seals.seal(program=program, now=builders.moment("2027-06-02"))

    code, report = check("--verify")

    assert code == 0
    assert report["ok"] is True
    assert report["faults"] == []
    rows = {proof["key"]: proof["rows"] for proof in report["proofs"]}
    assert report["entries"] == rows["entry.digest"] == rows["entry.seq"] > 20
    assert rows["wallet.last"] == rows["seal.head"] == 2
    empty = {key for key, count in rows.items() if count == 0}
    # Every question was asked of something; those of these kinds in test files of their own.
    elsewhere = (
        "merge.", "transfer.", "reward.", "redemption.", "donation.", "cause.", "code.", "coupon", "tender.", "giftcard.",
        "term.", "saving.", "referral.", "surprise.", "sending.", "household.", "plan.", "voucher.", "prize.",
    )  # fmt: skip
    assert [key for key in empty if not key.startswith(elsewhere)] == []


def test_without_verify_no_digest_is_derived(program):
    _code, report = check()

    assert "entry.digest" not in {proof["key"] for proof in report["proofs"]}


def test_an_empty_ledger_holds(db):
    report = checking.run(verify=True)

    assert report.wrong == 0
    assert report.entries == 0


def test_it_can_run_inside_a_transaction(db):
    program = open_program()
    lead_a_life(program, "anna")

    report = checking.run(program=program, verify=True)

    assert report.faults == []
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone()[0] == "off"


def test_lots_that_wait_wake_end_and_come_back_hold(db):
    program = builders.open_program(
        units={"points": {"pending": {"kind": "days", "count": 3}, "expiry": {"kind": "days", "count": 30}}}
    )
    record, order = builders.record, builders.order

    record(program, order("A", "2026-01-01", 6000, 4000, is_paid=False))
    record(program, builders.paid("A", "2026-01-02"))  # still pending for two days
    record(program, order("B", "2026-01-10", 5000))
    builders.spend(program, 90, "2026-01-20", order="B")
    record(program, builders.bring_back("R", "2026-01-21", "sku-4000", order="A"))  # partly arrears
    record(program, builders.cancel("B", "2026-02-20"))  # what was spent has ended meanwhile
    record(program, order("C", "2026-03-01", 3000, is_paid=False))
    record(program, builders.cancel("C", "2026-03-02"))  # voided while it waited
    record(program, order("D", "2026-06-01", 1000))

    kinds = {kind for kind, *_ in builders.movements(program)}
    assert kinds >= {"earn", "activate", "spend", "reverse", "restore", "expire"}
    assert checking.run(verify=True).faults == []


def test_the_words_name_every_check_with_its_rows(program):
    out = StringIO()

    call_command("check_ledger", "--verify", stdout=out, no_color=True)

    lines = out.getvalue().splitlines()
    assert any(
        "each digest derives from the one before" in line and line.startswith("holds") for line in lines
    )
    assert "entries/s" in lines[-1]


def test_an_unknown_program_is_refused(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("check_ledger", program="nowhere")


# --- one row of each kind was changed ---------------------------------------------------------------------------------

ENTRY = "UPDATE rewards_entry SET {} WHERE wallet_id = %(wallet)s AND seq = {}"
LOT = "UPDATE rewards_lot SET {} WHERE id = (SELECT max(id) FROM rewards_lot WHERE wallet_id = %(wallet)s)"
USED = "SELECT max(a.lot_id) FROM rewards_allocation a JOIN rewards_lot l ON l.id = a.lot_id WHERE l.wallet_id = %(wallet)s"
OF_FACT = "WHERE fact_id IN (SELECT fact_id FROM rewards_entry WHERE wallet_id = %(wallet)s AND seq = 1)"
OF_ORDER = "WHERE order_id IN (SELECT order_id FROM rewards_entry WHERE wallet_id = %(wallet)s AND seq = 1)"

CHANGES = {
    "an entry's change": (ENTRY.format("active_change = active_change + 5", 2), {"entry.sum", "wallet.sum", "entry.allocations"}),
    "an entry's balance": (ENTRY.format("active = active + 5", 2), {"entry.sum"}),
    "an entry's moment": (ENTRY.format("at = at - interval '1 day'", 3), {"entry.digest"}),
    "an entry's kind": (ENTRY.format("kind = 'bonus'", 1), {"entry.digest"}),
    "an entry's fact": (ENTRY.format("fact_id = 0", 1), {"entry.digest", "entry.links"}),
    "an entry's order": (ENTRY.format("order_id = 0", 1), {"entry.digest", "entry.links"}),
    "an entry's lot": (ENTRY.format("lot_id = 0", 1), {"entry.digest", "entry.home", "lot.opening"}),
    "an entry's program": (ENTRY.format("program_id = 0", 1), {"entry.digest", "entry.home"}),
    "a digest": (ENTRY.format("digest = sha256('x')", 2), {"entry.digest"}),
    "an entry in the middle, removed": ("DELETE FROM rewards_entry WHERE wallet_id = %(wallet)s AND seq = 3", {"entry.seq", "wallet.sum"}),
    "the last entry, removed": ("DELETE FROM rewards_entry WHERE wallet_id = %(wallet)s AND seq = (SELECT seq FROM rewards_wallet WHERE id = %(wallet)s)", {"wallet.last", "wallet.sum"}),
    "a wallet, removed": ("DELETE FROM rewards_wallet WHERE id = %(wallet)s", {"entry.home", "lot.home"}),
    "a wallet's balance": ("UPDATE rewards_wallet SET active = active + 1 WHERE id = %(wallet)s", {"wallet.last", "wallet.sum", "wallet.lots"}),
    "a wallet's digest": ("UPDATE rewards_wallet SET digest = '' WHERE id = %(wallet)s", {"wallet.last"}),
    "a wallet's next look": ("UPDATE rewards_wallet SET next_due_at = NULL WHERE id = %(wallet)s", {"wallet.due"}),
    "a wallet's holder": ("UPDATE rewards_wallet SET holder_id = 0 WHERE id = %(wallet)s", {"wallet.home"}),
    "an allocation's amount": (f"UPDATE rewards_allocation SET amount = amount + 1 WHERE lot_id = ({USED})", {"lot.remaining", "entry.allocations"}),
    "an allocation, removed": (f"DELETE FROM rewards_allocation WHERE lot_id = ({USED})", {"lot.remaining", "entry.allocations"}),
    "an allocation's lot": (f"UPDATE rewards_allocation SET lot_id = 0 WHERE lot_id = ({USED})", {"allocation.home", "lot.remaining"}),
    "a lot's remaining": (LOT.format("remaining = remaining - 1"), {"lot.remaining", "wallet.lots"}),
    "a lot's grant": (LOT.format("granted = granted + 1"), {"lot.opening", "lot.remaining", "entry.digest"}),
    "a lot's expiry": (LOT.format("expires_at = expires_at + interval '1 year'"), {"entry.digest"}),
    "a lot's reserve": (LOT.format("reserved = 1"), {"lot.reserved", "wallet.lots"}),
    "a lot's expired": (f"UPDATE rewards_lot SET expired = expired + 1 WHERE id = ({USED})", {"lot.expired"}),
    "a lot's state": (LOT.format("is_active = false"), {"lot.state", "wallet.lots"}),
    "a lot's order": (LOT.format("order_id = 0"), {"lot.links"}),
    "a lot's rule version": (LOT.format("version_id = 0"), {"lot.home"}),
    "an award": (f"UPDATE rewards_award SET awarded = awarded + 1 {OF_FACT}", {"award.sum"}),
    "an award, removed": (f"DELETE FROM rewards_award {OF_FACT}", {"award.sum"}),
    "an award's rule": (f"UPDATE rewards_award SET version_id = 0 {OF_FACT}", {"award.home"}),
    "a pricing": (f"UPDATE rewards_pricing SET awarded = '{{\"points\": 99}}' {OF_FACT}", {"award.sum"}),
    "a settlement": (f"UPDATE rewards_settlement SET from_own = from_own + 1, reversed = reversed + 1 {OF_ORDER}", {"settlement.entry", "settlement.course"}),
    "a settlement's parts": (f"UPDATE rewards_settlement SET forgiven = forgiven + 1 {OF_ORDER}", {"settlement.sum"}),
    "a settlement's fact": (f"UPDATE rewards_settlement SET fact_id = 0 {OF_ORDER}", {"settlement.home"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_row_is_found_and_its_wallet_named(program, superuser_connection, what):
    statement, expected = CHANGES[what]
    anna = builders.wallet(program, "anna")

    changed = forging.tamper(superuser_connection, statement, wallet=anna.pk)
    code, report = check("--verify")

    assert changed >= 1
    assert code == 1
    assert expected <= keys_of(report)
    named = {fault["wallet"] for fault in report["faults"]}
    assert anna.pk in named
    assert named <= {anna.pk, None}
    assert {fault["program"] for fault in report["faults"]} <= {program.slug, ""}


LINES = {
    "a returned quantity": ("UPDATE members_orderline SET returned_quantity = 1 WHERE returned_quantity = 0", "line.returned"),
    "a line's amount": ("UPDATE members_orderline SET amount_minor = amount_minor + 1", "order.sum"),
}  # fmt: skip


@pytest.mark.parametrize("what", LINES)
def test_a_changed_order_is_found_and_its_holder_named(program, superuser_connection, what):
    statement, expected = LINES[what]
    anna = builders.find(program, "anna")
    of_anna = " AND " if "WHERE" in statement else " WHERE "
    statement += f"{of_anna} order_id IN (SELECT id FROM members_order WHERE member_id = %(holder)s)"

    forging.tamper(superuser_connection, statement, holder=anna.pk)
    code, report = check()

    assert code == 1
    assert expected in keys_of(report)
    assert {fault["holder"] for fault in report["faults"]} == {anna.pk}


def test_only_the_program_asked_for_is_checked(fresh_database, superuser_connection):
    program, other = open_program(), open_program()
    lead_a_life(program, "anna")
    lead_a_life(other, "carol")
    carol = builders.wallet(other, "carol")
    forging.tamper(superuser_connection, CHANGES["a wallet's balance"][0], wallet=carol.pk)

    clean, _report = check("--program", program.slug)
    wrong, report = check("--program", other.slug)

    assert (clean, wrong) == (0, 1)
    assert {fault["holder"] for fault in report["faults"]} == {carol.holder_id}


def test_the_list_is_capped_and_the_total_told(program, superuser_connection):
    forging.disarm(superuser_connection)
    superuser_connection.execute("UPDATE rewards_entry SET digest = ''")

    _code, report = check("--verify", "--limit", "3")

    proof = next(proof for proof in report["proofs"] if proof["key"] == "entry.digest")
    assert proof["wrong"] == report["entries"]
    assert sum(fault["check"] == "entry.digest" for fault in report["faults"]) == 3


def test_the_real_command_says_so_by_its_exit_code(program, database, superuser_connection):
    anna = builders.wallet(program, "anna")
    forging.tamper(superuser_connection, CHANGES["a lot's remaining"][0], wallet=anna.pk)

    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check_ledger"],
        env=os.environ | database.environment() | {"DJANGO_SETTINGS_MODULE": "loyaltysite.settings.test"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"wallet {anna.pk}" in done.stderr
    assert "lot.remaining" in done.stderr


# --- a whole chain was made to agree ----------------------------------------------------------------------------------


def test_a_chain_forged_whole_agrees_with_itself(program, superuser_connection):
    anna = builders.wallet(program, "anna")

    forging.forge_chain(superuser_connection, wallet=anna.pk, seq=anna.seq, extra=1_000)

    assert builders.balance(program, "anna").active == anna.active + 1_000
    assert check("--verify")[0] == 0  # the forger is good: only the seal can tell


def test_a_chain_forged_whole_is_found_by_its_seal(program, superuser_connection):
    seals.seal(program=program, now=builders.moment("2027-06-02"))
    anna = builders.wallet(program, "anna")

    forging.forge_chain(superuser_connection, wallet=anna.pk, seq=anna.seq, extra=1_000)
    code, report = check("--verify")

    assert code == 1
    assert [(fault["check"], fault["wallet"]) for fault in report["faults"]] == [("seal.head", anna.pk)]


def test_a_forger_who_changes_the_seal_too_cannot_sign_it(program, superuser_connection):
    made = seals.seal(program=program, now=builders.moment("2027-06-02"))
    anna = builders.wallet(program, "anna")
    forging.forge_chain(superuser_connection, wallet=anna.pk, seq=anna.seq, extra=1_000)

    superuser_connection.execute(
        "UPDATE rewards_sealedhead s SET digest = w.digest FROM rewards_wallet w WHERE w.id = s.wallet_id"
    )
    superuser_connection.execute("UPDATE rewards_seal SET root = %s", [seals.root_of(made.pk, b"")])
    code, report = check("--verify")

    assert code == 1
    assert keys_of(report) == {"seal.signature"}

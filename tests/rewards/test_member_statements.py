"""Statements (N2): whole, signed, checked by anyone; a change of any amount, order or line is found."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys

import pytest
from django_scopes import scope

from rewards import signatures, statements, verification
from rewards.verification import State
from tests.fixtures.databases import ROOT
from tests.members import portal_shop
from tests.rewards import builders, forging

NOW = portal_shop.NOW


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def anna(shop):
    return portal_shop.amelia(shop)


@pytest.fixture
def statement(shop, anna):
    with scope(program=shop):
        return statements.make(program=shop, member=anna, now=NOW)


@pytest.fixture
def document(statement):
    """As it comes out of the file."""
    return json.loads(json.dumps(statement.document()))


def check(shop, document):
    with scope(program=shop):
        return verification.of_file(program=shop, content=json.dumps(document).encode())


def check_code(shop, code):
    with scope(program=shop):
        return verification.of_code(program=shop, code=code)


def entries(document):
    return document["wallets"][0]["entries"]


def test_it_holds_every_entry_with_its_digest(shop, document):
    stored = builders.entries(shop)

    found = entries(document)

    assert [(e["seq"], e["kind"], e["digest"]) for e in found] == [
        (e.seq, e.kind, bytes(e.digest).hex()) for e in stored
    ]
    assert {e["order_number"] for e in found} >= {"1001", "1005"}
    assert found[-1]["active"] == builders.balance(shop).active


def test_it_is_genuine(shop, statement, document):
    for verdict in (check(shop, document), check_code(shop, statement.code)):
        assert (verdict.state, verdict.number, verdict.made_at) == (
            State.GENUINE,
            statement.member.number,
            NOW,
        )
        (line,) = verdict.lines
        assert (line.head, line.newer) == (statement.accounts[0].head, 0)


def test_it_stays_genuine_when_more_is_earned(shop, statement, document):
    builders.record(shop, builders.order("2001", NOW, 10_00))

    for verdict in (check(shop, document), check_code(shop, statement.code)):
        assert verdict.state == State.GENUINE
        assert verdict.lines[0].newer == 1


def alter_amount(found):
    found[1]["active_change"] += 100
    found[1]["active"] += 100


def alter_amount_to_the_end(found):
    """With all sums right again."""
    found[1]["active_change"] += 100
    for entry in found[1:]:
        entry["active"] += 100


def alter_digests_too(found):
    """With all sums and digests right again: only the signature is left."""
    alter_amount_to_the_end(found)
    digest = b""
    for entry in found:
        digest = statements.digest_of(digest, entry)
        entry["digest"] = digest.hex()


def swap(found):
    found[0], found[1] = found[1], found[0]


CHANGES = {
    "an amount": (alter_amount, 2),
    "an amount and the sums after it": (alter_amount_to_the_end, 2),
    "an amount, the sums and every digest": (alter_digests_too, 0),
    "the order of two": (swap, 1),
    "the last line, left out": (lambda found: found.pop(), 0),
    "a line in the middle, left out": (lambda found: found.pop(2), 3),
    "a line, twice": (lambda found: found.insert(1, copy.deepcopy(found[0])), 2),
    "a moment": (lambda found: found[0].update(at=found[0]["at"] + 1), 1),
    "the kind": (lambda found: found[0].update(kind="bonus"), 1),
    "an expiry": (lambda found: found[0].update(expires_at=None), 1),
    "the number of an order": (lambda found: found[0].update(order_number="7"), 0),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_line_is_found(shop, document, what):
    change, place = CHANGES[what]

    change(entries(document))

    verdict = check(shop, document)
    assert (verdict.state, verdict.at) == (State.ALTERED, place)
    assert not verdict.lines


@pytest.mark.parametrize(("name", "value"), [("made_at", "2030-01-01T00:00:00+00:00"), ("member", {"number": "1", "name": "Bob"}), ("key", "00000000"), ("signature", "AAAA")])  # fmt: skip
def test_a_changed_head_is_found(shop, document, name, value):
    document[name] = value

    assert check(shop, document).state == State.ALTERED


def test_every_changed_sign_of_a_code_is_found(shop, statement):
    code = statement.code
    bodies = code[: code.rindex(".")]

    for place in range(len(bodies)):
        other = "1" if code[place] != "1" else "2"
        assert check_code(shop, code[:place] + other + code[place + 1 :]).state in (
            State.ALTERED,
            State.UNREADABLE,
        )


def test_a_code_may_be_typed_with_spaces(shop, statement):
    code = statement.code

    spaced = " ".join(code[at : at + 8] for at in range(0, len(code), 8))

    assert check_code(shop, f"\n{spaced}\n").state == State.GENUINE


def test_another_program_says_that_it_is_not_its_own(shop, statement, document):
    other = portal_shop.open_shop()

    assert check(other, document).state == State.FOREIGN
    assert check_code(other, statement.code).state == State.FOREIGN


def test_rewritten_books_are_told(fresh_database, superuser_connection):
    shop = portal_shop.open_shop()
    anna = portal_shop.amelia(shop)
    with scope(program=shop):
        made = statements.make(program=shop, member=anna, now=NOW)
        document, code, wallet = made.document(), made.code, made.accounts[0].wallet.pk
    statement = "UPDATE rewards_entry SET digest = sha256('x') WHERE wallet_id = %(wallet)s AND seq = (SELECT max(seq) FROM rewards_entry WHERE wallet_id = %(wallet)s)"  # fmt: skip

    forging.tamper(superuser_connection, statement, wallet=wallet)

    assert check(shop, json.loads(json.dumps(document))).state == State.REWRITTEN
    assert check_code(shop, code).state == State.REWRITTEN


NAUGHTY = ("", "W1", "W1......", ".", "W1.a.b.c.d.e.f", "W2.1.1.1.1.1.1", "\0", "W1." + "9" * 5000, "W1.x.1.1." + "9" * 3000 + "..", "W1.x.1.1.1.1-1-1-1-1-1-1-1.", "٣" * 90)  # fmt: skip


@pytest.mark.parametrize("code", NAUGHTY)
def test_what_is_no_code_is_said_so(shop, code):
    assert check_code(shop, code).state in (State.UNREADABLE, State.ALTERED)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"1", b"\xff\xfe", b"[" * 100_000, b'{"wafa_statement": 1}', b'{"wafa_statement": 1, "wallets": [{"entries": [1]}]}', b'{"wafa_statement": 1, "wallets": [{"wallet": 1, "entries": [{}]}]}', b'{"wafa_statement": 1, "wallets": 3}', b"9" * 5000, b" " * 8_000_001])  # fmt: skip
def test_what_is_no_statement_is_said_so(shop, content):
    with scope(program=shop):
        assert verification.of_file(program=shop, content=content).state == State.UNREADABLE


def test_a_former_key_still_verifies(shop, statement, settings):
    code = statement.code
    settings.SECRET_KEY = "new"

    without = check_code(shop, code).state
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests"]

    assert (without, check_code(shop, code).state) == (State.ALTERED, State.GENUINE)


@pytest.mark.parametrize("tampered", [False, True])
def test_anyone_can_check_it_with_the_lines_of_the_page_on_it(document, tmp_path, tampered):
    """They know nothing of this program: only the file, and the public keys that its page answers."""
    page = (ROOT / "docs" / "statement.md").read_text()
    lines = re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1]
    if tampered:
        alter_amount_to_the_end(entries(document))
    (tmp_path / "s.json").write_text(json.dumps(document))
    (tmp_path / "k.json").write_text(json.dumps({"keys": dict(signatures.public_keys())}))

    done = subprocess.run([sys.executable, "-c", lines, "s.json", "k.json"], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip

    assert (done.returncode, done.stdout) == ((1, "") if tampered else (0, "genuine\n")), done.stderr


def test_who_earned_nothing_yet_has_a_statement_too(shop):
    member = portal_shop.join(shop, "bob")
    with scope(program=shop):
        made = statements.make(program=shop, member=member, now=NOW)

    assert made.accounts == []
    assert check_code(shop, made.code).state == State.GENUINE
    assert check(shop, made.document()).state == State.GENUINE


def test_a_statement_takes_few_reads_however_long(shop, anna, django_assert_num_queries):
    with scope(program=shop), django_assert_num_queries(4):
        statements.make(program=shop, member=anna, now=NOW).document()

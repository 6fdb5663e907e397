"""What the database itself refuses: to the application, to the owner of the tables, and at every commit."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from loyaltysite.embedded.postgres import APPLICATION, OWNER
from members import consent
from rewards import seals
from rewards.intake.items import TenderIn
from tests.fixtures.databases import Database, clone, pointed_at
from tests.rewards import builders
from tests.rewards.causes import house

# Each append-only table with a column that a thief would change; rewards/sql/guards.sql names the same ones.
APPEND_ONLY = {
    "rewards_entry": "active_change",
    "rewards_allocation": "amount",
    "rewards_pricing": "fact_id",
    "rewards_award": "awarded",
    "rewards_settlement": "reversed",
    "rewards_payout": "reference",
    "rewards_tender": "money_minor",
    "rewards_seal": "heads",
    "rewards_sealedhead": "seq",
    "members_fact": "revision",
    "members_event": "fact_id",
    "members_auditentry": "reason",
    "members_consentchange": "source",
}
ONLY_BY_POSTING = (
    "rewards_wallet",
    "rewards_entry",
    "rewards_lot",
    "rewards_allocation",
    "rewards_pricing",
    "rewards_award",
    "rewards_settlement",
    "rewards_donation",
    "rewards_payout",
    "rewards_causetotal",
    "rewards_receiptbook",
    "rewards_tender",
    "rewards_giftcard",
)
NO_RIGHT = (errors.InsufficientPrivilege,)
REFUSED = "WF010"
DISAGREES = "WF011"


@pytest.fixture(scope="module")
def filled(test_cluster, template, django_db_setup, django_db_blocker) -> Iterator[Database]:
    """A database that has rows in every guarded table; the tests take back what they try."""
    with clone(test_cluster, template) as made, django_db_blocker.unblock():
        with pointed_at(made):
            program = builders.open_program()
            builders.record(program, builders.order("A", "2026-01-10", 6000, 4000))
            builders.spend(program, 10, "2026-01-11")
            builders.record(program, builders.bring_back("R", "2026-01-12", "sku-4000", order="A"))
            builders.adjust(program, 5, "2026-01-13")
            builders.pay(program, builders.order("P", "2026-01-13", 500), TenderIn("points", amount=1))
            now = builders.moment("2026-01-13")
            anna = builders.find(program, "anna")
            consent.grant(member=anna, channel="email", topic="offers", source="portal", now=now)
            house.put_up(program)
            house.give(program, 20, at="2026-01-13")
            house.pay(program, 10, at="2026-01-13")
            seals.seal(program=program, now=builders.moment("2026-01-14"))
        yield made


@pytest.fixture
def application(filled) -> Iterator[psycopg.Connection]:
    with filled.connect(APPLICATION, autocommit=False) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(filled) -> Iterator[psycopg.Connection]:
    with filled.connect(OWNER, autocommit=False) as connection:
        yield connection
        connection.rollback()


def refusal(connection: psycopg.Connection, statement: str) -> str:
    """Run it up to its commit and give the code of the error; empty when nothing refused it."""
    try:
        connection.execute(statement)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error.sqlstate or "?"
    return ""


def test_the_table_of_this_test_is_that_of_the_database(owner):
    found = owner.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'wafa_append_only'")

    # What journeys published and carried out is tried in tests/campaigns/journeys/.
    assert {row[0] for row in found if not row[0].startswith("campaigns_")} == set(APPEND_ONLY)


# --- the application --------------------------------------------------------------------------------------------------

ATTEMPTS = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "switch triggers off": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "drop the trigger": "DROP TRIGGER wafa_append_only ON {table}",
    "drop the table": "DROP TABLE {table} CASCADE",
    "merge": "MERGE INTO {table} t USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
}


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("what", ATTEMPTS)
def test_the_application_changes_no_append_only_row(application, table, what):
    statement = ATTEMPTS[what].format(table=table, column=APPEND_ONLY[table])

    code = refusal(application, statement)

    # Where the role may write rows at all, the trigger refuses; everywhere else it has no right to begin with.
    assert code in ("42501", REFUSED)


FORGETTING = {
    "a price": "UPDATE rewards_pricing SET context = context - 'member'",
    "what was awarded": "UPDATE rewards_pricing SET awarded = '{}'",
    "more of a context than the person": "UPDATE rewards_pricing SET context = '{}'",
    "who did it": "UPDATE members_auditentry SET action = 'other'",
    "another reason": "UPDATE members_auditentry SET reason = 'other'",
    "a row": "DELETE FROM members_auditentry",
}


@pytest.mark.parametrize("what", FORGETTING)
def test_the_application_forgets_nobody_by_itself(application, what):
    application.execute("SET LOCAL wafa.forgetting = 'on'")

    assert refusal(application, FORGETTING[what]) == "42501"


@pytest.mark.parametrize("what", sorted(set(FORGETTING) - {"a price"}))
def test_not_even_the_owner_forgets_more_than_words_about_a_person(owner, what):
    owner.execute("SET LOCAL wafa.forgetting = 'on'")

    assert refusal(owner, FORGETTING[what]) == (
        REFUSED if what != "more of a context than the person" else ""
    )


@pytest.mark.parametrize("table", ONLY_BY_POSTING)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {table} DEFAULT VALUES",
        "COPY {table} FROM STDIN",
        "UPDATE {table} SET program_id = program_id",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "SELECT * FROM {table} FOR UPDATE",
    ],
)
def test_the_application_only_reads_the_ledger(application, table, statement):
    with pytest.raises(NO_RIGHT):
        application.execute(statement.format(table=table).replace("program_id", _column(table)))


def _column(table: str) -> str:
    return "amount" if table == "rewards_allocation" else "program_id"


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "SET ROLE wafa_owner",
        "SET SESSION AUTHORIZATION wafa_owner",
        "ALTER FUNCTION wafa_refuse() RENAME TO wafa_allow",
        "CREATE OR REPLACE FUNCTION wafa_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP FUNCTION wafa_refuse() CASCADE",
        "CREATE TABLE trap (id int)",
        "COPY rewards_entry TO PROGRAM 'cat'",
    ],
)
def test_the_application_cannot_get_round_the_guards(application, statement):
    with pytest.raises(NO_RIGHT):
        application.execute(statement)


def test_the_mark_of_posting_gives_the_application_nothing(application):
    application.execute("SET wafa.posting = 'on'")

    for statement in (
        "UPDATE rewards_wallet SET active = 1000000",
        "INSERT INTO rewards_lot DEFAULT VALUES",
        "DELETE FROM rewards_entry",
    ):
        with pytest.raises(NO_RIGHT), application.transaction():
            application.execute(statement)


def test_a_posting_that_does_not_add_up_is_refused_even_with_the_mark(application):
    application.execute("SET wafa.posting = 'on'")
    wallet = application.execute("SELECT id, seq, digest FROM rewards_wallet LIMIT 1").fetchone()
    row = f'{{"id": {wallet[0]}, "seq": {wallet[1]}, "active": 1000000, "pending": 0, "reserved": 0, "arrears": 0}}'

    code = refusal(application, f'SELECT wafa_post(\'{{"facts": [], "wallets": [{row}]}}\'::jsonb)')

    assert code in (DISAGREES, "23502")


# --- the owner --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("what", ["update", "delete", "truncate", "merge"])
def test_even_the_owner_changes_no_append_only_row(owner, table, what):
    rows = owner.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    code = refusal(owner, ATTEMPTS[what].format(table=table, column=APPEND_ONLY[table]))

    assert rows > 0
    assert code == REFUSED


BIRTH = (
    "id", "wallet_id", "program_id", "granted", "earned_at", "active_at", "expires_at", "awaits", "fact_id", "order_id",
    "version_id", "origin_id",
)  # fmt: skip


@pytest.mark.parametrize("column", BIRTH)
def test_what_a_lot_was_born_with_stays(owner, column):
    change = {"awaits": "'x'", "earned_at": "now()", "active_at": "now()", "expires_at": "now()"}
    new = change.get(column, f"coalesce({column}, 0) + 1")

    assert refusal(owner, f"UPDATE rewards_lot SET {column} = {new}") == REFUSED


def test_the_columns_of_birth_are_all_but_those_of_life(owner):
    found = owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'rewards_lot'::regclass AND attnum > 0 AND attgenerated = ''"
    )

    # `terms` only says where the dates came from; the dates themselves are fixed.
    assert {row[0] for row in found} - set(BIRTH) == {
        "remaining",
        "reserved",
        "expired",
        "is_active",
        "terms",
    }


@pytest.mark.parametrize("table", ["rewards_lot", "rewards_wallet"])
def test_lots_and_wallets_are_never_removed(owner, table):
    assert refusal(owner, f"DELETE FROM {table}") == REFUSED


@pytest.mark.parametrize(
    "change",
    ["definition = '{}'", "number = 9", "since = now()", "published_at = NULL", "rule_id = rule_id + 1"],
)
def test_a_published_rule_version_is_fixed(owner, change):
    assert refusal(owner, f"UPDATE rewards_ruleversion SET {change}") == REFUSED


@pytest.mark.parametrize("later", ["'2131-01-01'", "NULL"])
def test_an_end_that_has_not_come_may_be_moved(owner, later):
    assert refusal(owner, "UPDATE rewards_ruleversion SET until = '2130-01-01'") == ""
    assert refusal(owner, f"UPDATE rewards_ruleversion SET until = {later}") == ""


def test_an_end_is_not_moved_into_the_past(owner):
    assert refusal(owner, "UPDATE rewards_ruleversion SET until = '2130-01-01'") == ""
    assert refusal(owner, "UPDATE rewards_ruleversion SET until = '2026-01-01'") == REFUSED


@pytest.mark.parametrize("later", ["'2131-01-01'", "NULL"])
def test_an_end_that_has_come_stays(owner, later):
    assert refusal(owner, "UPDATE rewards_ruleversion SET until = '2026-01-01'") == ""
    assert refusal(owner, f"UPDATE rewards_ruleversion SET until = {later}") == REFUSED


def test_a_published_rule_version_is_never_removed(owner):
    assert refusal(owner, "DELETE FROM rewards_ruleversion") == REFUSED


# --- at every commit --------------------------------------------------------------------------------------------------

ENTRY = """INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
    reserved_change, arrears_change, pending, active, reserved, arrears, digest)
    SELECT nextval('wafa_ids'), id, program_id, {seq}, 'bonus', now(), now(), 0, 5, 0, 0, 0, active + 5, 0, 0, ''
    FROM rewards_wallet"""
LOT = """INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,
    awaits, terms) SELECT nextval('wafa_ids'), id, program_id, 5, 5, 0, 0, true, now(), '', '' FROM rewards_wallet"""

STRAYS = {
    "an entry the wallet knows nothing of": ENTRY.format(seq="seq + 1"),
    "an entry after a gap": ENTRY.format(seq="seq + 2"),
    "a lot that no entry opened": LOT,
    "a wallet richer than its entries": "UPDATE rewards_wallet SET active = active + 1",
    "a wallet one entry further": "UPDATE rewards_wallet SET seq = seq + 1",
    "a wallet with another digest": "UPDATE rewards_wallet SET digest = ''",
    "a lot with more left": "UPDATE rewards_lot SET remaining = remaining - 1 WHERE remaining > 1",
    "a lot made pending": "UPDATE rewards_lot SET is_active = false WHERE remaining > 0",
    "a lot partly held": "UPDATE rewards_lot SET reserved = 1 WHERE remaining > 0",
}


@pytest.mark.parametrize("what", STRAYS)
def test_the_owner_cannot_commit_what_does_not_add_up(owner, what):
    changed = owner.execute(STRAYS[what]).rowcount

    with pytest.raises(psycopg.Error) as refused:
        owner.commit()

    assert changed > 0
    assert refused.value.sqlstate == DISAGREES


def test_a_wallet_that_never_moved_is_empty(owner):
    statement = """INSERT INTO rewards_wallet (id, program_id, holder_id, unit_id, seq, pending, active, reserved, arrears,
        digest) SELECT nextval('wafa_ids'), program_id, nextval('wafa_ids'), unit_id, 0, 0, {active}, 0, 0, ''
        FROM rewards_wallet LIMIT 1"""

    assert refusal(owner, statement.format(active=0)) == ""
    assert refusal(owner, statement.format(active=7)) == DISAGREES


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE rewards_wallet SET active = -1", "wallet_not_negative"),
        ("UPDATE rewards_wallet SET active = 1, arrears = 1", "wallet_arrears_only_when_empty"),
        ("UPDATE rewards_lot SET remaining = -1", "lot_remaining_not_negative"),
        ("UPDATE rewards_lot SET remaining = granted + 1", "lot_remaining_within_granted"),
        ("UPDATE rewards_lot SET reserved = remaining + 1", "lot_reserved_within_remaining"),
        ("UPDATE rewards_lot SET expired = -1", "lot_"),
        ("UPDATE rewards_lot SET is_active = false, remaining = 1, reserved = 1", "lot_pending_not_reserved"),
    ],
)
def test_each_row_keeps_its_bounds(owner, statement, constraint):
    with pytest.raises(errors.CheckViolation, match=constraint):
        owner.execute(statement)

"""How a thief with the superuser's rights would change the ledger: triggers off, rows changed, tracks covered."""

from __future__ import annotations

from typing import Any

import psycopg

TABLES = (
    "rewards_wallet",
    "rewards_entry",
    "rewards_lot",
    "rewards_allocation",
    "rewards_pricing",
    "rewards_award",
    "rewards_settlement",
    "rewards_seal",
    "rewards_sealedhead",
    "members_fact",
    "members_orderline",
)


def disarm(superuser: psycopg.Connection) -> None:
    """Switch off all triggers, foreign keys among them. Those that fire always need this, not just a replica role."""
    for table in TABLES:
        superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def tamper(superuser: psycopg.Connection, statement: str, **values: Any) -> int:
    """Change rows behind the ledger's back; how many."""
    disarm(superuser)
    return superuser.execute(statement, values).rowcount


def keep(superuser: psycopg.Connection) -> None:
    """Remember the ledger as it is."""
    superuser.execute("CREATE SCHEMA kept")
    for table in TABLES:
        superuser.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")


def put_back(superuser: psycopg.Connection) -> None:
    """Make the ledger as it was when it was kept."""
    disarm(superuser)
    for table in TABLES:
        columns = superuser.execute(
            """SELECT string_agg(attname, ', ') FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = ''""",
            [table],
        ).fetchone()[0]
        superuser.execute(f"DELETE FROM {table}")
        superuser.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept.{table}")


def forge_chain(superuser: psycopg.Connection, *, wallet: int, seq: int, extra: int) -> None:
    """Raise what the entry `seq` gave by `extra` and make everything that hangs on it agree: its lot, pricing and
    award, all later balances and digests, and the wallet."""
    disarm(superuser)
    run = superuser.execute
    entry = {"wallet": wallet, "seq": seq, "extra": extra}
    run("UPDATE rewards_entry SET active_change = active_change + %(extra)s WHERE wallet_id = %(wallet)s AND seq = %(seq)s", entry)  # fmt: skip
    born = "SELECT {} FROM rewards_entry WHERE wallet_id = %(wallet)s AND seq = %(seq)s"
    run(f"UPDATE rewards_lot SET granted = granted + %(extra)s, remaining = remaining + %(extra)s WHERE id = ({born.format('lot_id')})", entry)  # fmt: skip
    run(f"UPDATE rewards_award SET awarded = awarded + %(extra)s, desired = desired + %(extra)s WHERE fact_id = ({born.format('fact_id')})", entry)  # fmt: skip
    run(f"UPDATE rewards_pricing SET awarded = jsonb_build_object('points', (awarded->>'points')::bigint + %(extra)s) WHERE fact_id = ({born.format('fact_id')})", entry)  # fmt: skip
    last = run("SELECT max(seq) FROM rewards_entry WHERE wallet_id = %s", [wallet]).fetchone()[0]
    for number in range(seq, last + 1):
        now = {"wallet": wallet, "seq": number, "extra": extra}
        run("UPDATE rewards_entry SET active = active + %(extra)s WHERE wallet_id = %(wallet)s AND seq = %(seq)s", now)  # fmt: skip
        run(
            """UPDATE rewards_entry e SET digest = sha256(
                coalesce((SELECT p.digest FROM rewards_entry p WHERE p.wallet_id = e.wallet_id AND p.seq = e.seq - 1), '')
                || convert_to(wafa_canonical(e, l.granted, l.active_at, l.expires_at), 'UTF8'))
            FROM rewards_entry self LEFT JOIN rewards_lot l ON l.id = self.lot_id
            WHERE self.id = e.id AND e.wallet_id = %(wallet)s AND e.seq = %(seq)s""",
            now,
        )
    run(
        """UPDATE rewards_wallet w SET active = e.active, digest = e.digest FROM rewards_entry e
        WHERE e.wallet_id = w.id AND e.seq = w.seq AND w.id = %s""",
        [wallet],
    )

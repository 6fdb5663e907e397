"""A world for a benchmark: a throw-away cluster with durability on, migrated, and commands that run against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time_ns
from typing import Any, NamedTuple

import psycopg

from loyaltysite.embedded import Cluster, throwaway
from loyaltysite.embedded.postgres import OWNER

# Left in a folder when all its data are laid down.
LAID = "laid-down"
# Names the folder in which data stay between runs (bench --keep).
KEEP = "WAFA_BENCH_KEEP"
ROOT = Path(__file__).resolve().parents[1]
# Everything that an import writes, parents first.
TABLES = (
    "members_holder", "members_member", "members_identity", "members_fact", "members_order", "members_orderline",
    "members_return", "members_returnline", "members_waitingfact", "members_event", "rewards_wallet", "rewards_lot",
    "rewards_entry", "rewards_allocation", "rewards_pricing", "rewards_award", "rewards_settlement", "rewards_counter",
    "rewards_metric", "rewards_standing",
)  # fmt: skip
CATALOGUE = (
    "members_user", "members_program", "members_store", "rewards_unit", "rewards_earningrule", "rewards_ruleversion",
    "rewards_tierscheme", "rewards_tier",
)  # fmt: skip


@dataclass
class World:
    """`is_old` when it was kept by an earlier run."""

    cluster: Cluster
    is_old: bool = False
    folder: str = ""

    def keep(self) -> None:
        """All data are laid down: the next run need not, whatever becomes of this one."""
        if self.folder:
            (Path(self.folder) / LAID).touch()

    def environment(self, database: str = "") -> dict[str, str]:
        urls = {"DATABASE_URL": self.cluster.url(), "DATABASE_OWNER_URL": self.cluster.url(OWNER)}
        if database:
            urls = {name: url.replace("/wafa?", f"/{database}?") for name, url in urls.items()}
        return os.environ | urls | {"WAFA_SECRET_KEY": "only-for-this-bench"}

    def manage(self, *words: str) -> str:
        """Run manage.py here; its standard output. Raises RuntimeError with what it said when it fails."""
        return self.run([str(ROOT / "manage.py"), *words])

    def python(self, module: str, *words: str) -> Any:
        """Run a module of the bench here; what it printed as JSON on its last line."""
        return json.loads(self.run(["-m", module, *words]).strip().splitlines()[-1])

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.url(OWNER), autocommit=True)

    def run(self, words: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stdout[-1000:]}{done.stderr[-3000:]}")
        return done.stdout


def folder(name: str) -> str:
    """Where the data of this name stay between runs; empty: nowhere."""
    keep = os.environ.get(KEEP, "")
    return f"{keep}-{name}" if keep else ""


@contextmanager
def world(keep: str = "", *, durable: bool = True) -> Iterator[World]:
    """A world that goes afterwards; with `keep`, a folder, its data stay there for the next run."""
    with _kept(Path(keep), durable) if keep else throwaway(durable=durable) as cluster:
        made = World(cluster, is_old=bool(keep) and (Path(keep) / LAID).exists(), folder=keep)
        made.manage("migrate", "--no-input", "--verbosity=0")
        yield made
        made.keep()


@contextmanager
def _kept(path: Path, durable: bool) -> Iterator[Cluster]:
    path.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(path, durable=durable)
    cluster.account.own(path)
    try:
        cluster.start(attached=True)
        yield cluster
    finally:
        cluster.stop()


class Floor(NamedTuple):
    """`cpu` in seconds, of this process and the server's."""

    seconds: float
    rows: int
    cpu: float


def copy_floor(made: World) -> Floor:
    """What it takes to COPY what an import wrote into the same empty tables with the same keys and indexes."""
    with tempfile.TemporaryDirectory() as folder, made.connect() as connection:
        files = {table: Path(folder) / table for table in TABLES}
        for table, file in files.items():
            with connection.cursor().copy(
                f"COPY {table} ({_columns(connection, table)}) TO STDOUT (FORMAT binary)"
            ) as copy:
                file.write_bytes(b"".join(bytes(part) for part in copy))
        rows = sum(_count(connection, table) for table in TABLES)
        _empty(connection)
        pid = connection.info.backend_pid
        begin, used = perf_counter(), process_time_ns() + spent_by(pid)
        connection.execute("SET wafa.posting = 'on'")
        with connection.transaction():
            for table, file in files.items():
                columns = _columns(connection, table)
                with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)") as copy:
                    copy.write(file.read_bytes())
        cpu = process_time_ns() + spent_by(pid) - used
        return Floor(perf_counter() - begin, rows, cpu / 1e9)


def spent_by(pid: int) -> int:
    """Nanoseconds of CPU that a process has had."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def _columns(connection: psycopg.Connection, table: str) -> str:
    found = connection.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    ).fetchone()
    assert found
    return str(found[0])


def _count(connection: psycopg.Connection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found
    return int(found[0])


def _empty(connection: psycopg.Connection) -> None:
    """New, empty tables and indexes: as they were before the import."""
    guarded = "wafa_no_truncate"
    for table in TABLES:
        has = connection.execute(
            "SELECT 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", [table, guarded]
        ).fetchone()
        if has:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guarded}")
    connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")

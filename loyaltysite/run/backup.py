"""Backup and restore: one file holds the database (pg_dump), the secret keys and the uploaded media.

Redis is not in it: it holds only caches and wake-ups, the database is the truth.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from loyaltysite.embedded import Cluster, EmbeddedError, Servers, programs
from loyaltysite.embedded.account import current
from loyaltysite.embedded.postgres import DATABASE, OWNER, SUPERUSER
from loyaltysite.run import places
from loyaltysite.run.problems import Problem
from loyaltysite.run.supervisor import alone, say

DUMP = "database.dump"
KEPT = ("secret_key", "media")  # beside every file whose name says that it is a key
RESTORING, BEFORE = "wafa_restoring", "wafa_before_restore"
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


def make(file: str = "") -> None:
    """Write a backup while the site runs or not; it shows the database as it was at one moment."""
    var = places.var()
    target = Path(file or var / "backups" / time.strftime("wafa-%Y%m%d-%H%M%S.tar", time.gmtime()))
    if target.exists():
        raise Problem(f"{target} exists already; nothing was overwritten.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with places.servers() as (_, environment), scratch(near=target) as folder:
        url = environment.get("DATABASE_OWNER_URL", environment["DATABASE_URL"])
        run_program(
            "pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}"], url
        )
        fresh = folder / "backup.tar"
        fresh.touch(mode=0o600)
        with tarfile.open(fresh, "w") as archive:
            archive.add(folder / DUMP, DUMP)
            for path in keys_and_media(var):
                archive.add(path, f"var/{path.name}")
        fresh.replace(target)
    say(
        f"Backed up to {target} ({target.stat().st_size / 1_000_000:.1f} MB). It holds personal data and keys."
    )


def restore(file: str) -> None:
    """Replace the embedded database by the backup's; the present one stays beside it until the next restore.

    Everything is loaded and verified under another name first, so that a bad file changes nothing.
    """
    if places.is_set("DATABASE_URL"):
        raise Problem(
            "DATABASE_URL is set; a restore writes only into the embedded server (docs/operations.md)."
        )
    source, var = Path(file), places.var()
    if not source.is_file():
        raise Problem(f"There is no file {source}.")
    with alone(), scratch(near=var / "x") as folder:
        try:
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise Problem(f"{source} is not a backup of Wafa: {error}") from error
        if not (folder / DUMP).is_file():
            raise Problem(f"{source} is not a backup of Wafa: it holds no database.")
        try:
            servers = Servers(var)
            with servers.held():
                load(servers, folder / DUMP)
        except EmbeddedError as error:
            raise Problem(str(error)) from error
        put_back(folder / "var", var)
        (var / "demo-loaded").touch()  # a restored shop wants no demo program beside it
    say(f"Restored {source}. The database as it was before is kept as {BEFORE} until the next restore.")


def load(servers: Servers, dump: Path) -> None:
    cluster = servers.postgres
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        drop(connection, RESTORING)
        cluster.create_database(connection, RESTORING)
        try:
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            run_program(
                "pg_restore", [*options, f"--dbname={RESTORING}", str(dump)], cluster.url(OWNER, RESTORING)
            )
            manage(
                servers, "migrate", "--no-input", "--verbosity=0"
            )  # gives the privileges, and lifts old backups
            if "check_ledger" in manage(servers, "help", "--commands").split():
                say(manage(servers, "check_ledger", "--verify").strip())
        except BaseException:
            drop(connection, RESTORING)
            raise
        exchange(connection)


def exchange(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    drop(connection, BEFORE)
    with connection.transaction():
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [DATABASE]
        )
        for old, new in ((DATABASE, BEFORE), (RESTORING, DATABASE)):
            names = sql.Identifier(old), sql.Identifier(new)
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))


def drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def manage(servers: Servers, *arguments: str) -> str:
    """Run a command of the site on the database that is being restored, and give what it printed."""
    cluster: Cluster = servers.postgres
    environment = servers.environment() | {
        "DATABASE_URL": cluster.url(database=RESTORING),
        "DATABASE_OWNER_URL": cluster.url(OWNER, RESTORING),
        "WAFA_VAR": str(servers.var),
    }
    done = subprocess.run(
        [sys.executable, str(places.ROOT / "manage.py"), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        raise Problem(f"Nothing was changed, because {arguments[0]} fails on the backup: {words[-1]}")
    return done.stdout


def run_program(name: str, arguments: list[str], url: str) -> None:
    """Run pg_dump or pg_restore; the password goes by the environment, which others cannot read."""
    found = conninfo_to_dict(url)
    variables = {VARIABLES[key]: str(value) for key, value in found.items() if key in VARIABLES}
    try:
        program = programs.postgres(current()) / name
    except EmbeddedError as error:
        raise Problem(str(error)) from error
    done = subprocess.run(
        [str(program), *arguments], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Problem(f"{name} failed: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}")


def keys_and_media(var: Path) -> list[Path]:
    return sorted(path for path in var.iterdir() if path.name in KEPT or "key" in path.stem.split("_"))


def put_back(source: Path, var: Path) -> None:
    """Keys and media of the backup; a key that differs stays beside it under another name."""
    for path in sorted(source.iterdir()) if source.exists() else []:
        present = var / path.name
        if present.exists():
            if present.is_file() and present.read_bytes() == path.read_bytes():
                continue
            present.rename(var / f"{path.name}.before-{time.time_ns()}")
        path.rename(present)


@contextmanager
def scratch(*, near: Path) -> Iterator[Path]:
    """A closed folder on the same disk, so that finished files move in one step."""
    with tempfile.TemporaryDirectory(prefix=".wafa-", dir=near.parent) as folder:
        yield Path(folder)

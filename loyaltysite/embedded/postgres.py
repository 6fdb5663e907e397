"""One embedded PostgreSQL cluster: a Unix socket in a folder of mode 700, passwords, and three roles."""

import functools
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from loyaltysite.embedded import account as accounts
from loyaltysite.embedded import place, processes, programs, tuning
from loyaltysite.embedded.errors import EmbeddedError

SUPERUSER, OWNER, APPLICATION = "postgres", "wafa_owner", "wafa"
DATABASE = "wafa"
PATIENCE = 120  # seconds; recovery after a crash may take a while


class Cluster:
    """`path` is made when missing. Not durable means quick and lost at a crash: for tests only."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self.durable = durable
        self.account = accounts.current()
        self.data = path / "data"
        self.secrets = path / "passwords.json"
        self._child: subprocess.Popen[bytes] | None = None
        self._launched = 0

    @functools.cached_property
    def sockets(self) -> Path:
        return place.socket_folder(self.path, self.account)

    @functools.cached_property
    def programs(self) -> Path:
        return programs.postgres(self.account)

    @property
    def passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.secrets.read_text())
        return found

    def url(self, role: str = APPLICATION, database: str = DATABASE) -> str:
        """The address for one of the three roles."""
        return (
            f"postgresql://{role}:{self.passwords[role]}@/{database}?host={quote(str(self.sockets), safe='')}"
        )

    def pid(self) -> int | None:
        """The id of the running server, or None."""
        pid = processes.read_pid(self.data / "postmaster.pid")
        return pid if pid and processes.is_server(pid, self.data) else None

    def running(self) -> bool:
        if self._child is not None:
            self._child.poll()
        return self.pid() is not None

    def start(self, *, attached: bool = False) -> None:
        """Start the server unless it runs, making the cluster first if there is none.

        Attached, it stops when this process dies; otherwise it lives on until stop().
        """
        if self.running():
            return
        self.account.folder(self.path)
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        self._clear_after_crash()
        configuration = tuning.configuration(
            sockets=self.sockets, durable=self.durable, total=tuning.memory()
        )
        self.account.write(self.data / "postgresql.conf", configuration)
        self.account.write(self.data / "pg_hba.conf", tuning.ACCESS)
        log = self.path / "start.log"
        log.unlink(missing_ok=True)
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        if attached:
            self._child = self.account.start(command, output=log, leash=signal.SIGINT)
        else:
            self._launched = self.account.release(command, output=log)
        if not processes.wait_until(self._ready_or_dead, seconds=PATIENCE) or not self._ready():
            raise EmbeddedError(f"PostgreSQL did not start: {self._last_words()}")
        self._prepare()

    def stop(self) -> None:
        """Stop the server in order; open transactions are rolled back."""
        pid = self.pid()
        if pid is None:
            return
        processes.send(pid, signal.SIGINT)
        if not processes.wait_until(lambda: not self.running(), seconds=60):
            self.kill()
        if self._child is not None:
            self._child.wait()

    def kill(self) -> None:
        """Kill -9 the server with all its processes, as a power cut would."""
        pid = self.pid()
        if pid is not None:
            processes.send(pid, signal.SIGKILL)
        for other in processes.working_in(self.data):
            processes.send(other, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
        processes.wait_until(lambda: not processes.working_in(self.data), seconds=60)

    def remove(self) -> None:
        """Stop the server and delete everything it has."""
        self.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _initialize(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted first start left
        fresh = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APPLICATION)}
        self.account.write(self.secrets, json.dumps(fresh))
        password = self.path / "first-password"
        self.account.write(password, fresh[SUPERUSER])
        building = Path(tempfile.mkdtemp(prefix="building-", dir=self.path))
        self.account.own(building)
        options = [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        options += [] if self.durable else ["--no-sync"]
        self.account.run([str(self.programs / "initdb"), "-D", str(building), "-U", SUPERUSER, *options])
        password.unlink()
        building.rename(self.data)

    def _clear_after_crash(self) -> None:
        """Remove a stale postmaster.pid whose number another program has meanwhile; wait for orphans first."""
        stale = self.data / "postmaster.pid"
        if stale.exists():
            processes.wait_until(lambda: not processes.working_in(self.data), seconds=60)
            if processes.PROC.joinpath("self").exists() and not processes.working_in(self.data):
                stale.unlink(missing_ok=True)

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _ready_or_dead(self) -> bool:
        return self._ready() or self._dead()

    def _dead(self) -> bool:
        return self._child.poll() is not None if self._child else not processes.exists(self._launched)

    def _last_words(self) -> str:
        """What the server gave as its reason: before it opened its own log, or in the newest of those."""
        logs = sorted(self.data.glob("log/*"), key=os.path.getmtime, reverse=True)
        for file in [self.path / "start.log", *logs[:1]]:
            for line in reversed(file.read_text(errors="replace").splitlines()):
                for mark in ("FATAL:", "PANIC:", "could not", "error"):
                    if mark in line:
                        return line.partition(mark)[2].strip() if mark.endswith(":") else line.strip()
        return f"it gave no reason in {self.path / 'start.log'}"

    def _prepare(self) -> None:
        """Make roles and database where they are missing; they may be after an interrupted first start."""
        passwords = self.passwords
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in (OWNER, APPLICATION):
                verb = "ALTER" if role in roles else "CREATE"
                statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(passwords[role])))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                self.create_database(connection, DATABASE)

    @staticmethod
    def create_database(
        connection: psycopg.Connection[tuple[object, ...]], name: str, *, template: str = "template0"
    ) -> None:
        """Make a database of the owner's that only the two roles may use; needs the superuser and autocommit."""
        names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        names |= {"owner": sql.Identifier(OWNER), "application": sql.Identifier(APPLICATION)}
        for statement in (
            "CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}",
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {application}",
        ):
            connection.execute(sql.SQL(statement).format(**names))

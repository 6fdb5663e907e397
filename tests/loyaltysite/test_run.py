"""`make run`: one supervisor for everything, clear words when it cannot start, nothing left behind."""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from loyaltysite.embedded import Servers
from loyaltysite.run import backup, banner, reset
from loyaltysite.run.children import Child, make_room
from loyaltysite.run.problems import Problem, without_password
from tests.fixtures.databases import ROOT
from tests.fixtures.places import at_work
from tests.fixtures.waiting import until

# Seconds that a site may take on a busy machine until it is there, answers or has stopped.
PATIENCE = 400
# No test below takes longer than this unless it hangs.
pytestmark = pytest.mark.timeout(3 * PATIENCE)
EXTERNAL = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


def environment(var: Path, **more: str) -> dict[str, str]:
    clean = {
        name: value for name, value in os.environ.items() if name not in {*EXTERNAL, "DJANGO_SETTINGS_MODULE"}
    }
    return clean | {"WAFA_VAR": str(var), "WAFA_DEMO": "0"} | more


@pytest.fixture
def free_port() -> Iterator[Callable[[], str]]:
    """Ports that the site may take and that nobody is given by chance meanwhile: they are ours, and not listened at."""
    with contextlib.ExitStack() as kept:

        def reserve() -> str:
            door = kept.enter_context(socket.socket())
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", 0))
            return str(door.getsockname()[1])

        yield reserve


def run(*arguments: str, var: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loyaltysite.run", *arguments],
        env=environment(var, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )


@contextlib.contextmanager
def running(var: Path, port: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The site, once it has said that it is ready, and what it said."""
    with subprocess.Popen(
        [sys.executable, "-m", "loyaltysite.run"],
        env=environment(var, PORT=port),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        said: list[str] = []
        try:
            for line in process.stdout:
                said.append(line)
                if "Stop with Ctrl-C" in line:
                    break
            assert "Stop with Ctrl-C" in said[-1], "".join(said)
            yield process, said
        finally:
            process.kill()


def pids(var: Path, words: str) -> set[int]:
    """The processes of the site whose command line holds the words."""
    found = set()
    for process in at_work(var):
        with contextlib.suppress(psutil.Error):
            if words in " ".join(process.cmdline()):
                found.add(process.pid)
    return found


@pytest.mark.slow
def test_the_site_runs_heals_itself_and_leaves_nothing_behind(var, free_port):
    port = free_port()
    with running(var, port) as (process, said):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz/") as answer:
            assert answer.status == 200
        assert any("Wafa is ready" in line for line in said)
        assert pids(var, "-Q long")
        assert any(f"http://127.0.0.1:{port}/admin/" in line for line in said)

        again = run(var=var, PORT=free_port())
        assert (again.returncode, again.stderr.count("\n")) == (1, 1)
        assert "already running in this folder" in again.stderr

        (beat,) = pids(var, " beat")
        os.kill(beat, signal.SIGKILL)
        until(lambda: pids(var, " beat") - {beat}, seconds=PATIENCE, what="another beat")
        postgres = Servers(var).postgres
        postgres.kill()
        until(postgres.running, seconds=PATIENCE, what="PostgreSQL runs again")

        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE)

        assert process.returncode == 0
        assert "The beat died and is started again" in rest
        assert "Traceback" not in rest
        until(lambda: at_work(var) == [], seconds=PATIENCE, what=lambda: at_work(var))


@pytest.mark.slow
def test_nothing_survives_a_killed_supervisor_and_the_data_stays(var, free_port):
    with running(var, free_port()) as (process, _):
        with psycopg.connect(Servers(var).postgres.url()) as connection:
            connection.execute("INSERT INTO django_session VALUES ('kept', '', now())")
        assert len(at_work(var)) > 5

        process.kill()
        process.wait()

        until(lambda: at_work(var) == [], seconds=PATIENCE, what=lambda: at_work(var))
    with running(var, free_port()) as (process, said):
        with psycopg.connect(Servers(var).postgres.url()) as connection:
            assert connection.execute("SELECT session_key FROM django_session").fetchall() == [("kept",)]
        assert not any("Collecting" in line for line in said)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "many"}, "PORT must be a number from 1 to 65535, not “many”."),
        ({"PORT": "70000"}, "PORT must be a number from 1 to 65535"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL must start with postgresql://"),
        (
            {"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"},
            "DATABASE_URL (postgresql://me:…@127.0.0.1:1/x) does not answer",
        ),
        (
            {"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"},
            "REDIS_URL (redis://:…@127.0.0.1:1/0) does not answer",
        ),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL (nonsense) does not answer"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(var, free_port, variables, words):
    done = run(var=var, **({"PORT": free_port()} | variables))

    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr + done.stdout


def test_a_taken_port_is_said_in_one_sentence(var):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run(var=var, PORT=port)

    assert done.returncode == 1
    assert (
        done.stderr == f"Port {port} is taken by another program; choose another one: PORT=8001 make run.\n"
    )


def test_an_unknown_command_is_answered_with_the_usage(var):
    done = run("dance", var=var)

    assert (done.returncode, done.stderr.split(":")[0]) == (2, "usage")


@pytest.mark.parametrize("version", ["3.11.9", ""])
def test_a_too_old_python_is_said_in_one_sentence(tmp_path, version):
    tools, clone = tmp_path / "bin", tmp_path / "clone"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "basename"):
        (tools / tool).symlink_to(shutil.which(tool))
    if version:
        (tools / "python3").write_text(
            f'#!/bin/sh\n[ "$1" = -V ] && echo "Python {version}"\n[ "$1" = -V ]\n'
        )
        (tools / "python3").chmod(0o755)
    shutil.copytree(ROOT / "requirements", clone / "requirements")

    done = subprocess.run(
        [str(clone / "requirements" / "install.sh")],
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Wafa needs Python 3.12 or newer")
    assert (version or "no Python 3 at all") in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_lock_files_hold_hashes_and_no_addresses():
    for name in ("base", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()

        pinned = [part for part in re.split(r"\n(?! )", text) if part.strip()]
        assert len(pinned) > 20
        assert all(re.match(r"[a-z0-9.-]+==\S+", part) and "--hash=sha256:" in part for part in pinned)
        assert "://" not in text
        assert str(ROOT) not in text


def test_a_child_that_keeps_dying_is_started_with_growing_pauses(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("loyaltysite.run.children.time.monotonic", lambda: now[0])
    child = Child(
        name="x", command=[sys.executable, "-c", "print('no')"], environment={}, log=tmp_path / "x.log"
    )
    starts = []
    child.start()

    for _ in range(40):
        if child.process is not None:
            child.process.wait()
            starts.append(now[0])
        child.tend()
        now[0] += 0.5

    pauses = [round(b - a, 1) for a, b in itertools.pairwise(starts)]
    assert pauses == sorted(pauses)
    assert pauses[:3] == [1.5, 2.5, 4.5]
    assert child.last_words() == "no"
    child.wait(until=0)


def test_a_large_log_makes_room_once(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * 11_000_000)

    make_room(log)
    make_room(log)

    assert not log.exists()
    assert (tmp_path / "web.log.1").stat().st_size == 11_000_000


def test_the_banner_names_pages_that_exist_and_the_demo_log_ins(tmp_path):
    (tmp_path / "demo-logins.json").write_text(
        '[{"role": "owner", "email": "owner@demo.test", "password": "long-and-random", "start": "/p/x/"},'
        ' {"role": "cashier", "email": "c@demo.test", "password": "other", "start": "/p/y/"}]'
    )

    text = banner.text(address="http://127.0.0.1:8000", var=tmp_path, existing={"/admin/"})

    assert "http://127.0.0.1:8000/admin/" in text
    assert "/till/" not in text
    assert "owner    owner@demo.test  long-and-random  http://127.0.0.1:8000/p/x/" in text
    assert "cashier  c@demo.test      other            http://127.0.0.1:8000/p/y/" in text


def test_passwords_are_left_out_of_addresses():
    assert without_password("postgresql://me:pw@h/x") == "postgresql://me:…@h/x"
    assert without_password("redis://h:1/0") == "redis://h:1/0"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_reset_never_touches_a_server_of_yours(var, name, monkeypatch):
    monkeypatch.setenv("WAFA_VAR", str(var))
    monkeypatch.setenv("WAFA_YES", "1")
    monkeypatch.setenv(name, "postgresql://elsewhere/x")

    with pytest.raises(Problem, match="deletes only embedded data"):
        reset.run()


def test_reset_asks_and_then_deletes_everything_but_backups(var):
    with Servers(var, durable=False).held():
        busy = run("reset", var=var, WAFA_YES="1")
    (var / "backups").mkdir()

    unasked = run("reset", var=var)
    assert (var / "servers" / "postgres").exists()
    done = run("reset", var=var, WAFA_YES="1")

    assert "Something still uses the servers" in busy.stderr
    assert (unasked.returncode, "nobody to ask" in unasked.stderr) == (1, True)
    assert done.returncode == 0
    assert not (var / "servers").exists()
    assert (var / "backups").exists()


def test_backup_and_restore_refuse_what_would_surprise(var, tmp_path):
    (tmp_path / "text").write_text("no archive")
    (tmp_path / "taken").touch()

    assert "There is no file" in run("restore", str(tmp_path / "none"), var=var).stderr
    assert "is not a backup of Wafa" in run("restore", str(tmp_path / "text"), var=var).stderr
    assert "exists already" in run("backup", str(tmp_path / "taken"), var=var).stderr
    refused = run("restore", str(tmp_path / "text"), var=var, DATABASE_URL="postgresql://elsewhere/x")
    assert "only into the embedded server" in refused.stderr


@pytest.mark.slow
def test_the_drill_back_up_change_restore(var, tmp_path):
    file = tmp_path / "shop.tar"
    (var / "secret_key").write_text("first")
    with Servers(var, durable=False).held() as servers:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "-v0"],
            env=environment(var) | servers.environment(),
            cwd=ROOT,
            check=True,
        )
        before = counts(servers, "INSERT INTO django_session VALUES ('one', '', now()), ('two', '', now())")
        assert run("backup", str(file), var=var).returncode == 0
        counts(servers, "DELETE FROM django_session")
        (var / "secret_key").write_text("second")

        done = run("restore", str(file), var=var)

        assert done.returncode == 0, done.stderr
        assert counts(servers) == before
        assert before["django_session"] == 2
        assert (var / "secret_key").read_text() == "first"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with (
            psycopg.connect(servers.postgres.url()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("DELETE FROM django_migrations")
        with psycopg.connect(servers.postgres.url(database=backup.BEFORE)) as connection:
            assert connection.execute("SELECT count(*) FROM django_session").fetchone() == (0,)


def counts(servers: Servers, change: str = "SELECT 1") -> dict[str, int]:
    """Rows of each table, after a change."""
    with psycopg.connect(servers.postgres.url()) as connection:
        connection.execute(change)
        connection.commit()
        tables = connection.execute("SELECT relname FROM pg_stat_user_tables ORDER BY 1").fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables
        }


def test_only_one_site_runs_in_a_folder(var, free_port):
    with (var / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        done = run(var=var, PORT=free_port())

    assert done.stderr == "Wafa is already running in this folder; stop the other `make run` first.\n"

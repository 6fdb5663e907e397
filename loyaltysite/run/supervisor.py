"""Keeps the whole site running on one machine, and takes everything down with it."""

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from loyaltysite.embedded import EmbeddedError, Servers
from loyaltysite.embedded.account import die_with_parent
from loyaltysite.run import banner, places
from loyaltysite.run.children import Child, make_room
from loyaltysite.run.problems import Problem

STARTING = 120.0  # seconds until we say that something is wrong
STOPPING = 15.0  # seconds for requests and tasks in flight; tasks are taken up again anyway
PROCESSES = {"long": "worker"}  # what a child is to the settings, where it has another name
HOPELESS = 5  # deaths of a child before the site was ever ready


class Stop(Exception):
    """Ctrl-C or SIGTERM."""


def run() -> None:
    """`make run`: returns when the site was stopped, raises Problem when it cannot start."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with alone(), listening() as door:
        say("Starting PostgreSQL and Redis …")
        try:
            with places.servers() as (servers, environment):
                Supervisor(door=door, servers=servers, environment=environment).run()
        except Stop:
            say("Stopped.")


@contextmanager
def alone() -> Iterator[None]:
    """Only one site in a clone."""
    with (places.var() / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                "Wafa is already running in this folder; stop the other `make run` first."
            ) from None
        yield


@contextmanager
def listening() -> Iterator[socket.socket]:
    """The socket that gunicorn will serve; taken here so that a taken port is known at once."""
    given = os.environ.get("PORT") or "8000"
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise Problem(f"PORT must be a number from 1 to 65535, not “{given}”.")
    try:
        door = socket.create_server(("127.0.0.1", int(given)), backlog=512)
    except PermissionError:
        raise Problem(
            f"Port {given} needs more rights than we have; choose one above 1023: PORT=8000."
        ) from None
    except OSError:
        raise Problem(
            f"Port {given} is taken by another program; choose another one: PORT=8001 make run."
        ) from None
    with door:
        yield door


class Supervisor:
    def __init__(self, *, door: socket.socket, servers: Servers | None, environment: dict[str, str]) -> None:
        self.var = places.var()
        self.door = door
        self.port: int = door.getsockname()[1]
        self.servers = servers
        self.environment = environment | {"PYTHONUNBUFFERED": "1", "WAFA_VAR": str(self.var)}
        self.environment.setdefault(
            "DJANGO_SETTINGS_MODULE", os.environ.get("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.dev")
        )
        self.children: list[Child] = []

    def run(self) -> None:
        self.prepare()
        self.children = self.programs()
        try:
            for child in self.children:
                child.start()
            self.wait_until_ready()
            while True:
                self.tend()
                time.sleep(0.5)
        finally:
            self.stop()

    def prepare(self) -> None:
        """Migrations, static files, demo: in a process of its own, whose progress is seen."""
        demo = os.environ.get("WAFA_DEMO", "0" if places.is_set("DATABASE_URL") else "1")
        done = subprocess.Popen(
            [sys.executable, "-m", "loyaltysite.run.prepare"],
            env=os.environ | self.environment | {"WAFA_DEMO": demo},
            cwd=places.ROOT,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - the supervisor has no threads
        )
        try:
            code = done.wait()
        except Stop:
            done.terminate()
            done.wait()
            raise
        if code:
            raise Problem("Wafa could not be prepared; the line above says why.")

    def programs(self) -> list[Child]:
        logs, metrics = self.var / "log", self.var / "metrics"
        logs.mkdir(exist_ok=True)
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        celery = [sys.executable, "-m", "celery", "-A", "loyaltysite", "--workdir", str(places.ROOT)]
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:loyaltysite.web", "loyaltysite.wsgi"]
        concurrency = os.environ.get("WAFA_WORKERS", str(min(os.cpu_count() or 1, 4)))
        worker = [*celery, "worker", "--without-gossip", "--without-mingle"]
        # One place more than imports may take; see IMPORTS_AT_ONCE.
        places_for_long = str(int(os.environ.get("WAFA_IMPORTS", "1")) + 1)
        commands = {
            "web": [*gunicorn, "--chdir", str(places.ROOT), "--bind", f"fd://{self.door.fileno()}"],
            "worker": [*worker, "--concurrency", concurrency],
            "long": [*worker, "--concurrency", places_for_long, "-Q", "long", "-n", "long@%h"],
            "beat": [*celery, "beat", "--pidfile", ""],
        }
        for name in commands:
            make_room(logs / f"{name}.log")
        return [
            Child(
                name=name,
                command=command,
                environment=self.environment
                | {
                    "WAFA_PROCESS": PROCESSES.get(name, name),
                    "PROMETHEUS_MULTIPROC_DIR": str(metrics) if name == "web" else "",
                },
                log=logs / f"{name}.log",
                inherit=(self.door.fileno(),) if name == "web" else (),
            )
            for name, command in commands.items()
        ]

    def wait_until_ready(self) -> None:
        say("Starting web, workers and beat …")
        end, told = time.monotonic() + STARTING, False
        while (missing := self.ask_readyz()) is not None:
            self.tend()
            for child in self.children:
                if child.failures >= HOPELESS:
                    raise Problem(f"The {child.name} does not start ({child.log}): {child.last_words()}")
            if not told and time.monotonic() > end:
                say(f"Still waiting: {missing}. The logs are in {self.var / 'log'}.")
                told = True
            time.sleep(0.4)
        existing = {path for _, path in banner.PAGES if self.get(path) not in {0, 404}}
        say(banner.text(address=f"http://127.0.0.1:{self.port}", var=self.var, existing=existing))

    def tend(self) -> None:
        """Bring back what died: servers first, since the children need them."""
        if self.servers is not None and not self.servers.running():
            try:
                self.servers.start()
            except EmbeddedError as error:
                say(str(error))
        for child in self.children:
            before = child.failures
            child.tend()
            if child.failures > before:
                say(f"The {child.name} died and is started again; see {child.log}.")

    def stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        until = time.monotonic() + STOPPING
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.wait(until=until)

    def ask_readyz(self) -> str | None:
        """None when ready, else what is missing."""
        try:
            status, body = self.fetch("/readyz/")
        except (OSError, http.client.HTTPException):
            return "the web server does not answer yet"
        if status == 200:
            return None
        try:
            checks = json.loads(body)["checks"]
        except (ValueError, KeyError):
            return f"/readyz/ answers {status}"
        return "; ".join(f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"])

    def get(self, path: str) -> int:
        try:
            return self.fetch(path)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def fetch(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop

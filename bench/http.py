"""One order over HTTP by 16 clients, against two bare views on the same server: one statement, and one function.

The server is that of `make run`: gunicorn with its configuration, two processes of four threads, PostgreSQL with durability
on, Redis for the limits. The clients take a part of the same two cores, from all three alike. Each is measured three
times in turn, and the medians are compared.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import http_client, shops, worlds
from bench.http_client import Load
from loyaltysite.embedded import Redis
from loyaltysite.embedded.account import die_with_parent
from loyaltysite.embedded.processes import wait_until

CLIENTS, MEMBERS, SECONDS, ROUNDS = 16, 2_000, 5.0, 3
FLOOR = Path(__file__).with_name("http_floor.sql")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
WAYS = {"statement": "/bench/statement", "function": "/bench/function", "order": "/api/v1/orders"}


def run() -> list[dict[str, Any]]:
    with worlds.world() as made, tempfile.TemporaryDirectory() as folder:
        made.run(["-m", "bench.shops"])
        filled = made.python("bench.http", "fill")
        with made.connect() as connection:
            connection.execute(FLOOR.read_text())
            connection.execute("ANALYZE")
        with redis() as url, site(made, Path(folder), url) as port:
            loads = measure(port, filled["secret"], filled["members"])
    return figures(loads)


def measure(port: int, secret: str, members: list[int]) -> dict[str, list[Load]]:
    found: dict[str, list[Load]] = {name: [] for name in WAYS}
    makers = {name: requests(path, secret, members, name) for name, path in WAYS.items()}
    for name, maker in makers.items():
        http_client.drive(port, maker, clients=CLIENTS, seconds=1.5)
        print(f"  warm: {name}", flush=True)
    for _ in range(ROUNDS):
        for name, maker in makers.items():
            load = http_client.drive(port, maker, clients=CLIENTS, seconds=SECONDS)
            assert set(load.statuses) == {201}, (name, load.statuses)
            found[name].append(load)
            print(f"  {name}: {load.rate:,.0f}/s, p95 {load.quantile(0.95) * 1000:.1f} ms", flush=True)
    return found


def figures(loads: dict[str, list[Load]]) -> list[dict[str, Any]]:
    rate = {name: statistics.median(load.rate for load in each) for name, each in loads.items()}
    late = {name: statistics.median(load.quantile(0.95) for load in each) for name, each in loads.items()}
    done = sum(len(load.times) for load in loads["order"])
    shared = {"rows": done, "seconds": SECONDS * ROUNDS}
    name = f"order over HTTP, {CLIENTS} clients"

    def of(floor: str, goal: float, text: str) -> dict[str, Any]:
        ratio = rate["order"] / rate[floor]
        return {
            "name": f"{name}: of a bare view with one {floor}",
            "value": round(rate["order"]),
            "unit": "orders/s",
            "floor": round(rate[floor]),
            "ratio": round(ratio, 2),
            "goal": text,
            "met": ratio >= goal,
            **shared,
        }

    slow = late["order"] / late["statement"]
    return [
        of("statement", 0.4, "≥ 0.40 (aim 0.55)"),
        of("function", 0.7, "≥ 0.70"),
        {
            "name": f"{name}: p95",
            "value": round(late["order"] * 1000, 1),
            "unit": "ms",
            "floor": round(late["statement"] * 1000, 1),
            "ratio": round(slow, 2),
            "goal": "≤ 2 × one statement",
            "met": slow <= 2,
            **shared,
        },
    ]


def requests(path: str, secret: str, members: list[int], name: str) -> Iterator[bytes]:
    """Orders of two lines by members in random order."""
    chance = random.Random(name)
    is_ours = name == "order"
    for number in itertools.count():
        member = chance.choice(members)
        amount = chance.randrange(500, 9_000, 100)
        order = {
            "source": "bench",
            "external_id": f"{name}-{number}",
            "occurred_at": NOW.isoformat(),
            "currency": "GBP",
            "channel": "web",
            "member": {"kind": "shop", "value": f"m{member}" if is_ours else str(member)},
            "lines": [
                {"sku": f"SKU-{line}", "quantity": 1, "amount_minor": amount, "category": f"category {line}"}
                for line in (1, 2)
            ],
        }
        yield request(path, json.dumps(order).encode(), secret, f"{name}-{number}")


def request(path: str, body: bytes, secret: str, key: str) -> bytes:
    """A POST as it goes over the line."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {secret}\r\nIdempotency-Key: {key}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def redis() -> Iterator[str]:
    path = Path(tempfile.mkdtemp(prefix="wafa-redis-"))
    server = Redis(path, durable=False)
    server.account.own(path)
    server.start(attached=True)
    try:
        yield server.url()
    finally:
        server.remove()


@contextmanager
def site(made: worlds.World, folder: Path, redis_url: str) -> Iterator[int]:
    """gunicorn as `make run` starts it; its port."""
    import signal
    import socket
    import urllib.request

    (folder / "metrics").mkdir()
    environment = made.environment() | {
        "DJANGO_SETTINGS_MODULE": "bench.http_site",
        "REDIS_URL": redis_url,
        "WAFA_VAR": str(folder),
        "WAFA_PROCESS": "web",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
    }
    with socket.create_server(("127.0.0.1", 0), backlog=512) as door, (folder / "web.log").open("wb") as log:
        port: int = door.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "-c", "python:loyaltysite.web", "loyaltysite.wsgi"]
        process = subprocess.Popen(
            [*command, "--bind", f"fd://{door.fileno()}"],
            env=environment,
            cwd=worlds.ROOT,
            pass_fds=[door.fileno()],
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads here
        )

        def answers() -> bool:
            if process.poll() is not None:
                raise RuntimeError((folder / "web.log").read_text()[-3000:])
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/", timeout=2):
                    return True
            except OSError:
                return False

        try:
            if not wait_until(answers, seconds=60):
                raise RuntimeError((folder / "web.log").read_text()[-3000:])
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


# --- inside the world -------------------------------------------------------------------------------------------------


def fill() -> dict[str, Any]:
    """2,000 members with an order each, and a key that is never held back."""
    from django_scopes import scope

    from members.models import Member, Program, Scope
    from rewards import intake
    from rewards.intake.items import LineIn, OrderIn, Who

    program = Program.objects.get()
    at = NOW - timedelta(days=1)
    lines = tuple(LineIn(f"SKU-{line}", 1, 5_000, category=f"category {line}") for line in (1, 2))
    _owner, secret = open_key(program, [Scope.ORDERS_WRITE])
    with scope(program=program):
        intake.record(
            program=program,
            items=[
                OrderIn("bench", f"first-{n}", at, lines, Who("card", f"c{n}", joins=True))
                for n in range(MEMBERS)
            ],
            now=at,
        )
        members = list(Member.objects.values_list("pk", flat=True))
        from members import identities

        for member in Member.objects.all():
            identities.add(member=member, kind="shop", value=f"m{member.pk}")
    return {"secret": secret, "members": members}


def open_key(program: Any, scopes: list[str]) -> tuple[Any, str]:
    """An owner, and a key of theirs that is never held back."""
    from members import keys, teams
    from members.models import Role, User

    at = NOW - timedelta(days=1)
    owner = User.objects.create_user("bench@example.com")
    teams.set_role(program=program, user=owner, role=Role.OWNER, by=None, now=at)
    _key, secret = keys.create(
        program=program, name="Bench", scopes=scopes, by=owner, now=at,
        reads_per_minute=keys.MOST_PER_MINUTE, writes_per_minute=keys.MOST_PER_MINUTE,
    )  # fmt: skip
    return owner, secret


if __name__ == "__main__":
    shops.setup()
    print(json.dumps({"fill": fill}[sys.argv[1]]()))

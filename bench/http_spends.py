"""A spend and a redemption over HTTP by 16 clients, each against a bare view that calls one function doing the same.

The same server and clients as bench/http.py. Staff answer for each, as the till does; the code of a member's page would be
another one for each request.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import http, http_client, redemptions, shops, worlds
from bench.http import CLIENTS, ROUNDS, SECONDS, request
from bench.http_client import Load

PRICE = 5
WORD = {"kind": "override", "reason": "Till without network"}
# What is measured: the floor's address, and ours by member.
WAYS: dict[str, tuple[str, Callable[[int], str], dict[str, Any]]] = {
    "spend": (
        "/bench/spend",
        lambda member: f"/api/v1/members/{member}/spends",
        {"unit": "points", "amount": PRICE, "authorization": WORD},
    ),
    "redeem": (
        "/bench/redeem",
        lambda member: f"/api/v1/members/{member}/redemptions",
        {"reward": "endless", "authorization": WORD},
    ),
}


def run() -> list[dict[str, Any]]:
    with worlds.world() as made, tempfile.TemporaryDirectory() as folder:
        made.run(["-m", "bench.shops"])
        filled = made.python("bench.http_spends", "fill")
        with made.connect() as connection:
            for file in redemptions.FLOORS:
                connection.execute(file.read_text())
            connection.execute("ANALYZE")
        with http.redis() as url, http.site(made, Path(folder), url) as port:
            return [measure(port, name, filled) for name in WAYS]


def measure(port: int, name: str, filled: dict[str, Any]) -> dict[str, Any]:
    floor_path, path_of, body = WAYS[name]
    secret, pairs, reward = filled["secret"], filled["pairs"], filled["reward"]

    def told(wallet: int, number: str) -> dict[str, Any]:
        return {"wallet": wallet, "amount": PRICE, "reward": reward, "number": number}

    makers = {
        "floor": stream(secret, pairs, f"{name}-floor", lambda _member: floor_path, told),
        "ours": stream(secret, pairs, f"{name}-ours", path_of, lambda _wallet, _number: body),
    }
    for maker in makers.values():
        http_client.drive(port, maker, clients=CLIENTS, seconds=1.5)
    found: dict[str, list[Load]] = {side: [] for side in makers}
    for _ in range(ROUNDS):
        for side, maker in makers.items():
            load = http_client.drive(port, maker, clients=CLIENTS, seconds=SECONDS)
            assert set(load.statuses) == {201}, (name, side, load.statuses)
            found[side].append(load)
    rate = {side: statistics.median(load.rate for load in each) for side, each in found.items()}
    ratio = rate["ours"] / rate["floor"]
    late = statistics.median(load.quantile(0.95) for load in found["ours"]) * 1000
    return {
        "name": f"{name} over HTTP, {CLIENTS} clients (p95 {late:.0f} ms): of a bare view with one function",
        "value": round(rate["ours"]),
        "unit": f"{name}s/s" if name == "spend" else "redemptions/s",
        "floor": round(rate["floor"]),
        "ratio": round(ratio, 2),
        "goal": "≥ 0.40 of one function",
        "met": ratio >= 0.4,
        "rows": sum(len(load.times) for load in found["ours"]),
        "seconds": SECONDS * ROUNDS,
    }


def stream(
    secret: str,
    pairs: list[list[int]],
    name: str,
    path_of: Callable[[int], str],
    body_of: Callable[[int, str], dict[str, Any]],
) -> Iterator[bytes]:
    """Requests for members in random order, each with a key of its own."""
    chance = random.Random(name)
    for number in itertools.count():
        member, wallet = chance.choice(pairs)
        key = f"{name}-{number}"
        yield request(path_of(member), json.dumps(body_of(wallet, key)).encode(), secret, key)


# --- inside the world -------------------------------------------------------------------------------------------------


def fill() -> dict[str, Any]:
    """The members and rewards of bench/redemptions.py, and a key that may spend and is never held back."""
    from django_scopes import scope

    from members.models import Program, Scope
    from rewards.models import Reward, Wallet

    redemptions.fill()
    program = Program.objects.get()
    _owner, secret = http.open_key(program, [Scope.POINTS_SPEND, Scope.POINTS_WRITE])
    with scope(program=program):
        pairs = list(Wallet.objects.filter(active__gt=10_000).values_list("holder_id", "pk"))
        reward = Reward.objects.get(key="endless").pk
    return {"secret": secret, "pairs": pairs, "reward": reward}


if __name__ == "__main__":
    shops.setup()
    print(json.dumps({"fill": fill}[sys.argv[1]]()))

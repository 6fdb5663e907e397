"""The pair of servers of a clone. They run while somebody holds them; the last one out stops them."""

import fcntl
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loyaltysite.embedded import account as accounts
from loyaltysite.embedded import leash, place
from loyaltysite.embedded.errors import EmbeddedError
from loyaltysite.embedded.postgres import OWNER, Cluster
from loyaltysite.embedded.redis import Redis


class Servers:
    """PostgreSQL and Redis under `var`; one pair for the site, another (not durable) for its tests."""

    def __init__(self, var: Path, *, durable: bool = True, postgres: bool = True, redis: bool = True) -> None:
        self.var = var
        self.home = place.home(var, accounts.current())
        self.postgres = Cluster(self.home / "postgres", durable=durable)
        self.redis = Redis(self.home / "redis", durable=durable)
        self.wanted: list[Cluster | Redis] = [
            server for server, want in ((self.postgres, postgres), (self.redis, redis)) if want
        ]

    def environment(self) -> dict[str, str]:
        """The variables that point a process of the site at these servers."""
        found: dict[str, str] = {}
        if self.postgres in self.wanted:
            found |= {"DATABASE_URL": self.postgres.url(), "DATABASE_OWNER_URL": self.postgres.url(OWNER)}
        if self.redis in self.wanted:
            found["REDIS_URL"] = self.redis.url()
        return found

    def running(self) -> bool:
        return all(server.running() for server in self.wanted)

    def start(self) -> None:
        """Start what does not run, and write the addresses down for `manage.py`."""
        for server in self.wanted:
            server.start()
        addresses = self.var / "servers.json"
        addresses.touch(mode=0o600)
        addresses.write_text(json.dumps(self.environment()))

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()

    @contextmanager
    def held(self) -> Iterator["Servers"]:
        """Keep the servers running for as long as this lasts, or this process lives."""
        using = self._take()
        try:
            yield self
        finally:
            self._release(using)

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """Nobody uses the servers while this lasts, and they are down; refused while somebody does."""
        with self._lock("starting") as starting, self._lock("users") as users:
            fcntl.flock(starting, fcntl.LOCK_EX)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EmbeddedError("Something still uses the servers; please stop it first.") from None
            self.stop()
            yield

    def _take(self) -> IO[str]:
        with self._lock("starting") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            using = self._lock("users")
            fcntl.flock(using, fcntl.LOCK_SH)
            self._put_on_leash()
            try:
                self.start()
            except BaseException:
                using.close()
                raise
        return using

    def _release(self, using: IO[str]) -> None:
        with self._lock("starting") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            using.close()
            with self._lock("users") as last:
                try:
                    fcntl.flock(last, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    # Others use the servers, or the leash is stopping them: then wait for it.
                    fcntl.flock(last, fcntl.LOCK_SH)
                else:
                    self.stop()

    def _lock(self, name: str) -> IO[str]:
        return (self.var / f"{name}.lock").open("a")

    def _put_on_leash(self) -> None:
        """If every user dies without a word, a small process of its own stops the servers."""
        files = [self.var / "leash.lock", self.var / "users.lock", self.postgres.path, self.redis.path]
        subprocess.run(
            [sys.executable, "-I", leash.__file__, *map(str, files)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=True,
        )


@contextmanager
def throwaway(*, durable: bool = True) -> Iterator[Cluster]:
    """A cluster for one test or benchmark, stopped and deleted afterwards, even if this process dies."""
    path = Path(tempfile.mkdtemp(prefix="wafa-cluster-"))
    cluster = Cluster(path, durable=durable)
    cluster.account.own(path)
    try:
        cluster.start(attached=True)
        yield cluster
    finally:
        cluster.remove()

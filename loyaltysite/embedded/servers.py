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
from loyaltysite.embedded.postgres import OWNER, Cluster
from loyaltysite.embedded.redis import Redis


class Servers:
    """PostgreSQL and Redis under `var`; one pair for the site, another (not durable) for its tests."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        self.var = var
        self.home = place.home(var, accounts.current())
        self.postgres = Cluster(self.home / "postgres", durable=durable)
        self.redis = Redis(self.home / "redis", durable=durable)

    def environment(self) -> dict[str, str]:
        """The variables that point a process of the site at these servers."""
        return {
            "DATABASE_URL": self.postgres.url(),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER),
            "REDIS_URL": self.redis.url(),
        }

    def running(self) -> bool:
        return self.postgres.running() and self.redis.running()

    def start(self) -> None:
        """Start what does not run, and write the addresses down for `manage.py`."""
        self.postgres.start()
        self.redis.start()
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

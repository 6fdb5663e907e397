"""Deletes what the embedded servers hold, after asking; a server of yours is never touched."""

import os
import shutil
import sys
from pathlib import Path

from loyaltysite.embedded import EmbeddedError, Servers
from loyaltysite.run import places
from loyaltysite.run.problems import Problem
from loyaltysite.run.supervisor import alone, say

DELETED = (
    *("servers", "place", "servers.json", "secret_key", "beat-schedule*", "demo-loaded", "demo-logins.json"),
    *("mail", "media", "metrics"),
)


def run() -> None:
    if places.is_set("DATABASE_URL") or places.is_set("REDIS_URL"):
        raise Problem(
            "DATABASE_URL or REDIS_URL is set; `make reset` deletes only embedded data, so unset them first."
        )
    var = places.var()
    with alone():
        try:
            servers = Servers(var)
            with servers.emptied():
                ask(servers.home)
                servers.postgres.remove()
                servers.redis.remove()
        except EmbeddedError as error:
            raise Problem(str(error)) from error
        shutil.rmtree(servers.home, ignore_errors=True)
        for pattern in DELETED:
            for path in var.glob(pattern):
                delete(path)
    say("Everything is deleted; backups and logs are kept. `make run` starts afresh.")


def ask(home: Path) -> None:
    """Only the word yes counts, so that a stray key deletes nothing."""
    if os.environ.get("WAFA_YES") == "1":
        return
    say(f"This deletes all members, orders and points in {home}.")
    if not sys.stdin.isatty():
        raise Problem("Nothing was deleted: there is nobody to ask (WAFA_YES=1 make reset does not ask).")
    if input("Type yes to go on: ").strip() != "yes":
        raise Problem("Nothing was deleted.")


def delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Where this clone keeps what it writes, and which servers it uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from loyaltysite.embedded import EmbeddedError, Servers
from loyaltysite.run.problems import Problem, without_password

ROOT = Path(__file__).resolve().parents[2]


def var() -> Path:
    path = Path(os.environ.get("WAFA_VAR", ROOT / ".var"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def is_set(name: str) -> bool:
    return bool(os.environ.get(name))


@contextmanager
def servers() -> Iterator[tuple[Servers | None, dict[str, str]]]:
    """The embedded servers that are needed, running, and the variables that point at all of them."""
    given = {
        name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL") if is_set(name)
    }
    check_answers(given)
    if "DATABASE_URL" in given and "REDIS_URL" in given:
        yield None, given
        return
    try:
        pair = Servers(var(), postgres="DATABASE_URL" not in given, redis="REDIS_URL" not in given)
        with pair.held():
            yield pair, pair.environment() | given
    except EmbeddedError as error:
        raise Problem(str(error)) from error


def check_answers(given: dict[str, str]) -> None:
    """Ask the servers that were given, so that a wrong address is said before anything else happens."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        if name in given:
            check_database(name, given[name])
    if url := given.get("REDIS_URL"):
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
                client.ping()
        except (redis.RedisError, ValueError, OSError) as error:
            raise Problem(
                f"REDIS_URL ({without_password(url)}) does not answer: {first_line(error)}"
            ) from error


def check_database(name: str, url: str) -> None:
    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise Problem(f"{name} must start with postgresql://; other databases are not supported.")
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        raise Problem(f"{name} ({without_password(url)}) does not answer: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__

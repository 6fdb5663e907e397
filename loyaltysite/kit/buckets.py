"""Limits on how often, shared by all processes through Redis. Without Redis nobody is held back, and the log says so.

A limit protects the site from its friends; it is no wall. So an outage of Redis must not close the shop: every request
is let through, one line of the log a few seconds apart tells it, and correctness never rests on what is kept here.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

WINDOW = 60_000  # milliseconds
PAUSE = 5.0  # seconds until a Redis that failed is asked again

# The generic cell rate algorithm (ATM Forum, TM 4.0): one number a bucket, the moment at which it is full again.
# KEYS: the bucket, and a marker to set ("" for none). ARGV: how many a window, the window, the marker's life (ms).
SCRIPT = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = full + window / limit
if next - now > window then
    return {0, 0, math.ceil(full - now), math.ceil(next - window - now), 0}
end
redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now))
local marked = 1
if KEYS[2] ~= '' then
    marked = redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) and 1 or 0
end
return {1, math.floor((window - (next - now)) * limit / window), math.ceil(next - now), 0, marked}
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """`reset` and `wait` are seconds: until the bucket is full again, and until the next is let through.
    `is_marked` is False when somebody else set the marker before."""

    is_allowed: bool
    limit: int
    remaining: int
    reset: int
    wait: int
    is_marked: bool = True


_down_until = 0.0


def take(
    name: str, *, per_minute: int, marker: str = "", marker_ms: int = 30_000, window: int = WINDOW
) -> Taken:
    """Take one from the bucket `name`, and set `marker` for a while when that was allowed: one round trip. With another
    `window`, in milliseconds, it holds `per_minute` for so long."""
    free = Taken(is_allowed=True, limit=per_minute, remaining=per_minute - 1, reset=0, wait=0)
    if time.monotonic() < _down_until:
        return free
    arguments: list[str | int] = [
        2, f"wafa:bucket:{name}", f"wafa:running:{marker}" if marker else "", per_minute, window, marker_ms
    ]  # fmt: skip
    try:
        allowed, remaining, reset, wait, marked = _run(arguments)
    except redis.RedisError as error:
        _rest(error)
        return free
    return Taken(bool(allowed), per_minute, remaining, -(-reset // 1000), -(-wait // 1000), bool(marked))


def release(marker: str) -> None:
    """Let the next one set the marker at once."""
    try:
        _client(settings.REDIS_URL).delete(f"wafa:running:{marker}")
    except redis.RedisError as error:
        _rest(error)


def _rest(error: redis.RedisError) -> None:
    global _down_until  # noqa: PLW0603 - one note for the whole process
    _down_until = time.monotonic() + PAUSE
    log.warning("Redis does not answer; nobody is held back", extra={"error": type(error).__name__})


class Line(threading.local):
    """A thread's own connection. The client's pool and retries would cost as much again as the question itself."""

    connection: Any = None
    url = ""


_line = Line()
MARK = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


def _run(arguments: list[str | int]) -> Any:
    """What the script says. Raises redis.RedisError."""
    url: str = settings.REDIS_URL
    if _line.connection is None or _line.url != url:
        _line.connection, _line.url = _client(url).connection_pool.make_connection(), url
    line = _line.connection
    try:
        line.send_command("EVALSHA", MARK, *arguments)
        return line.read_response()
    except redis.exceptions.NoScriptError:
        line.send_command("EVAL", SCRIPT, *arguments)
        return line.read_response()
    except redis.RedisError:
        # Whatever of an answer is still on its way must not be taken for the next one's.
        line.disconnect()
        _line.connection = None
        raise


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    # A silent repeat of a script whose answer got lost would take two; so nothing is repeated.
    seconds: float = settings.LIMITS_WITHIN
    return redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
    )

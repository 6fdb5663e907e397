"""Signed links of messages: each token serves one purpose for one message, and nobody can make one up.

They are those of django.core.signing and read by it; only what is the same for a thousand of them is worked out once."""

from __future__ import annotations

import hmac
import json
import re
import time
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from html import unescape

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

UNSUBSCRIBE, CLICK, OPEN = "wafa.messages.unsubscribe", "wafa.messages.click", "wafa.messages.open"
# What is shorter does not get any shorter.
SHORT = 90
HREF = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)(["'])(https?://.*?)\2""", re.IGNORECASE | re.DOTALL)


def unsubscribe(site: str, message_id: int) -> str:
    return site + _path("unsubscribe", _signed(b"%d" % message_id, UNSUBSCRIBE))


def click(site: str, message_id: int, url: str) -> str:
    token = _signed(b"[%d,%s]" % (message_id, _quoted(url)), CLICK, is_packed=len(url) > SHORT)
    return site + _path("click", token)


def opening(site: str, message_id: int) -> str:
    return site + _path("open", _signed(b"%d" % message_id, OPEN))


def _path(name: str, token: str) -> str:
    before, _here, after = _around(name)
    return f"{before}{token}{after}"


def _signed(told: bytes, purpose: str, *, is_packed: bool = False) -> str:
    """As signing.dumps makes it of the same JSON."""
    packed = zlib.compress(told) if is_packed else told
    is_shorter = len(packed) < len(told) - 1
    dot = "." if is_shorter else ""
    value = f"{dot}{signing.b64_encode(packed if is_shorter else told).decode()}:{_second(int(time.time()))}"
    seal = _seal(purpose, settings.SECRET_KEY).copy()
    seal.update(value.encode())
    return f"{value}:{signing.b64_encode(seal.digest()).decode()}"


@lru_cache(maxsize=16)
def _seal(purpose: str, secret: str) -> hmac.HMAC:
    return salted_hmac(f"{purpose}signer", b"", secret=secret, algorithm="sha256")


@lru_cache(maxsize=1)
def _second(now: int) -> str:
    return signing.b62_encode(now)


@lru_cache(maxsize=4096)
def _quoted(url: str) -> bytes:
    return json.dumps(url).encode("ascii")


@cache
def _around(name: str) -> tuple[str, str, str]:
    """The address before and after the token; it is asked for a thousand times a second."""
    return reverse(f"campaigns:{name}", args=["TOKEN"]).partition("TOKEN")


def read(token: str, purpose: str) -> int | None:
    """The message of a token of this purpose; None for any other."""
    try:
        found = signing.loads(token, salt=purpose)
    except signing.BadSignature:
        return None
    return found if isinstance(found, int) else None


def read_click(token: str) -> tuple[int, str] | None:
    try:
        message_id, url = signing.loads(token, salt=CLICK)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return message_id, url


def track(html: str, *, site: str, message_id: int, keep: tuple[str, ...] = ()) -> str:
    """The same with each link led through ours, but for those that begin with one of `keep`."""
    return lead(html, keep=keep, through=lambda url: click(site, message_id, url))


def lead(html: str, *, keep: tuple[str, ...], through: Callable[[str], str]) -> str:
    """The same with each link as `through` has it, which is asked once for an address."""
    led: dict[str, str] = {}

    def changed(found: re.Match[str]) -> str:
        url = unescape(found[3])
        if url.startswith(keep):
            return found[0]
        if url not in led:
            led[url] = through(url)
        return f"{found[1]}{found[2]}{led[url]}{found[2]}"

    return HREF.sub(changed, html)

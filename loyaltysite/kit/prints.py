"""Keyed prints of what was sent: they tell a repeat from a contradiction, and without the key nobody can test a guess.

What was sent holds names, addresses and phone numbers, and few enough phone numbers exist to try them all: so a print is
no plain hash. It is version, name of the key, and keyed BLAKE2b (RFC 7693), 28 bytes; those of 32 bytes are plain
SHA-256, from before.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac

SALT = "wafa.kit.prints"
VERSION, NAME, SIZE = b"\x01", 3, 24
PLAIN = 32
SECRETS = {"MARK_KEY", "SECRET_KEY", "SECRET_KEY_FALLBACKS"}


class Machine:
    """Makes the prints of one key."""

    def __init__(self, secret: str | bytes) -> None:
        key = salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()
        self.head = VERSION + hashlib.blake2b(key, digest_size=NAME, person=b"name").digest()
        self.begun = hashlib.blake2b(key=key, digest_size=SIZE)

    def print(self, content: bytes) -> bytes:
        # Begun once and copied: to set the key each time would take as long as the rest.
        machine = self.begun.copy()
        machine.update(content)
        return self.head + machine.digest()


def of(content: bytes) -> bytes:
    """The print of content in its canonical form, by the present key."""
    return _machines()[0].print(content)


def fits(kept: bytes, content: bytes) -> bool:
    """Whether a kept print is one of this content, by whichever key it was made.

    One by a key that is gone can no longer be told; it is taken to fit: what it was kept for has had its effect, and a
    shop that asks again must not be told of a contradiction that is none."""
    if len(kept) == PLAIN:
        return hmac.compare_digest(kept, hashlib.sha256(content).digest())
    for machine in _machines():
        if kept.startswith(machine.head):
            return hmac.compare_digest(kept, machine.print(content))
    return kept.startswith(VERSION)


@cache
def _machines() -> list[Machine]:
    """One for each key that a print may be of, the present one first."""
    secrets = (settings.MARK_KEY, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [Machine(secret) for secret in secrets if secret]


def _forget(*, setting: str, **_others: Any) -> None:
    if setting in SECRETS:
        _machines.cache_clear()


setting_changed.connect(_forget)

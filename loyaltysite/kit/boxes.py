"""A secret that must be readable again: sealed with keys derived from SECRET_KEY, so that a copy of the database holds
nothing of use."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

NONCE = 12
SALT = "wafa.boxes"


def seal(text: str, *, purpose: str, context: str, salt: str = SALT) -> bytes:
    """The text under AES-256-GCM; it opens only for the same salt, purpose and context."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(keys(salt, purpose)[0]).encrypt(nonce, text.encode(), context.encode())


def unseal(sealed: bytes, *, purpose: str, context: str, salt: str = SALT) -> str:
    """The text; "" when the secret key that sealed it is gone."""
    for key in keys(salt, purpose):
        try:
            return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode()).decode()
        except InvalidTag:
            continue
    return ""


def keys(salt: str, purpose: str) -> list[bytes]:
    """The present key first, then those it replaced."""
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(salt, purpose, secret=each, algorithm="sha256").digest() for each in known]

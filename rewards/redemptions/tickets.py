"""Codes of redemptions: 80 random bits that people can read out, found by a keyed digest, sealed for their owner."""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

# 32 signs of five bits each: no I, L, O, U, which look like others or make words.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 16, 4
ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
SALT = "wafa.rewards.redemptions"
NONCE = 12


def draw() -> str:
    """A new code: HL7K92QF3XTM84WP."""
    return "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))


def clean(typed: str) -> str:
    """What was scanned or typed in the signs of a code; "" for what cannot be one."""
    # Longer than any code with its dashes and spaces: nobody makes us look through a book.
    if len(typed) > 4 * LENGTH:
        return ""
    found = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum()).translate(ALIKE)
    return found if len(found) == LENGTH else ""


def shown(code: str) -> str:
    """HL7K-92QF-3XTM-84WP"""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def digests(*, program_id: int, code: str) -> list[bytes]:
    """Under which a code may be kept, by the present key first: HMAC-SHA256, another one in each program."""
    return [hmac.digest(key, f"{program_id}|{code}".encode(), "sha256") for key in _keys("digest")]


def seal(*, program_id: int, code: str) -> bytes:
    """Readable again with this site's secret only (AES-256-GCM)."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(_keys("seal")[0]).encrypt(nonce, code.encode(), str(program_id).encode())


def unseal(*, program_id: int, sealed: bytes) -> str:
    """The code; "" when the secret that sealed it is gone."""
    for key in _keys("seal"):
        try:
            return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], str(program_id).encode()).decode()
        except InvalidTag:
            continue
    return ""


def _keys(purpose: str) -> list[bytes]:
    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(SALT, purpose, secret=each, algorithm="sha256").digest() for each in known]

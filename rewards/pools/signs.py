"""A code in its one form, its keyed digest, and how one is drawn: 80 random bits that people can read out."""

from __future__ import annotations

import hashlib
import os
import string
import unicodedata
from base64 import b32encode
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

from rewards.models.codes import DIGEST

# 32 signs of five bits each: no I, L, O, U, which look like others or make words.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 16, 4
ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
SALT = "wafa.rewards.pools"
SHORTEST, LONGEST = 3, 64
# Nobody makes us look through a book.
LONGEST_TYPED = 4 * LONGEST
NONCE = 12
RANDOM = 10
BESIDES = frozenset("._/+#*")
# Between the groups of a code stands what the printer or the reader likes.
LEFT_OUT = dict.fromkeys(map(ord, " \t-\u00a0\u2010\u2011\u2012\u2013\u200e\u200f"))
# The same for ASCII, all codes of a file at once: capital letters, and what is left out.
CAPITALS = bytes.maketrans(bytes(range(97, 123)), bytes(range(65, 91)))
LEFT_OUT_OF_ASCII = b" \t-"
# A code of ASCII is nothing when these are taken out of it.
SIGNS_OF_ASCII = (string.ascii_letters + string.digits + "".join(sorted(BESIDES))).encode()
READABLE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", SIGNS)


def clean(typed: str) -> str:
    """A code as it is looked up: capital letters, digits 0 to 9, no spaces or dashes; "" for what cannot be one."""
    if len(typed) > LONGEST_TYPED:
        return ""
    if not typed.isascii():
        typed = "".join(map(_plain, unicodedata.normalize("NFKC", typed)))
    found = typed.strip().upper().translate(LEFT_OUT)
    if not SHORTEST <= len(found) <= LONGEST:
        return ""
    return found if found.isalnum() or all(sign.isalnum() or sign in BESIDES for sign in found) else ""


def cleaned(rows: bytes) -> list[bytes]:
    """`clean` for each row of ASCII, none longer than LONGEST_TYPED, in two passes over all of them."""
    return [
        row
        if SHORTEST <= len(row) <= LONGEST and (row.isalnum() or not row.translate(None, SIGNS_OF_ASCII))
        else b""
        for row in rows.translate(CAPITALS, LEFT_OUT_OF_ASCII).split(b"\n")
    ]


def _plain(sign: str) -> str:
    """Digits of other scripts as those that every keyboard has."""
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def draw() -> str:
    """A new code of 16 signs: HV7K92QF3XTM84WP."""
    return b32encode(os.urandom(RANDOM)).decode().translate(READABLE)


def read_out(typed: str) -> str:
    """What was scanned or typed of a code that was drawn here, in its signs; "" for what cannot be one."""
    # Longer than any code with its dashes and spaces: nobody makes us look through a book.
    if len(typed) > 4 * LENGTH:
        return ""
    found = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum()).translate(ALIKE)
    return found if len(found) == LENGTH else ""


def shown(code: str) -> str:
    """HV7K-92QF-3XTM-84WP where it was drawn here, else as it is."""
    if len(code) != LENGTH or not set(code) <= set(SIGNS):
        return code
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def digests(*, program_id: int, typed: str) -> list[bytes]:
    """Under which a code may be kept, by every key there is; also as it was drawn, where O was read for 0."""
    forms = dict.fromkeys(form for form in (clean(typed), read_out(typed)) if form)
    return [keeper.digest(form) for keeper in keepers(program_id) for form in forms]


def keepers(program_id: int) -> list[Keeper]:
    """One for each key there is, the present one first."""
    return [Keeper(program_id, number) for number in range(len(_keys()))]


class Keeper:
    """Makes digests and seals of one program's codes: BLAKE2b with a key (RFC 7693), 16 bytes, and AES-256-GCM."""

    def __init__(self, program_id: int, number: int = 0) -> None:
        finding, sealing = _keys()[number]
        self.key = hashlib.blake2b(str(program_id).encode(), key=finding, digest_size=32).digest()
        self.cipher = AESGCM(sealing)
        self.about = str(program_id).encode()

    def digest(self, code: str) -> bytes:
        return hashlib.blake2b(code.encode(), key=self.key, digest_size=DIGEST).digest()

    def digests(self, codes: Sequence[bytes]) -> list[bytes]:
        """Of codes in their one form, as UTF-8; b"" of b""."""
        make, key = hashlib.blake2b, self.key
        return [make(code, key=key, digest_size=DIGEST).digest() if code else b"" for code in codes]

    def seal(self, code: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self.cipher.encrypt(nonce, code.encode(), self.about)

    def open(self, sealed: bytes) -> str:
        """Raises InvalidTag where another key has sealed it."""
        return self.cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self.about).decode()


def unseal(*, program_id: int, sealed: bytes | None) -> str:
    """The code; "" where it was not kept, or when the secret that sealed it is gone."""
    for number in range(len(_keys()) if sealed else 0):
        try:
            return Keeper(program_id, number).open(bytes(sealed or b""))
        except InvalidTag:
            continue
    return ""


def _keys() -> tuple[tuple[bytes, bytes], ...]:
    return _derived((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _derived(secrets: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """The present key first: one to find, one to seal."""
    return tuple(
        (
            salted_hmac(SALT, "digest", secret=each, algorithm="sha256").digest(),
            salted_hmac(SALT, "seal", secret=each, algorithm="sha256").digest(),
        )
        for each in secrets
    )

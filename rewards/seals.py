"""Seals sign the heads of all chains with a key that the database does not hold: whoever rewrites a chain whole, with
every digest and balance right, still cannot sign it.

root = sha256(previous root ‖ heads in wallet order), a head being the line "wallet <tab> seq <tab> digest in hex <newline>".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import salted_hmac
from django_scopes import scope
from psycopg import sql

from loyaltysite.kit.db import raw_cursor
from members.models import Program
from rewards.lots import micros
from rewards.models import Seal

SALT = "wafa.rewards.seals"

# Heads that were never sealed: a chain only grows, so a known (wallet, seq) is an unmoved one.
MOVED = """
    INSERT INTO rewards_sealedhead (wallet_id, seq, seal_id, digest)
    SELECT w.id, w.seq, %s, w.digest FROM rewards_wallet w
    WHERE w.program_id = %s AND w.seq > 0
      AND NOT EXISTS (SELECT 1 FROM rewards_sealedhead s WHERE s.wallet_id = w.id AND s.seq = w.seq)
"""
# COPY's own text is the canonical one: the server writes the lines and Python only hashes them.
HEADS = sql.SQL(
    "COPY (SELECT wallet_id, seq, encode(digest, 'hex') FROM rewards_sealedhead WHERE seal_id = {} "
    "ORDER BY wallet_id, seq) TO STDOUT"
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one seal: its root, its number of heads or its signature."""

    seal_id: int
    program_id: int
    check: str
    expected: str
    found: str


def seal(*, program: Program, now: datetime) -> Seal:
    """Sign the heads of all wallets that moved since the last seal, and return the new seal.

    Nothing moved: the seal holds no head and still continues the roots, so that each day has one. Two at once do so
    one after the other."""
    with scope(program=program), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [SALT, program.pk % 2**31])
        last = Seal.objects.filter(program=program).order_by("-id").first()
        cursor.execute("SELECT nextval(pg_get_serial_sequence('rewards_seal', 'id'))")
        number = cursor.fetchone()[0]
        cursor.execute(MOVED, [number, program.pk])
        made = Seal(
            pk=number,
            program=program,
            at=now,
            heads=cursor.rowcount,
            root=root_of(number, bytes(last.root) if last else b""),
        )
        made.signature = sign(made, key())
        made.save(force_insert=True)
        return made


def root_of(number: int, previous: bytes) -> bytes:
    """The root of a seal from its stored heads and the root before it."""
    found = hashlib.sha256(previous)
    with raw_cursor() as cursor, cursor.copy(HEADS.format(sql.Literal(number))) as lines:
        for line in lines:
            found.update(line)
    return found.digest()


def sign(made: Seal, secret: bytes) -> bytes:
    """HMAC-SHA256 of the seal's program, moment, number of heads and root."""
    text = f"{made.program_id}|{micros(made.at)}|{made.heads}|{bytes(made.root).hex()}"
    return hmac.digest(secret, text.encode(), "sha256")


def key() -> bytes:
    """The key that signs: WAFA_SEAL_KEY, or one derived from the secret key."""
    return next(keys())


def keys() -> Iterator[bytes]:
    """All keys that a signature may be of, the present one first."""
    if settings.SEAL_KEY:
        yield settings.SEAL_KEY.encode()
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()


def flaws(made: Iterable[Seal]) -> Iterator[Flaw]:
    """Derive every root and signature again; `made` are all seals in order of program and id."""
    accepted = list(keys())
    program, previous = None, b""
    for each in made:
        previous = previous if each.program_id == program else b""
        program = each.program_id
        stored = bytes(each.root)
        root = root_of(each.pk, previous)
        if root != stored:
            yield Flaw(each.pk, each.program_id, "seal.root", root.hex(), stored.hex())
        signature = bytes(each.signature)
        if not any(hmac.compare_digest(sign(each, secret), signature) for secret in accepted):
            expected = sign(each, accepted[0]).hex()
            yield Flaw(each.pk, each.program_id, "seal.signature", expected, signature.hex())
        previous = stored

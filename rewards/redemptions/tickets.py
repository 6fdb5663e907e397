"""Codes of redemptions: 80 random bits that people can read out, found by a keyed digest, sealed for their owner."""

from __future__ import annotations

import hmac

from loyaltysite.kit import boxes
from rewards.pools import signs

SALT = "wafa.rewards.redemptions"


def draw() -> str:
    """A new code: HL7K92QF3XTM84WP."""
    return signs.draw()


def clean(typed: str) -> str:
    """What was scanned or typed in the signs of a code; "" for what cannot be one."""
    return signs.read_out(typed)


def shown(code: str) -> str:
    """HL7K-92QF-3XTM-84WP"""
    return signs.shown(code)


def digests(*, program_id: int, code: str) -> list[bytes]:
    """Under which a code may be kept, by the present key first: HMAC-SHA256, another one in each program."""
    keys = boxes.keys(SALT, "digest")
    return [hmac.digest(key, f"{program_id}|{code}".encode(), "sha256") for key in keys]


def seal(*, program_id: int, code: str) -> bytes:
    """Readable again with this site's secret only."""
    return boxes.seal(code, salt=SALT, purpose="seal", context=str(program_id))


def unseal(*, program_id: int, sealed: bytes) -> str:
    """The code; "" when the secret that sealed it is gone."""
    return boxes.unseal(sealed, salt=SALT, purpose="seal", context=str(program_id))

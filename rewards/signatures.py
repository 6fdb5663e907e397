"""Statements are signed with Ed25519 (RFC 8032), so that anyone can check them with the public key alone.

The private keys are derived from those of the seals and stored nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rewards import seals

SALT = b"wafa.rewards.signatures"


def sign(content: bytes) -> tuple[str, str]:
    """The id of the present key, and the signature in base64url."""
    private = _private_keys()[0]
    return key_id(private.public_key()), encode(private.sign(content))


def present_key() -> str:
    """The id of the key that signs now."""
    return key_id(_private_keys()[0].public_key())


def holds(content: bytes, *, key: str, signature: str) -> bool:
    """Whether this is the signature of the content by one of our keys, present or former."""
    public = _public_keys().get(key)
    if public is None:
        return False
    try:
        public.verify(decode(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_keys() -> Mapping[str, str]:
    """{key id: public key, 32 raw bytes in base64url}, the present one first."""
    return {name: encode(public.public_bytes_raw()) for name, public in _public_keys().items()}


def key_id(public: Ed25519PublicKey) -> str:
    """The first eight hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:8]


def encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError for anything that is not base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _private_keys() -> list[Ed25519PrivateKey]:
    secrets = seals.keys()
    return [Ed25519PrivateKey.from_private_bytes(hmac.digest(secret, SALT, "sha256")) for secret in secrets]


def _public_keys() -> dict[str, Ed25519PublicKey]:
    found = (private.public_key() for private in _private_keys())
    return {key_id(public): public for public in found}

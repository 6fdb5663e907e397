"""Sign-in codes: known to whoever reads the e-mail and to this site's secret, stored nowhere.

An attempt lives in the shared cache for 15 minutes under a random name that only the asking browser holds. Its code
is a keyed digest of that name, so that asking, storing and checking are the same work for a member's address and for
a stranger's: only the task that writes the e-mail looks for a member, and to strangers it sends nothing, since else
anybody could use a shop's page to bother people who never heard of it.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.core.cache import cache
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members.models import Program

LENGTH, MINUTES, TRIES = 6, 15, 5
# No vowels, so that no word appears, and nothing that looks like something else.
LETTERS = "BCDFGHJKMNPQRTVWXYZ2346789"
SALT = "members.portal.codes"
# The address that `load_demo` gives to its customer; example.com belongs to nobody (RFC 2606).
DEMO_CUSTOMER = "customer@example.com"


class CodeWrong(DomainError):
    """Another code, or the code of an address that is nobody's here: the two are never told apart."""

    code = "code_wrong"
    message = _("This code is another one. Look at the newest e-mail.")


class CodeEnded(DomainError):
    """Too late, too many tries, used already, or never asked for."""

    code = "code_ended"
    message = _("This code has ended. Ask for a new one.")


class Purpose(StrEnum):
    SIGN_IN = "sign-in"
    JOIN = "join"
    LEAVE = "leave"
    SEND = "send"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One asking for a code, by one browser, for one address of one program; the code is good for its purpose alone.

    Who joins has typed a `person` and perhaps allowed offers, or gave a `phone` in place of an address."""

    name: str
    program_id: int
    email: str
    language: str
    then: str = ""
    purpose: str = Purpose.SIGN_IN
    person: str = ""
    phone: str = ""
    offers: bool = False
    # The code of the member who brought them.
    invitation: str = ""

    @property
    def code(self) -> str:
        facts = f"{self.name}|{self.program_id}|{self.purpose}|{self.email}"
        digest = salted_hmac(SALT, facts, algorithm="sha256").digest()
        number = int.from_bytes(digest)
        return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(LENGTH))


def begin(*, program: Program, email: str, language: str, then: str = "", **wish: Any) -> Attempt:
    """A new attempt for an address in its normal form; it says nothing about who has the address. `wish` are the
    other fields of Attempt."""
    attempt = Attempt(secrets.token_urlsafe(32), program.pk, email, language, then, **wish)
    cache.set(_place(attempt.name), asdict(attempt), MINUTES * 60)
    cache.set(_tries(attempt.name), 0, MINUTES * 60)
    return attempt


def find(*, program: Program, name: str) -> Attempt | None:
    """The attempt of this name, while it lasts."""
    kept = cache.get(_place(name)) if name else None
    return Attempt(**kept) if kept and kept["program_id"] == program.pk else None


def redeem(*, attempt: Attempt, typed: str) -> None:
    """Use up the code: it works once, and five wrong ones end it. Raises CodeWrong, CodeEnded."""
    if _count_try(attempt.name) > TRIES:
        end(attempt=attempt)
        raise CodeEnded
    if not constant_time_compare(clean(typed).encode(), attempt.code.encode()):
        raise CodeWrong
    # Of requests at the same moment one deletes it; the others come too late.
    if not cache.delete(_place(attempt.name)):
        raise CodeEnded


def end(*, attempt: Attempt) -> None:
    """Forget the attempt; its code works no more."""
    cache.delete(_place(attempt.name))


def clean(typed: str) -> str:
    """What somebody typed or pasted, without spaces and dashes, in capitals."""
    return "".join(letter for letter in typed if letter.isalnum()).upper()


def shown(*, program: Program, attempt: Attempt) -> str:
    """The code for the page itself, in place of an e-mail nobody could read: only the demo's own customer gets it."""
    return attempt.code if program.is_demo and attempt.email == DEMO_CUSTOMER else ""


def _count_try(name: str) -> int:
    try:
        return int(cache.incr(_tries(name)))
    except ValueError:  # ended between two looks
        return TRIES + 1


def _place(name: str) -> str:
    return f"portal-code:{name}"


def _tries(name: str) -> str:
    return f"portal-tries:{name}"

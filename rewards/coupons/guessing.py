"""Wrong codes are counted, by who asks and for whom; after too many nothing is answered for a while (41)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import redis
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members.models import Program

SECONDS = 15 * 60
# A shop's key stands for all its customers, a cashier for a queue; one customer mistypes a few times.
MOST = {"key": 300, "cashier": 40, "member": 10}

type Guesser = tuple[str, object]


class CodesBlocked(DomainError):
    code = "codes_blocked"
    message = _("Too many wrong codes. Wait a quarter of an hour.")
    status = 429
    is_transient = True


class CodesUnchecked(DomainError):
    """Wrong codes cannot be counted at present, and without a count they could be guessed."""

    code = "codes_unchecked"
    message = _("Codes cannot be checked at present. Try again in a moment.")
    status = 503
    is_transient = True


def check(*, program: Program, guessers: Sequence[Guesser]) -> None:
    """Raises CodesBlocked once one of these (kind, name) pairs has guessed too often, CodesUnchecked."""
    places = {_place(program, guesser): MOST[guesser[0]] for guesser in guessers}
    try:
        found = cache.get_many(places)
    except redis.RedisError as error:
        raise CodesUnchecked from error
    if any(int(found.get(place, 0)) >= most for place, most in places.items()):
        raise CodesBlocked


def note(*, program: Program, guessers: Sequence[Guesser], wrong: int) -> None:
    """Count so many wrong codes. Raises CodesUnchecked."""
    if not wrong:
        return
    try:
        for guesser in guessers:
            place = _place(program, guesser)
            cache.add(place, 0, SECONDS)
            try:
                cache.incr(place, wrong)
            except ValueError:  # ended between the two
                cache.set(place, wrong, SECONDS)
    except redis.RedisError as error:
        raise CodesUnchecked from error


def _place(program: Program, guesser: Guesser) -> str:
    """No name, number or address stands in the cache."""
    kind, name = guesser
    return f"code-guesses:{program.pk}:{kind}:{hashlib.sha256(str(name).encode()).hexdigest()[:32]}"

"""Wrong codes are counted for whoever tries them: after so many nothing is looked up for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from rewards.giftcards.refusals import GiftCardInvalid
from rewards.intake.items import OrderIn, Outcome

TRIES, SECONDS = 20, 15 * 60


class GuessesBlocked(DomainError):
    code = "gift_card_guesses"
    message = _("Too many wrong codes. Wait a quarter of an hour, then try again.")
    status = 429
    is_transient = True


class GuessesUnchecked(DomainError):
    """Wrong codes cannot be counted at present, and without a count they could be guessed."""

    code = "gift_card_unchecked"
    message = _("Codes cannot be checked at present. Try again in a moment.")
    status = 503
    is_transient = True


@contextmanager
def counted(who: str) -> Iterator[None]:
    """Look up a code for `who`; a wrong one counts. Raises GuessesBlocked, GuessesUnchecked."""
    check(who)
    try:
        yield
    except GiftCardInvalid:
        note(who)
        raise


def watch(who: str, item: OrderIn, work: Callable[[], Outcome]) -> Outcome:
    """Do what looks at an order for `who`; a wrong code of a card that pays for it counts. Raises GuessesBlocked,
    GuessesUnchecked."""
    if not any(tender.card for tender in item.tenders):
        return work()
    check(who)
    outcome = work()
    if outcome.code == GiftCardInvalid.code:
        note(who)
    return outcome


def check(who: str) -> None:
    try:
        tried = int(cache.get(_place(who)) or 0)
    except redis.RedisError as error:
        raise GuessesUnchecked from error
    if tried >= TRIES:
        raise GuessesBlocked


def note(who: str) -> None:
    """One more wrong code."""
    try:
        cache.add(_place(who), 0, SECONDS)
        cache.incr(_place(who))
    except ValueError:  # ended between the two
        pass
    except redis.RedisError as error:
        raise GuessesUnchecked from error


def _place(who: str) -> str:
    return f"gift-card-tries:{who}"

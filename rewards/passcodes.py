"""The code on a member's own page that lets a shop spend (38): it changes every minute, works once, is stored nowhere.

It is a keyed digest of member and minute, as in RFC 6238, and good for the minute in which it is shown and the next one.
That it works once is the business of the warrants (rewards/spending.py).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
from django.core.cache import cache
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members.models import Member

SALT = "rewards.passcodes"
STEP = 60
LENGTH = 8
# Of a hundred million codes two are good at any time; so many wrong ones for a member, then nothing for a while.
TRIES, TRIES_SECONDS = 5, 15 * 60


class PasscodeWrong(DomainError):
    """Another code, one that has run out, or one that was used: the three are never told apart."""

    code = "passcode_wrong"
    message = _("This code is not good any more. Ask for the one that the page shows now.")


class PasscodeBlocked(DomainError):
    code = "passcode_blocked"
    message = _("Too many wrong codes for this member. Wait a quarter of an hour.")
    status = 429
    is_transient = True


class PasscodeUnchecked(DomainError):
    """Wrong codes cannot be counted at present, and without a count they could be guessed."""

    code = "passcode_unchecked"
    message = _("Codes cannot be checked at present. Try again in a moment.")
    status = 503
    is_transient = True


@dataclass(frozen=True, slots=True)
class Shown:
    """The code of now, and when the next one takes its place on the page."""

    code: str
    until: datetime


def show(*, member: Member, now: datetime) -> Shown:
    step = step_at(now)
    return Shown(code_of(member, step), datetime.fromtimestamp((step + 1) * STEP, UTC))


def check(*, member: Member, typed: str, now: datetime) -> int:
    """The step whose code was typed. Raises PasscodeWrong, PasscodeBlocked, PasscodeUnchecked."""
    if _count_try(member) > TRIES:
        raise PasscodeBlocked
    step, wanted = step_at(now), clean(typed)
    # Both are compared whichever fits, so that the time taken tells nothing.
    fitting = [each for each in (step, step - 1) if constant_time_compare(code_of(member, each), wanted)]
    if not fitting:
        raise PasscodeWrong(field="authorization.code")
    cache.delete(_place(member))
    return fitting[0]


def code_of(member: Member, step: int) -> str:
    facts = f"{member.program_id}|{member.pk}|{step}"
    number = int.from_bytes(salted_hmac(SALT, facts, algorithm="sha256").digest())
    return str(number % 10**LENGTH).zfill(LENGTH)


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP


def clean(typed: str) -> str:
    """What somebody typed or read out, in the digits of any script, without spaces and dashes."""
    digits = (unicodedata.decimal(letter, None) for letter in typed[:100])
    return "".join(str(digit) for digit in digits if digit is not None)


def refresh_after(shown: Shown, now: datetime) -> timedelta:
    """When a page that shows it has to be loaded anew."""
    return max(timedelta(seconds=1), shown.until - now)


def _count_try(member: Member) -> int:
    place = _place(member)
    try:
        cache.add(place, 0, TRIES_SECONDS)
        return int(cache.incr(place))
    except ValueError:  # ended between the two
        return 1
    except redis.RedisError as error:
        raise PasscodeUnchecked from error


def _place(member: Member) -> str:
    return f"passcode-tries:{member.pk}"

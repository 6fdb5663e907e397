"""What a program promises for bringing friends. A friend is promised what holds on the day of joining."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Program, User
from rewards import prizes
from rewards.models import ReferralScheme
from rewards.referrals import following

SETTINGS = (
    "is_on",
    "referrer_prize",
    "friend_prize",
    "minimum_minor",
    "buy_days",
    "wait_days",
    "most",
    "period",
)
LONGEST = 366
MOST = 10**12


class SchemeInvalid(DomainError):
    code = "referral_scheme_invalid"
    message = _("These settings do not fit together.")


def find(program: Program) -> ReferralScheme | None:
    """The program's scheme, once there is one. For the program in scope."""
    return ReferralScheme.objects.filter(program=program).first()


def of(program: Program) -> ReferralScheme:
    """The program's scheme; one that is off where nobody has made one. For the program in scope."""
    return find(program) or ReferralScheme(program=program)


def change(*, program: Program, by: User | None, now: datetime, **values: Any) -> ReferralScheme:
    """Set some of SETTINGS; who has joined keeps what was promised. Raises SchemeInvalid with the field."""
    with scope(program=program), transaction.atomic():
        ReferralScheme.objects.get_or_create(program=program)
        scheme = ReferralScheme.objects.select_for_update(no_key=True).get(program=program)
        before = told(scheme)
        for name, value in values.items():
            if name not in SETTINGS:
                raise TypeError(name)
            setattr(scheme, name, value)
        _check(scheme)
        scheme.save()
        if scheme.is_on:
            following.follow(program)
        after = told(scheme)
        audit.record(
            program=program, actor=by, action="referrals.change", subject="program", subject_id=program.pk,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip
    return scheme


def told(scheme: ReferralScheme) -> dict[str, Any]:
    return {name: getattr(scheme, name) for name in SETTINGS}


def terms_of(scheme: ReferralScheme, program: Program) -> dict[str, Any]:
    """What a friend who joins now is promised."""
    return {
        "referrer": scheme.referrer_prize,
        "friend": scheme.friend_prize,
        "minimum_minor": scheme.minimum_minor,
        "wait_days": program.return_days if scheme.wait_days is None else scheme.wait_days,
    }


def _check(scheme: ReferralScheme) -> None:
    for name in ("referrer_prize", "friend_prize"):
        prizes.check(getattr(scheme, name), field=name)
    if scheme.is_on and not (scheme.referrer_prize or scheme.friend_prize):
        raise SchemeInvalid(_("Say what at least one of the two gets."), field="referrer_prize")
    if not 1 <= scheme.buy_days <= LONGEST:
        raise SchemeInvalid(_("Choose from 1 to 366 days."), field="buy_days")
    if scheme.wait_days is not None and not 0 <= scheme.wait_days <= LONGEST:
        raise SchemeInvalid(_("Choose from 0 to 366 days."), field="wait_days")
    if not 0 <= scheme.minimum_minor <= MOST:
        raise SchemeInvalid(_("Type an amount that is not below zero."), field="minimum_minor")
    if scheme.most is not None and not 1 <= scheme.most <= 10**6:
        raise SchemeInvalid(_("Type a number above zero, or nothing."), field="most")

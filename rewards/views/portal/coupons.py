"""Coupons that are the member's own, in words: each with its code, what it gives and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit.templatetags.formats import money
from members.models import Member, Program
from rewards import catalogue
from rewards.coupons import own
from rewards.views.coupons import words
from rewards.views.portal.words import dated, last_day, say


@dataclass(frozen=True, slots=True)
class Mine:
    """One that can be used now."""

    name: str
    gives: Any
    code: str
    until: Any
    asks: Any
    terms: str


def of(*, program: Program, member: Member, now: datetime) -> list[Mine]:
    return [_tell(one, program) for one in own.of(program=program, member=member, now=now)]


def _tell(one: own.Own, program: Program) -> Mine:
    coupon, minimum = one.coupon, one.coupon.minimum_minor
    asks = say(_("for orders of %(money)s or more"), money=money(minimum, program.currency))
    until = (
        say(_("until %(day)s"), day=dated(last_day(one.ends_at), "long")) if one.ends_at else _("without end")
    )
    return Mine(
        name=catalogue.name_of(coupon.names, coupon.key),
        gives=words.gives(coupon, program),
        code=one.code,
        until=until,
        asks=asks if minimum else "",
        terms=catalogue.name_of(coupon.terms),
    )

"""A shop with members for tests of the portal: tiers, a capped rule, something spent, something brought back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django_scopes import scope

from members.models import Member, Program
from rewards import rulebook
from rewards.models import EarningRule, Tier
from tests.rewards import builders

STARS = {
    "en": {"one": "Star", "other": "Stars"},
    "ar": {"zero": "نجمة", "one": "نجمة", "two": "نجمتان", "few": "نجوم", "many": "نجمة", "other": "نجمة"},
    "he": {"one": "כוכב", "two": "כוכבים", "other": "כוכבים"},
    "fa": {"one": "ستاره", "other": "ستاره"},
}
UNITS: Mapping[str, Mapping[str, Any]] = {
    "points": {"names": STARS, "expiry": {"kind": "months", "count": 12}},
}
RULES: Mapping[str, Mapping[str, Any]] = builders.BASE | {
    "candles": {
        "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
        "lines": {"field": "category", "op": "=", "value": "Candles"},
        "caps": {"month": "30"},
    },
}
NAMES = {
    "base": "One Star for every pound",
    "candles": "Candles count double",
}
TIERS = {"member": (0, {}), "gold": (500_00, {"points": "3/2"}), "platinum": (900_00, {"points": "2"})}
TIER_NAMES = {
    "member": {"en": "Member", "ar": "عضو", "he": "חבר", "fa": "عضو"},
    "gold": {"en": "Gold", "ar": "ذهبي", "he": "זהב", "fa": "طلایی"},
    "platinum": {"en": "Platinum", "ar": "بلاتيني", "he": "פלטינה", "fa": "پلاتین"},
}
NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def open_shop(**settings: Any) -> Program:
    """Harbour Lane in London, in four languages."""
    given = {
        "currency": "GBP",
        "time_zone": "Europe/London",
        "languages": ["en", "ar", "he", "fa"],
    } | settings
    program = builders.open_program(rules=RULES, units=UNITS, tiers=TIERS, scheme={}, **given)
    Program.objects.filter(pk=program.pk).update(name="Harbour Lane")
    with scope(program=program):
        for key, name in NAMES.items():
            EarningRule.objects.filter(program=program, key=key).update(name=name)
        for key, names in TIER_NAMES.items():
            Tier.objects.filter(program=program, key=key).update(names=names)
    rulebook.touch(program)
    program.refresh_from_db()
    return program


def join(program: Program, key: str, *, at: str | datetime = "2020-01-01", **facts: Any) -> Member:
    """A member with the address <key>@example.com; `facts` are columns of Member."""
    member = builders.join(program, key, at=at)  # type: ignore[arg-type]
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(**facts)
        member.refresh_from_db()
    return member


def amelia(program: Program, *, now: datetime = NOW, key: str = "anna", **facts: Any) -> Member:
    """A member of a year: orders, a cap that cut, a spend, a return, and lots that end on several days."""
    facts = {"name": "Amelia Hart"} | facts
    member = join(program, key, at=now - timedelta(days=400), **facts)
    candles = builders.line(40_00, "candle", 2, name="Candle", category="Candles")
    mug = builders.line(20_00, "mug", name="Mug", category="Kitchen")
    for days, number, lines in (
        (360, "1001", (candles, mug)),
        (200, "1002", (builders.line(480_00, "lamp"),)),
        (120, "1003", (builders.line(60_40, "tray"),)),
        (30, "1004", (candles, builders.line(25_80, "bowl"))),
        (3, "1005", (builders.line(19_99, "vase"),)),
    ):
        at = now - timedelta(days=days)
        builders.record(program, builders.order(number, at, *lines, member=key))
    builders.spend(program, 50, (now - timedelta(days=16)).isoformat(), member=key)
    back = now - timedelta(days=10)
    builders.record(program, builders.bring_back("r-1", back, "bowl", order="1004"))
    return member


def number_of(program: Program, key: str) -> str:
    """The member number of somebody who was told by this key."""
    with scope(program=program):
        return Member.objects.get(identities__value__startswith=key).number

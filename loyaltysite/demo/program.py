"""The demo's program: a gift shop in a harbour town with stars, three tiers and five rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Program, Store
from rewards import rulebook
from rewards.engine import rules
from rewards.models import EarningRule, RuleVersion, Tier, TierScheme, Unit

SLUG, NAME, UNIT = "harbour-lane", "Harbour Lane", "stars"
# In force before the first order, wherever the dates are moved to.
SINCE = datetime(2000, 1, 1, tzinfo=UTC)

STARS = {
    "en": {"one": "Star", "other": "Stars"},
    "ar": {"zero": "نجمة", "one": "نجمة", "two": "نجمتان", "few": "نجوم", "many": "نجمة", "other": "نجمة"},
    "he": {"one": "כוכב", "two": "כוכבים", "other": "כוכבים"},
    "fa": {"one": "ستاره", "other": "ستاره"},
}

STORES = {"online": "Online shop", "quay": "Shop on the quay", "market": "Market stall"}

RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "base": (
        "One Star for every pound",
        {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100, "steps": "exact"}},
    ),
    "lights": (
        "Lights and candles count double",
        {
            "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
            "lines": {"field": "category", "op": "=", "value": "Lights and candles"},
        },
    ),
    "welcome": (
        "100 Stars for the first order",
        {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}},
    ),
    "wednesday": (
        "Half as much again on Wednesdays, up to 150 Stars a month",
        {
            "amount": {"kind": "multiplier", "factor": "1.5", "of": ["base"]},
            "window": {"weekdays": [3]},
            "caps": {"month": "150"},
        },
    ),
    "basket": (
        "50 Stars for a basket of £400 and more",
        {
            "amount": {"kind": "per_order", "points": "50"},
            "conditions": {"field": "order.total", "op": ">=", "value": 40000},
            "frequency": {"times": 2, "per": "month"},
        },
    ),
}

TIERS: tuple[dict[str, Any], ...] = (
    {
        "key": "member",
        "threshold": 0,
        "multipliers": {},
        "names": {"en": "Member", "ar": "عضو", "he": "חבר", "fa": "عضو"},
    },
    {
        "key": "silver",
        "threshold": 500_00,
        "multipliers": {UNIT: "5/4"},
        "names": {"en": "Silver", "ar": "فضي", "he": "כסף", "fa": "نقره‌ای"},
    },
    {
        "key": "gold",
        "threshold": 2_000_00,
        "multipliers": {UNIT: "3/2"},
        "names": {"en": "Gold", "ar": "ذهبي", "he": "זהב", "fa": "طلایی"},
    },
)


class SlugTaken(DomainError):
    code = "slug_taken"
    message = _("There is a program %(slug)s that is not the demo; it is left alone.")


def found() -> Program | None:
    """The demo program if it is there. Raises SlugTaken when its address belongs to another one."""
    program = Program.objects.filter(slug=SLUG).first()
    if program is not None and not program.is_demo:
        raise SlugTaken(slug=SLUG)
    return program


@transaction.atomic
def create(*, now: datetime) -> Program:
    """The program with its unit, rules, tiers and stores; a repeat returns the one that is there."""
    program = found()
    if program is not None:
        return program
    program = Program.objects.create(
        slug=SLUG,
        name=NAME,
        currency="GBP",
        time_zone="Europe/London",
        languages=["en", "ar", "he", "fa"],
        tax_rate=20,
        # The data name no costs.
        margin_rate=4_000,
        is_demo=True,
        created_at=now,
    )
    with scope(program=program):
        # A hundred stars are worth a pound.
        Unit.objects.create(program=program, key=UNIT, names=STARS, expiry={"kind": "months", "count": 12})
        for code, name in STORES.items():
            Store.objects.create(program=program, code=code, name=name)
        TierScheme.objects.create(program=program)
        for rank, tier in enumerate(TIERS):
            Tier.objects.create(program=program, rank=rank, **tier)
        for number, (key, (name, definition)) in enumerate(RULES.items()):
            _publish(program, key, name, definition, priority=100 - number, now=now)
    rulebook.touch(program)
    return program


def _publish(
    program: Program,
    key: str,
    name: str,
    definition: dict[str, Any],
    *,
    priority: int,
    now: datetime,
) -> None:
    complete = {"trigger": {"on": "order"}, "unit": UNIT, "priority": priority, **definition}
    rules.parse(complete, rule_id=0, version_id=0)
    rule = EarningRule.objects.create(program=program, key=key, name=name, state=EarningRule.State.LIVE)
    RuleVersion.objects.create(
        program=program,
        rule=rule,
        number=1,
        definition=complete,
        since=SINCE,
        published_at=now,
        reason="demo",
    )

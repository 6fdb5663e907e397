"""The programs that benchmarks fill: ten rules, tiers, a store; called in a world as `python -m bench.shops`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any

import django

LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
BASE = {"trigger": {"on": "order"}, "unit": "points"}


def definitions() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        "base": {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
        "large": {
            "amount": {"kind": "fixed", "points": "25"},
            "minimum_minor": 10_000,
            "caps": {"month": "50"},
        },
        "web": {
            "amount": {"kind": "fixed", "points": "5"},
            "conditions": {"field": "order.channel", "op": "=", "value": "web"},
            "caps": {"day": "10"},
        },
        "first": {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}},
    }
    for number in range(6):
        found[f"category-{number}"] = {
            "amount": {"kind": "per_item", "points": "1"},
            "lines": {"field": "category", "op": "=", "value": f"category {number}"},
        }
    return found


def open_shop(slug: str = "bench") -> Any:
    from django_scopes import scope

    from members.models import Program
    from rewards import rules
    from rewards.models import Tier, TierScheme, Unit

    program = Program.objects.create(slug=slug, name="Bench", currency="GBP", time_zone="Europe/London")
    with scope(program=program):
        Unit.objects.create(program=program, key="points", expiry={"kind": "months", "count": 12})
        TierScheme.objects.create(program=program)
        for rank, (key, threshold, ratio) in enumerate(
            (("base", 0, "1"), ("silver", 50_000, "5/4"), ("gold", 200_000, "3/2"))
        ):
            Tier.objects.create(
                program=program, key=key, rank=rank, threshold=threshold, multipliers={"points": ratio}
            )
    for key, definition in definitions().items():
        rules.publish(
            program=program, key=key, name=key, definition={**BASE, **definition}, by=None, now=LONG_AGO
        )
    return program


def open_plain(currency: str = "EUR") -> Any:
    """A program without tiers and with one rule, all of id 1, for members and ledgers that are laid down by SQL."""
    from django_scopes import scope

    from members.models import Program
    from rewards.models import EarningRule, RuleVersion, Unit

    program = Program.objects.create(
        pk=1, slug="bench", name="Bench", currency=currency, time_zone="Europe/Berlin"
    )
    definition = {**BASE, **definitions()["base"]}
    with scope(program=program):
        Unit.objects.create(
            pk=1, program=program, key="points", names={"en": {"one": "Star", "other": "Stars"}}
        )
        rule = EarningRule.objects.create(
            pk=1, program=program, key="base", name="Base", state=EarningRule.State.LIVE
        )
        RuleVersion.objects.create(
            pk=1,
            program=program,
            rule=rule,
            number=1,
            definition=definition,
            since=LONG_AGO,
            published_at=LONG_AGO,
        )
    return program


def setup() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.prod")
    django.setup()


if __name__ == "__main__":
    setup()
    print({"plain": open_plain, "full": open_shop}[sys.argv[1] if len(sys.argv) > 1 else "full"]().pk)

"""What is proposed against an alert, as a draft that staff look at before anything is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django_scopes import scope

from analytics.models import Alert
from campaigns.presets import collection, making
from members.models import Program, User
from rewards import drafts
from rewards.models import EarningRule, RuleDraft, RuleVersion

# Twice the points, on what the rule gives already.
FACTOR = "2"
# What a member may get a day at most: a round number to begin from, which staff set right in the draft.
LIMIT = "500"
# What brings a figure back up.
JOURNEYS = {
    "orders": "win-back",
    "sales": "win-back",
    "used": "expiry",
    "joined": "review",
    "given": "win-back",
}


def journey(preset: str) -> dict[str, Any]:
    return {"kind": "journey", "preset": preset}


def of_redemption() -> dict[str, Any]:
    """Write to who has something that is about to end."""
    return journey("expiry")


def of_tiers(near: int | None) -> dict[str, Any]:
    """Write to who is close to the next tier; where nobody is, its threshold wants a look."""
    return {"kind": "tiers"} if near == 0 else journey("tier-near")


def of_rule(rule: EarningRule) -> dict[str, Any]:
    """A smaller minimum where the rule has one, else double what it gives."""
    version = _version_of(rule)
    definition = dict(version.definition) if version else {}
    minimum = definition.get("minimum_minor")
    if minimum and minimum > 1:
        changed = definition | {"minimum_minor": minimum // 2}
        return {"kind": "rule", "key": rule.key, "name": rule.name, "definition": changed, "does": "minimum"}
    if definition.get("amount", {}).get("kind") in ("per_amount", "per_item", "percent"):
        amount = {"kind": "multiplier", "factor": FACTOR, "of": [rule.key]}
        double = {"trigger": {"on": "order"}, "unit": definition["unit"], "amount": amount}
        return {"kind": "rule", "key": "", "name": rule.name, "definition": double, "does": "double"}
    return journey("win-back")


def of_anomaly(*, program: Program, figure: str, unit: str, is_high: bool) -> dict[str, Any]:
    """Fewer than usual: a journey that brings people back. More points than usual: a limit a day on the rule that gives
    them. More of anything else wants a look and no draft."""
    if not is_high:
        return journey(JOURNEYS[figure])
    rule = _largest(program, unit) if figure == "given" else None
    version = _version_of(rule) if rule else None
    if rule is None or version is None or (version.definition.get("caps") or {}).get("day"):
        return {}
    caps = dict(version.definition.get("caps") or {}) | {"day": LIMIT}
    changed = dict(version.definition) | {"caps": caps}
    return {"kind": "rule", "key": rule.key, "name": rule.name, "definition": changed, "does": "cap"}


def prepare(*, alert: Alert, by: User, now: datetime) -> str:
    """Make the draft and return where it is edited. Runs in the caller's transaction.

    Raises what the drafts of rules and journeys raise."""
    program, remedy = alert.program, alert.remedy
    with scope(program=program):
        if remedy["kind"] == "rule":
            return _draft_rule(program, remedy, by, now)
        if remedy["kind"] == "tiers":
            return reverse("rewards:tiers_edit", args=[program.slug])
        found = next(preset for preset in collection.PRESETS if preset.key == remedy["preset"])
        made = making.make(program=program, preset=found, by=by, now=now)
        return reverse("campaigns:journey_edit", args=[program.slug, made.key])


def _draft_rule(program: Program, remedy: Mapping[str, Any], by: User, now: datetime) -> str:
    """A draft that somebody has begun is not written over: it is opened."""
    key = remedy["key"]
    if not (key and RuleDraft.objects.filter(program=program, rule__key=key).exists()):
        name = remedy["name"] if key else _("Double: %(rule)s") % {"rule": remedy["name"]}
        draft = drafts.save(
            program=program, key=key, name=name[:200], definition=remedy["definition"], by=by, now=now
        )
        key = draft.rule.key
    return reverse("rewards:rule_edit", args=[program.slug, key])


def _version_of(rule: EarningRule) -> RuleVersion | None:
    return RuleVersion.objects.filter(rule=rule, until__isnull=True).order_by("-number").first()


def _largest(program: Program, unit: str) -> EarningRule | None:
    """The plainest suspect: the live rule for orders of that unit that has no limit and counts by amount."""
    live = EarningRule.objects.filter(
        program=program,
        state="live",
        versions__until__isnull=True,
        versions__definition__unit=unit,
        versions__definition__trigger__on="order",
        versions__definition__amount__kind__in=["per_amount", "percent"],
    )
    return live.order_by("pk").first()

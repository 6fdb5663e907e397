"""A rule as its shortest definition: equal rules give equal JSON, however they were typed."""

from __future__ import annotations

import json
from datetime import datetime, time
from typing import Any

from rewards.engine import rules
from rewards.engine.reasons import plain
from rewards.engine.rules import Amount, Frequency, Rule
from rewards.engine.windows import ALL_DAY, EVERY_DAY, Window

NEVER = {"kind": "none"}


def definition_of(rule: Rule) -> dict[str, Any]:
    """The definition that parse() turns into this rule; what is as by default is left out."""
    found: dict[str, Any] = {
        "trigger": _trigger(rule.kind),
        "unit": rule.unit,
        "amount": _amount(rule.amount),
        "conditions": rule.conditions,
        "lines": rule.lines,
        "minimum_minor": rule.minimum_minor or None,
        "caps": {name: plain(rule.caps[name]) for name in rules.CAPS if name in rule.caps} or None,
        "budget": plain(rule.budget) if rule.budget is not None else None,
        "frequency": _frequency(rule.frequency) if rule.frequency else None,
        "priority": rule.priority or None,
        "group": {"key": rule.group.key, "mode": rule.group.mode} if rule.group else None,
        "stop": rule.stop or None,
        "window": _window(rule.window) if rule.window else None,
        **_terms(rule.terms),
    }
    return {name: value for name, value in found.items() if value is not None and value != {}}


def normalize(definition: Any) -> dict[str, Any]:
    """The same for a definition. Raises RuleError."""
    return definition_of(rules.parse(definition, rule_id=0, version_id=0))


def minutes(value: int) -> str:
    """A minute of the day as a time, 24:00 being its end."""
    return f"{value // 60:02d}:{value % 60:02d}"


def moment(value: datetime) -> str:
    """A local moment; the first moment of a day is the day."""
    return value.date().isoformat() if value.time() == time.min else value.isoformat()


def _trigger(kind: str) -> dict[str, str]:
    if kind == rules.ORDER:
        return {"on": "order"}
    if kind.startswith(rules.SCHEDULED):
        return {"on": "schedule", "kind": kind.removeprefix(rules.SCHEDULED)}
    return {"on": "event", "kind": kind}


def _amount(amount: Amount) -> dict[str, Any]:
    name = {"percent": "percent", "multiplier": "factor"}.get(amount.kind, "points")
    found: dict[str, Any] = {"kind": amount.kind, name: plain(amount.value)}
    if amount.kind == "per_amount":
        found["per_minor"] = amount.per_minor
    if amount.is_whole:
        found["steps"] = "whole"
    if amount.of is not None:
        found["of"] = list(amount.of)
    return found


def _frequency(frequency: Frequency) -> dict[str, Any]:
    if frequency.cooldown_seconds is not None:
        return {"cooldown_seconds": frequency.cooldown_seconds}
    if frequency.period == "lifetime":
        return {"once": True}
    return {"times": frequency.times, "per": frequency.period}


def _window(window: Window) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if window.opens is not None:
        found["from"] = moment(window.opens)
    if window.closes is not None:
        found["until"] = moment(window.closes)
    if window.weekdays != EVERY_DAY:
        found["weekdays"] = sorted(window.weekdays)
    if window.hours != ALL_DAY:
        found["hours"] = [[minutes(begin), minutes(end)] for begin, end in window.hours]
    return found


def _terms(terms: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terms) if terms else {}
    return {name: policy or NEVER for name, policy in found.items()}

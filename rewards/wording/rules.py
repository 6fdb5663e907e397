"""A rule as one sentence, and as a list of its parts by which two versions are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import formats
from rewards.engine import rules
from rewards.engine.rules import Rule
from rewards.wording import clauses, policies
from rewards.wording.vocabularies import Vocabulary

# The days that come by themselves (rewards/occasions.py), as a rule's occasion.
DAYS = {
    "birthday": gettext_lazy("the birthday"),
    "anniversary": gettext_lazy("each anniversary of joining"),
    "joining": gettext_lazy("the joining"),
}

LABELS: Mapping[str, str | Promise] = {
    "trigger": gettext_lazy("Waits for"),
    "unit": gettext_lazy("Unit"),
    "amount": gettext_lazy("Gives"),
    "lines": gettext_lazy("Items that count"),
    "minimum": gettext_lazy("Minimum"),
    "conditions": gettext_lazy("Conditions"),
    "window": gettext_lazy("When"),
    "caps": gettext_lazy("At most"),
    "budget": gettext_lazy("Budget"),
    "frequency": gettext_lazy("How often"),
    "priority": gettext_lazy("Priority"),
    "group": gettext_lazy("Group"),
    "stop": gettext_lazy("Stops later rules"),
    "expiry": gettext_lazy("Ends"),
    "pending": gettext_lazy("Usable"),
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One part of a rule: its name, what it says, and its value as JSON to compare by."""

    key: str
    label: str
    text: str
    value: str


def say(rule: Rule, names: Vocabulary) -> str:
    """The rule in one sentence, such as: 2 Stars per £1, on category Mugs, on weekends, for Gold."""
    terms = json.loads(rule.terms) if rule.terms else {}
    return clauses.chain(
        [
            clauses.amount(rule, names),
            clauses.lines(rule, names),
            clauses.minimum(rule, names),
            clauses.window(rule.window),
            clauses.requirement(rule, names),
            clauses.frequency(rule.frequency),
            clauses.caps(rule, names),
            clauses.budget(rule, names),
            clauses.group(rule) if rule.group and rule.group.mode != "all" else "",
            clauses.stop(rule),
            policies.say_pending(terms["pending"]) if "pending" in terms else "",
            policies.say_expiry(terms["expiry"]) if "expiry" in terms else "",
        ]
    )


def details(definition: Mapping[str, Any], names: Vocabulary) -> list[Detail]:
    """Every part in words, with an empty text where the rule is as by default. `definition` is canonical."""
    rule = rules.parse(definition, rule_id=0, version_id=0)
    texts = {
        "trigger": _trigger(rule),
        "unit": names.unit(rule.unit),
        "amount": clauses.amount(rule, names),
        "lines": clauses.lines_in_full(rule, names),
        "minimum": names.money(rule.minimum_minor) if rule.minimum_minor else "",
        "conditions": clauses.requirement_in_full(rule, names),
        "window": clauses.window(rule.window),
        "caps": clauses.caps(rule, names),
        "budget": names.points(rule.budget, rule.unit) if rule.budget is not None else "",
        "frequency": clauses.frequency(rule.frequency),
        "priority": formats.format_number(rule.priority),
        "group": clauses.group(rule),
        "stop": _("yes") if rule.stop else _("no"),
        "expiry": policies.say_expiry(definition["expiry"]) if "expiry" in definition else "",
        "pending": policies.say_pending(definition["pending"]) if "pending" in definition else "",
    }
    return [Detail(key, str(LABELS[key]), text, _value(definition, key)) for key, text in texts.items()]


def _value(definition: Mapping[str, Any], key: str) -> str:
    name = {"minimum": "minimum_minor"}.get(key, key)
    found = definition.get(name)
    return "" if found is None else json.dumps(found, ensure_ascii=False, sort_keys=True)


def _trigger(rule: Rule) -> str:
    if rule.kind == rules.ORDER:
        return _("an order")
    if rule.kind.startswith(rules.SCHEDULED):
        name = rule.kind.removeprefix(rules.SCHEDULED)
        return str(DAYS[name]) if name in DAYS else _("the day “%(name)s”") % {"name": name}
    return _("the event “%(name)s”") % {"name": rule.kind}

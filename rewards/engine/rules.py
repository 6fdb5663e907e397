"""An earning rule: its JSON definition, validated, as plain values. docs/engine.md lists every key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from rewards import policies
from rewards.engine import fields, windows
from rewards.engine.definitions import Part, RuleError
from rewards.engine.windows import Window

__all__ = ["Amount", "Frequency", "Group", "Rule", "RuleError", "parse"]

PERIODS = ("day", "week", "month", "year")
CAPS = ("order", *PERIODS, "lifetime")
MODES = ("all", "best", "first")

CHECKS_OF_TERMS = {"expiry": policies.check_expiry, "pending": policies.check_pending}

ORDER = "order"
SCHEDULED = "schedule."

LINE_AMOUNTS = ("per_amount", "per_item", "percent")
ORDER_AMOUNTS = (*LINE_AMOUNTS, "per_order", "per_visit", "multiplier")
AMOUNTS = (*ORDER_AMOUNTS, "fixed")


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` is points, percent or factor by kind. `of` names the rules a multiplier acts on, None is all."""

    kind: str
    value: Fraction
    per_minor: int = 1
    is_whole: bool = False
    of: tuple[str, ...] | None = None

    @property
    def is_of_lines(self) -> bool:
        return self.kind in LINE_AMOUNTS


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `times` in each `period` ("lifetime" for once), or not within `cooldown_seconds` of the last."""

    times: int | None = None
    period: str = "lifetime"
    cooldown_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    mode: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule version. `kind` is the occasion it waits for; amounts and caps are in units, not yet scaled."""

    id: int
    version_id: int
    key: str
    name: str
    unit: str
    kind: str
    amount: Amount
    conditions: Mapping[str, Any] | None = None
    lines: Mapping[str, Any] | None = None
    minimum_minor: int | None = None
    caps: Mapping[str, Fraction] = field(default_factory=dict)
    budget: Fraction | None = None
    frequency: Frequency | None = None
    priority: int = 0
    group: Group | None = None
    stop: bool = False
    window: Window | None = None
    terms: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Where the rule stands: higher priority first, then id."""
        return (-self.priority, self.id)


def parse(
    definition: Mapping[str, Any], *, rule_id: int, version_id: int, key: str = "", name: str = ""
) -> Rule:
    """The rule that the definition describes. `key` is what multipliers name it by (its id if empty).

    Raises RuleError with the path of the first thing that is wrong.
    """
    part = Part(definition)
    kind = _kind(part.part("trigger"))
    amount = _amount(part.part("amount"))
    if kind != ORDER:
        _refuse_lines(part, amount)
    rule = Rule(
        id=rule_id,
        version_id=version_id,
        key=key or str(rule_id),
        name=name,
        unit=part.text("unit"),
        kind=kind,
        amount=amount,
        conditions=_tree(part, "conditions", scope=fields.OCCASION),
        lines=_tree(part, "lines", scope=fields.LINE),
        minimum_minor=part.whole("minimum_minor") if part.has("minimum_minor") else None,
        caps=_caps(part.part("caps")) if part.has("caps") else {},
        budget=part.number("budget") if part.has("budget") else None,
        frequency=_frequency(part.part("frequency")) if part.has("frequency") else None,
        priority=part.whole("priority", least=-1_000_000, most=1_000_000) if part.has("priority") else 0,
        group=_group(part.part("group")) if part.has("group") else None,
        stop=part.flag("stop"),
        window=windows.read(part.part("window")) if part.has("window") else None,
        terms=_terms(part),
    )
    part.close()
    return rule


def scheduled(kind: str) -> str:
    """The occasion's kind for a schedule such as "birthday"; no outside event may bear such a kind."""
    return SCHEDULED + kind


def _kind(part: Part) -> str:
    on = part.choice("on", ("order", "event", "schedule"))
    kind = ORDER
    if on != "order":
        kind = part.text("kind")
        if kind == ORDER or kind.startswith(SCHEDULED):
            part.refuse("kind", _("This name is reserved."))
    part.close()
    return scheduled(kind) if on == "schedule" else kind


def _refuse_lines(part: Part, amount: Amount) -> None:
    """An event has no lines: what speaks of them would never fire."""
    if amount.kind in ORDER_AMOUNTS and amount.kind != "per_visit":
        part.refuse("amount.kind", _("This amount needs an order as its trigger."))
    for name in ("lines", "minimum_minor"):
        if part.has(name):
            part.refuse(name, _("Only orders have lines."))


def _amount(part: Part) -> Amount:
    kind = part.choice("kind", AMOUNTS)
    value = part.number({"percent": "percent", "multiplier": "factor"}.get(kind, "points"))
    per_minor, is_whole, of = 1, False, None
    if kind == "per_amount":
        per_minor = part.whole("per_minor", least=1)
        is_whole = part.choice("steps", ("exact", "whole")) == "whole" if part.has("steps") else False
    elif kind == "multiplier":
        if value <= 1:
            part.refuse("factor", _("A factor must be above 1."))
        of = _keys(part) if part.has("of") else None
    part.close()
    return Amount(kind=kind, value=value, per_minor=per_minor, is_whole=is_whole, of=of)


def _keys(part: Part) -> tuple[str, ...]:
    keys = part.items("of")
    for path, key in keys:
        if not isinstance(key, str) or not key:
            raise RuleError(_("Give the key of a rule."), path=path)
    return tuple(dict.fromkeys(key for _path, key in keys))


def _tree(part: Part, name: str, *, scope: conditions.Registry) -> Mapping[str, Any] | None:
    """The tree in canonical form, None if it is always true."""
    tree = part.value(name)
    if not tree:
        return None
    try:
        condition = conditions.parse(tree, scope)
    except conditions.ConditionError as error:
        place = f"{name}.{error.path}" if error.path else name
        raise RuleError(str(error), path=part.at(place)) from error
    return None if condition.is_trivial else condition.tree


def _caps(part: Part) -> dict[str, Fraction]:
    caps = {name: part.number(name) for name in CAPS if part.has(name)}
    part.close()
    return caps


def _frequency(part: Part) -> Frequency:
    named = [name for name in ("once", "times", "cooldown_seconds") if part.has(name)]
    if len(named) != 1:
        raise RuleError(_("Give one of: once, times, cooldown_seconds."), path=part.path)
    if named == ["once"]:
        found = Frequency(times=1) if part.flag("once") else None
    elif named == ["times"]:
        found = Frequency(times=part.whole("times", least=1), period=part.choice("per", PERIODS))
    else:
        found = Frequency(cooldown_seconds=part.whole("cooldown_seconds", least=1))
    part.close()
    if found is None:
        part.refuse("once", _("Leave the frequency out instead."))
    return found


def _group(part: Part) -> Group:
    group = Group(key=part.text("key"), mode=part.choice("mode", MODES))
    part.close()
    return group


def _terms(part: Part) -> str:
    """The overrides as canonical JSON text, "" when the unit's own policies hold."""
    terms = {name: dict(part.part(name).values) for name in CHECKS_OF_TERMS if part.has(name)}
    if not terms:
        return ""
    for name, policy in terms.items():
        try:
            CHECKS_OF_TERMS[name](policy)
        except policies.PolicyError as error:
            raise RuleError(str(error), path=part.at(name)) from error
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

"""An alert in words: what is amiss, the figures behind it, and what is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import Alert
from campaigns.presets import collection
from loyaltysite.kit import formats
from members.models import Program
from rewards.models import Unit
from rewards.queries import units_of

Kind = Alert.Kind
KINDS = {
    Alert.State.OPEN: "warn",
    Alert.State.SNOOZED: "draft",
    Alert.State.CLOSED: "bare",
    Alert.State.OVER: "good",
}


@dataclass(frozen=True, slots=True)
class Told:
    """`remedy` and `act` are empty where there is no draft to make."""

    alert: Alert
    title: str
    text: str
    remedy: str
    act: str
    kind: str


def tell(alert: Alert, *, program: Program, units: Mapping[str, Unit]) -> Told:
    title, text = WORDS[Kind(alert.kind)](alert, program, units)
    remedy, act = _remedy(alert)
    return Told(alert, title, text, remedy, act, KINDS[Alert.State(alert.state)])


def tell_all(alerts: list[Alert], *, program: Program) -> list[Told]:
    units = {unit.key: unit for unit in units_of(program)}
    return [tell(alert, program=program, units=units) for alert in alerts]


def _low_earning(alert: Alert, program: Program, units: Mapping[str, Unit]) -> tuple[str, str]:
    facts = alert.facts
    title = _("“%(rule)s” gives far less than it used to") % {"rule": facts["rule"]}
    text = ngettext(
        "It gave for %(times)s order in %(days)s days. With as many orders as there were, %(usual)s are usual.",
        "It gave for %(times)s orders in %(days)s days. With as many orders as there were, %(usual)s are usual.",
        facts["times"],
    )
    return title, text % _numbers(facts, "times", "usual", "days")


def _weak_redemption(alert: Alert, program: Program, units: Mapping[str, Unit]) -> tuple[str, str]:
    facts = alert.facts
    unit = units.get(facts["unit"])
    name = formats.unit_name(0, unit) if unit else facts["unit"]
    title = _("Hardly any %(unit)s are used") % {"unit": name}
    values = _numbers(facts, "days") | {"share": formats.format_percent(facts["share"])}
    text = _("In %(days)s days, %(share)s of what was given was used.") % values
    if facts["before"] is not None:
        text += " " + _("In the days before it was %(share)s.") % {
            "share": formats.format_percent(facts["before"])
        }
    return title, text


def _stalled_tiers(alert: Alert, program: Program, units: Mapping[str, Unit]) -> tuple[str, str]:
    facts = alert.facts
    text = _("Nobody rose in %(days)s days, with %(active)s active members.") % _numbers(
        facts, "days", "active"
    )
    if facts["near"] is not None:
        text += " " + ngettext(
            "%(near)s of all members is close to the next tier.",
            "%(near)s of all members are close to the next tier.",
            facts["near"],
        ) % _numbers(facts, "near")
    return _("Nobody climbs the tiers"), text


def _anomaly(alert: Alert, program: Program, units: Mapping[str, Unit]) -> tuple[str, str]:
    facts = alert.facts
    values = {
        "figure": figure_name(facts["figure"], units.get(facts["unit"])),
        "day": formats.format_date(date.fromisoformat(facts["day"])),
        "value": _amount(facts, "value", program, units),
        "usual": _amount(facts, "usual", program, units),
    }
    is_high = facts["value"] > facts["usual"]
    title = _("%(figure)s: far more than usual") if is_high else _("%(figure)s: far less than usual")
    text = _("%(value)s on %(day)s. On this weekday %(usual)s are usual.")
    return title % values, text % values


def figure_name(figure: str, unit: Unit | None) -> str:
    name = formats.unit_name(0, unit) if unit else ""
    return {
        "orders": _("Orders"),
        "sales": _("Sales"),
        "joined": _("New members"),
        "given": _("%(unit)s given") % {"unit": name},
        "used": _("%(unit)s used") % {"unit": name},
    }[figure]


def _amount(facts: Mapping[str, Any], name: str, program: Program, units: Mapping[str, Unit]) -> str:
    if facts["figure"] == "sales":
        return formats.format_money(facts[name], program.currency)
    unit = units.get(facts["unit"])
    return formats.format_units(facts[name], unit) if unit else formats.format_number(facts[name])


def _numbers(facts: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: formats.format_number(facts[name]) for name in names}


WORDS = {
    Kind.LOW_EARNING: _low_earning,
    Kind.WEAK_REDEMPTION: _weak_redemption,
    Kind.STALLED_TIERS: _stalled_tiers,
    Kind.ANOMALY: _anomaly,
}


def _remedy(alert: Alert) -> tuple[str, str]:
    """What is proposed, and what the button says."""
    remedy = alert.remedy
    if not remedy:
        return "", ""
    act = _("Open the draft") if alert.draft_url else _("Prepare the draft")
    if remedy["kind"] == "tiers":
        return _("Nobody is near the next tier. Look at its threshold."), _("Change the tiers")
    if remedy["kind"] == "journey":
        preset = next(one for one in collection.PRESETS if one.key == remedy["preset"])
        return _("Proposed: the journey “%(name)s”. %(text)s") % {
            "name": preset.title,
            "text": preset.text,
        }, act
    does = {
        "minimum": _("Proposed: the rule with half the minimum order."),
        "double": _("Proposed: a rule that doubles what it gives."),
        "cap": _("Proposed: the rule “%(rule)s” with a limit a day.") % {"rule": remedy["name"]},
    }
    return does[remedy["does"]], act

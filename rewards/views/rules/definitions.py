"""From the form to a definition and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from loyaltysite.kit.conditions import controls
from loyaltysite.kit.conditions.controls import Terms
from rewards.engine import canonical, rules
from rewards.engine.reasons import plain
from rewards.views.rules.fields import HoursField

Values = Mapping[str, Any]

# A day of 24 hours is said in hours; from two on in days.
SPANS = (86_400, 3_600, 60, 1)


# To a definition


def definition_of(values: Values, *, conditions: Any, lines: Any) -> dict[str, Any]:
    """The definition that a valid form says; what is left empty is left out. It may still be refused by the engine."""
    on = values["on"]
    of_orders = on == "order"
    found = {
        "trigger": {"on": on} if of_orders else {"on": on, "kind": values["event"]},
        "unit": values["unit"],
        "amount": _amount(values),
        "conditions": conditions,
        "lines": lines if of_orders else None,
        "minimum_minor": values["minimum"] if of_orders else None,
        "caps": _caps(values),
        "budget": _text(values["budget"]),
        "frequency": _frequency(values),
        "priority": values["priority"],
        "group": {"key": values["group"], "mode": values["mode"] or "all"} if values["group"] else None,
        "stop": values["stop"] or None,
        "window": _window(values),
        "expiry": _expiry(values),
        "pending": _pending(values),
    }
    return {name: value for name, value in found.items() if value is not None and value != {}}


def _text(number: Decimal | int | None) -> str | None:
    return None if number is None else plain(Fraction(number))


def _amount(values: Values) -> dict[str, Any]:
    kind = values["gives"]
    name = {"percent": "percent", "multiplier": "factor"}.get(kind, "points")
    found: dict[str, Any] = {"kind": kind, name: _text(values["value"])}
    if kind == "per_amount":
        found["per_minor"] = values["per"]
        if values["steps"] == "whole":
            found["steps"] = "whole"
    if kind == "multiplier" and values["of"]:
        found["of"] = list(values["of"])
    return found


def _caps(values: Values) -> dict[str, str]:
    texts = {name: _text(values[f"cap_{name}"]) for name in rules.CAPS}
    return {name: text for name, text in texts.items() if text is not None}


def _frequency(values: Values) -> dict[str, Any] | None:
    often = values["often"]
    if often == "once":
        return {"once": True}
    if often == "times":
        return {"times": values["times"], "per": values["period"] or "day"}
    if often == "cooldown":
        seconds = values["cooldown"]
        return {"cooldown_seconds": None if seconds is None else seconds * int(values["span"] or 1)}
    return None


def _window(values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if values["from_day"]:
        opens = datetime.combine(values["from_day"], values["from_time"] or time.min)
        found["from"] = canonical.moment(opens)
    if values["until_day"]:
        found["until"] = canonical.moment(_closes(values["until_day"], values["until_time"]))
    if 0 < len(values["weekdays"]) < 7:
        found["weekdays"] = sorted(int(day) for day in values["weekdays"])
    if values["hours"]:
        found["hours"] = values["hours"]
    return found


def _closes(day: date, until: time | None) -> datetime:
    """Without a time the last day is in as a whole."""
    if until is not None:
        return datetime.combine(day, until)
    return datetime.combine(min(day, date.max - timedelta(days=1)) + timedelta(days=1), time.min)


def _expiry(values: Values) -> dict[str, Any] | None:
    kind = values["ends"]
    if kind in ("days", "months"):
        return {"kind": kind, "count": values["ends_count"]}
    if kind == "end_of":
        after = values["ends_after"]
        period = {"kind": kind, "period": values["ends_of"] or "year"}
        return period | {"after": after} if after else period
    if kind == "dates":
        return {
            "kind": kind,
            "dates": [day.strip() for day in values["ends_dates"].split(",") if day.strip()],
        }
    return canonical.NEVER if kind else None


def _pending(values: Values) -> dict[str, Any] | None:
    kind = values["usable"]
    if kind in ("days", "hours"):
        return {"kind": kind, "count": values["usable_count"]}
    if kind == "date":
        day = values["usable_on"]
        return {"kind": kind, "on": day.isoformat() if day else ""}
    if kind == "event":
        return {"kind": kind, "event": values["usable_event"]}
    return canonical.NEVER if kind else None


# From a definition


def values_of(definition: Values, currency: str) -> dict[str, Any]:
    """What stands in the form for a definition in its shortest form, or for the beginning of one."""
    amount, trigger = definition.get("amount", {}), definition.get("trigger", {})
    terms, group = Terms(currency), definition.get("group") or {}
    minimum = definition.get("minimum_minor")
    return {
        "on": trigger.get("on", "order"),
        "event": trigger.get("kind", ""),
        "gives": amount.get("kind", "per_amount"),
        "value": amount.get("points", amount.get("percent", amount.get("factor", ""))),
        "per": controls.write_money(amount["per_minor"], terms) if "per_minor" in amount else "",
        "steps": amount.get("steps", "exact"),
        "of": amount.get("of", []),
        "unit": definition.get("unit", ""),
        "minimum": controls.write_money(minimum, terms) if minimum else "",
        **{f"cap_{name}": cap for name, cap in (definition.get("caps") or {}).items()},
        "budget": definition.get("budget", ""),
        "priority": definition.get("priority", 0),
        "group": group.get("key", ""),
        "mode": group.get("mode", "all"),
        "stop": definition.get("stop", False),
        **_frequency_values(definition.get("frequency") or {}),
        **_window_values(definition.get("window") or {}),
        **_expiry_values(definition.get("expiry")),
        **_pending_values(definition.get("pending")),
    }


def _frequency_values(frequency: Values) -> dict[str, Any]:
    if frequency.get("once"):
        return {"often": "once"}
    if "times" in frequency:
        return {"often": "times", "times": frequency["times"], "period": frequency["per"]}
    if "cooldown_seconds" in frequency:
        seconds = frequency["cooldown_seconds"]
        span = next(span for span in SPANS if seconds % span == 0)
        return {"often": "cooldown", "cooldown": seconds // span, "span": str(span)}
    return {}


def _window_values(window: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"weekdays": [str(day) for day in window.get("weekdays", [])]}
    if "from" in window:
        opens = datetime.fromisoformat(window["from"])
        found["from_day"], found["from_time"] = opens.date(), _clock(opens)
    if "until" in window:
        closes = datetime.fromisoformat(window["until"])
        is_whole = closes.time() == time.min and closes.date() > date.min
        found["until_day"] = closes.date() - timedelta(days=1) if is_whole else closes.date()
        found["until_time"] = "" if is_whole else _clock(closes) or "00:00"
    if "hours" in window:
        found["hours"] = HoursField.write(window["hours"])
    return found


def _clock(moment: datetime) -> str:
    found = moment.time()
    if found == time.min:
        return ""
    return found.isoformat("auto" if found.second or found.microsecond else "minutes")


def _expiry_values(policy: Values | None) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "ends": policy.get("kind", "none"),
        "ends_count": policy.get("count", ""),
        "ends_of": policy.get("period", "year"),
        "ends_after": policy.get("after") or "",
        "ends_dates": ", ".join(policy.get("dates", [])),
    }


def _pending_values(policy: Values | None) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "usable": policy.get("kind", "none"),
        "usable_count": policy.get("count", ""),
        "usable_on": policy.get("on", ""),
        "usable_event": policy.get("event", ""),
    }

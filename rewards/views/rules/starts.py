"""Rules to start from: each a definition to fill in, kept nowhere until it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.models import Program
from rewards import queries


@dataclass(frozen=True, slots=True)
class Start:
    key: str
    title: str | Promise
    text: str | Promise
    definition: Mapping[str, Any]

    # Whether it gives money credit, where the program has a unit of it.
    is_money: bool = False

    def filled(self, program: Program) -> dict[str, Any]:
        """The definition in the program's first unit, or its first one of money."""
        units = queries.units_of(program)
        fit = [unit for unit in units if unit.is_money] if self.is_money else []
        unit = next(iter(fit or units), None)
        return {"trigger": {"on": "order"}, "unit": unit.key if unit else "", **self.definition}


DOUBLE = {"kind": "multiplier", "factor": "2"}
STARTS = (
    Start(
        "amount",
        _("Points per amount"),
        _("So many points for each pound or dollar: the rule that most programs begin with."),
        {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
    ),
    Start(
        "cashback",
        _("Cashback"),
        _("Five percent of each order come back as credit, which pays for later orders."),
        {"amount": {"kind": "percent", "percent": "5"}},
        is_money=True,
    ),
    Start(
        "category",
        _("Bonus on a category"),
        _("What is in a category counts double, as much as you like each month."),
        {"amount": DOUBLE, "lines": {"field": "category", "op": "="}},
    ),
    Start(
        "weekend",
        _("Happy weekend"),
        _("Everything counts double on Saturday and Sunday, or at the hours you choose."),
        {"amount": DOUBLE, "window": {"weekdays": [6, 7]}},
    ),
    Start(
        "first",
        _("First order"),
        _("A gift of points with the first order of a member, once."),
        {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}},
    ),
    Start(
        "birthday",
        _("Birthday"),
        _("A gift of points on the birthday, once a year; or for joining, or with each year as a member."),
        {
            "trigger": {"on": "schedule", "kind": "birthday"},
            "amount": {"kind": "fixed", "points": "50"},
        },
    ),
    Start(
        "subscription",
        _("Subscription renewed"),
        _("A gift with each renewal of a subscription; with a condition only from the third in a row on."),
        {
            "trigger": {"on": "event", "kind": "subscription.renewed"},
            "amount": {"kind": "fixed", "points": "50"},
            "conditions": {"field": "data.number.renewal", "op": ">=", "value": 1},
        },
    ),
    Start(
        "event",
        _("Something a member did"),
        _("Points for a review, a visit or anything else that your shop or app reports as an event."),
        {
            "trigger": {"on": "event", "kind": "review.written"},
            "amount": {"kind": "fixed", "points": "20"},
            "frequency": {"times": 1, "per": "week"},
        },
    ),
)


def start_of(key: str) -> Start | None:
    return next((start for start in STARTS if start.key == key), None)

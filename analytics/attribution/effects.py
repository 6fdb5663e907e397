"""What hold-outs say beside the last touch: for each journey with one, and for all marketing by the control group."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django_scopes import scope

from analytics.models import AttributionPolicy
from campaigns.experiments import holdout
from campaigns.models import Journey
from members.models import Program

# Over so many days up to yesterday.
DAYS = 90
# A split so uneven is no chance any more: nothing of it is shown.
MISMATCH = 0.001


def store(*, program: Program, today: date) -> dict[str, Any]:
    """Measure and keep what hold-outs say of the last days; seconds for each journey that has one."""
    since = datetime.combine(today - timedelta(days=DAYS), time(), program.zone)
    until = datetime.combine(today, time(), program.zone)
    with scope(program=program):
        journeys = Journey.objects.filter(program=program, current__isnull=False).select_related("current")
        found: dict[str, Any] = {
            "since": since.date().isoformat(),
            "until": until.date().isoformat(),
            "all": told(holdout.effect(program=program, since=since, until=until)),
            "journeys": {},
        }
        for journey in journeys:
            if journey.current and journey.current.graph.get("holdout"):
                effect = holdout.effect(program=program, since=since, until=until, journey=journey)
                found["journeys"][str(journey.pk)] = told(effect)
        AttributionPolicy.objects.update_or_create(program=program, defaults={"effects": found})
    return found


def told(effect: holdout.Effect | None) -> dict[str, Any] | None:
    """As JSON: sales that would not have been, with the interval of 95 %, for all that were treated."""
    if effect is None or effect.mismatch < MISMATCH:
        return None
    each = effect.revenue
    return {
        "treated": effect.treated,
        "held_out": effect.held_out,
        "revenue_minor": round(effect.revenue_total),
        "low_minor": round(each.low * effect.treated),
        "high_minor": round(each.high * effect.treated),
        "margin_minor": None if effect.margin_total is None else round(effect.margin_total),
        "margin_low_minor": None if effect.margin is None else round(effect.margin.low * effect.treated),
        "margin_high_minor": None if effect.margin is None else round(effect.margin.high * effect.treated),
        "cost_minor": round(effect.cost_total),
        "is_clear": each.is_clear,
    }

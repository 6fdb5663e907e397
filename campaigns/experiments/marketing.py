"""The effect of all marketing, by the permanent control group: measured at night, read by pages."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from django_scopes import scope

from campaigns.experiments import holdout
from campaigns.experiments.figures import Difference
from campaigns.experiments.holdout import Effect
from campaigns.experiments.outcomes import MEASURES
from campaigns.models import Control
from members.models import Program

# The stretch that is looked at, up to now.
SPAN = timedelta(days=90)


def measure(*, program: Program, now: datetime) -> Effect | None:
    """Look at the last days of the group in force and keep what is found; None without a group or with too few in it."""
    with scope(program=program):
        group = Control.objects.filter(program=program, until__isnull=True).first()
        if group is None:
            return None
        since = max(group.since, now - SPAN)
        found = holdout.effect(program=program, since=since, until=now) if since < now else None
        Control.objects.filter(pk=group.pk).update(measured_at=now, found=told(found) if found else None)
    return found


def read(*, program: Program) -> Effect | None:
    """What was found last for the group in force. One statement."""
    with scope(program=program):
        group = Control.objects.filter(program=program, until__isnull=True).first()
    if group is None or group.found is None:
        return None
    kept = dict(group.found)
    for name in ("since", "until"):
        kept[name] = datetime.fromisoformat(kept[name])
    for name in MEASURES:
        kept[name] = None if kept[name] is None else Difference(**kept[name])
    return Effect(**kept)


def told(found: Effect) -> dict[str, object]:
    """As it is kept."""
    return asdict(found) | {"since": found.since.isoformat(), "until": found.until.isoformat()}

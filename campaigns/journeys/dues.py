"""When whoever arrives at a step is due there: at once, after a while, at an hour of the day, or at a time-out at the
latest. Always counted from the moment that is passed in, never from the server's clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.models import JourneyStep
from members.models import Program


def expression(
    step: JourneyStep, program: Program, now: datetime, *, member: str
) -> tuple[str, dict[str, Any]]:
    """SQL for the moment, and its values, named by the step; `member` is the column with the member, whose own clock
    counts where it is known."""
    config, name = step.config, f"due{step.pk or 0}"
    if step.kind == "wait_local":
        values = {
            f"{name}": now,
            f"{name}_zone": program.time_zone,
            f"{name}_hour": config["hour"],
            f"{name}_minute": config.get("minute", 0),
            f"{name}_days": config.get("weekdays") or [],
        }
        zone = f"coalesce((SELECT w.time_zone FROM campaigns_whereabouts w WHERE w.member_id = {member}), %({name}_zone)s)"  # noqa: S608
        clock = f"%({name}_hour)s, %({name}_minute)s, %({name}_days)s::int[]"
        return f"wafa_next_local(%({name})s::timestamptz, {zone}, {clock})", values
    return f"%({name})s::timestamptz", {name: now + pause(step)}


def pause(step: JourneyStep) -> timedelta:
    """How long one waits at a step at most; nothing where one does not wait."""
    config = step.config
    if step.kind == "wait":
        return timedelta(
            days=config.get("days", 0), hours=config.get("hours", 0), minutes=config.get("minutes", 0)
        )
    if step.kind == "wait_event":
        return timedelta(days=config["timeout_days"])
    return timedelta(0)


def is_immediate(step: JourneyStep) -> bool:
    return step.kind not in ("wait", "wait_local", "wait_event")

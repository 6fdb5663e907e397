"""Badges in few words, and everything that runs by itself, run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django_scopes import scope

from members import followers
from members.models import Event, Program
from rewards.badges import editing, recounting
from rewards.models import Badge, BadgeProgress, BadgeShare, BadgeTeam, BadgeWin
from tests.rewards import builders as b

NOW = b.moment("2026-06-15")
PROGRESS = ("badge_id", "member_id", "period", "value", "best", "at", "until", "level")


def levels(*targets: Any, **prizes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Levels one, two, three … with these targets; prizes by level."""
    names = ("one", "two", "three", "four")
    return [
        {"key": name, "target": target, "prizes": prizes.get(name, [])}
        for name, target in zip(names, targets, strict=False)
    ]


def goal(count: str, *targets: Any, **more: Any) -> dict[str, Any]:
    return {"count": count, "levels": levels(*(targets or (1,)))} | more


def put_up(
    program: Program, key: str = "badge", /, *, now: str | datetime = "2026-01-01", **values: Any
) -> Badge:
    """A badge that is up and counted."""
    moment = b.moment(now)
    values = {"kind": "badge", "names": {"en": key.title()}} | values
    editing.create(program=program, key=key, by=None, now=moment, **values)
    badge = editing.publish(program=program, key=key, by=None, now=moment)
    recounting.recount(program=program, badge=badge, now=moment)
    return badge


def together(by: str, *targets: Any, count: str = "orders", least: Any = 1, **more: Any) -> dict[str, Any]:
    """A goal that teams reach."""
    tags = {"tags": more.pop("tags")} if "tags" in more else {}
    return goal(count, *targets, group={"by": by, "least": least} | tags, **more)


def sums(program: Program, key: str = "badge") -> dict[str, float]:
    """What each team brought."""
    with scope(program=program):
        rows = BadgeTeam.objects.filter(badge__key=key, value__gt=0)
        return {team: float(value) for team, value in rows.values_list("team", "value")}


def run(now: str | datetime = NOW) -> None:
    """Tell every follower everything, and let time pass by."""
    moment = b.moment(now)
    followers.deliver(clock=lambda: moment, seconds=60)
    for program in recounting.programs():
        recounting.settle_due(program=program, now=moment)
    followers.deliver(clock=lambda: moment, seconds=60)


def value(program: Program, name: str = "anna", key: str = "badge") -> float:
    """What counts now."""
    with scope(program=program):
        row = BadgeProgress.objects.filter(badge__key=key, member_id=b.find(program, name).pk).first()
        return float(row.value) if row else 0


def wins(program: Program, name: str = "anna", key: str = "badge") -> list[str]:
    """The levels that are won now, with the period where there are several."""
    with scope(program=program):
        found = BadgeWin.objects.filter(badge__key=key, member=b.find(program, name), lost_at=None)
        return sorted(f"{win.level} {win.period}".strip() for win in found)


def told(program: Program, *kinds: str) -> list[tuple[str, Any]]:
    """The events of these kinds: kind and level (or the step of progress)."""
    kinds = kinds or ("badge.won", "badge.lost", "challenge.completed")
    with scope(program=program):
        rows = Event.objects.filter(kind__in=kinds).order_by("pk")
        return [(row.kind, row.data.get("step") or row.data["level"]) for row in rows]


def counted(program: Program) -> dict[str, set[Any]]:
    """Everything that counting wrote, to be compared; who stands at nothing may have a row or none."""
    with scope(program=program):
        shares = BadgeShare.objects.values_list(
            "badge_id", "anchor", "key", "member_id", "at", "value", "team"
        )
        progress = BadgeProgress.objects.filter(best__gt=0).values_list(*PROGRESS)
        won = BadgeWin.objects.filter(lost_at=None)
        teams = BadgeTeam.objects.filter(value__gt=0).values_list("badge_id", "team", "value", "reached")
        return {
            "teams": {
                (badge, team, value, tuple(sorted(reached.items()))) for badge, team, value, reached in teams
            },
            "shares": set(shares),
            "progress": set(progress),
            "wins": set(won.values_list("badge_id", "member_id", "level", "period", "won_at")),
        }

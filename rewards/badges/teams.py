"""How teams stand, for pages and the API: in order of what they brought, and what of it is one member's. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Sum, Window
from django.db.models.functions import Rank

from members.models import Member
from rewards.badges.goals import Goal, Group
from rewards.badges.sums import EVERYBODY, NOTHING
from rewards.models import Badge, BadgeShare, BadgeTeam, HouseholdPlace


@dataclass(frozen=True, slots=True)
class Team:
    """`name` is the code of the store, the tag, the number of the household, or "all"; equal figures share a place."""

    name: str
    value: Decimal
    place: int
    levels: tuple[str, ...]
    members: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A member within a team: what the team brought, and what of it is the member's. `name` is empty for who has none."""

    name: str
    value: Decimal = NOTHING
    own: Decimal = NOTHING
    levels: tuple[str, ...] = ()


def standing(badge: Badge, *, top: int, also: str = "", with_members: bool = False) -> list[Team]:
    """The first teams, and one more. Two statements at most."""
    place = Window(Rank(), order_by=F("value").desc())
    rows = BadgeTeam.objects.filter(badge=badge, value__gt=0).annotate(place=place).order_by("place", "team")
    found = list(rows[:top])
    if also and also not in {row.team for row in found}:
        found += [row for row in rows if row.team == also]
    counts = _members_of(badge, [row.team for row in found]) if with_members else {}
    return [
        Team(row.team, row.value, row.place, tuple(row.reached), counts.get(row.team, 0)) for row in found
    ]


def _members_of(badge: Badge, names: Sequence[str]) -> dict[str, int]:
    rows = BadgeShare.objects.filter(badge=badge, team__in=names).values("team").order_by()
    return dict(rows.annotate(members=Count("member_id", distinct=True)).values_list("team", "members"))


def parts_of(goals: Mapping[int, Goal], member: Member) -> dict[int, Part]:
    """In each of these goals the team to which the member brought most, else the one where the next deed will count. Two
    statements, one more where households take part; none without goals of teams."""
    groups = {badge: goal.group for badge, goal in goals.items() if goal.group is not None}
    if not groups:
        return {}
    own: dict[int, list[tuple[Decimal, str]]] = {}
    shares = BadgeShare.objects.filter(badge_id__in=list(groups), member_id=member.pk)
    for badge, team, value in (
        shares.values("badge_id", "team")
        .order_by()
        .annotate(sum=Sum("value"))
        .values_list("badge_id", "team", "sum")
    ):
        own.setdefault(badge, []).append((value, team))
    best = {badge: max(parts) for badge, parts in own.items()}
    names = {
        badge: best[badge][1] if badge in best else _natural(group, member) for badge, group in groups.items()
    }
    rows = BadgeTeam.objects.filter(badge_id__in=list(groups), team__in=set(names.values()))
    teams = {(row.badge_id, row.team): row for row in rows}
    return {badge: _part(name, best.get(badge), teams.get((badge, name))) for badge, name in names.items()}


def _part(name: str, best: tuple[Decimal, str] | None, team: BadgeTeam | None) -> Part:
    own = best[0] if best is not None else NOTHING
    return Part(name, team.value, own, tuple(team.reached)) if team is not None else Part(name, own=own)


def _natural(group: Group, member: Member) -> str:
    if group.by == "all":
        return EVERYBODY
    if group.by == "tags":
        return next((tag for tag in group.tags if tag in member.tags), "")
    if group.by == "households":
        place = HouseholdPlace.objects.filter(member=member, left_at=None).first()
        return str(place.household_id) if place is not None else ""
    return ""

"""Calls about badges: what there is, how a member stands, taking part in a challenge, and its leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import call
from members.models import Scope
from rewards.badges import board, counting, entering, reading, teams
from rewards.badges.goals import COUNTS, GROUPS, Goal, Group, Level
from rewards.badges.reading import View
from rewards.badges.teams import Part, Team
from rewards.models import Badge

KEY = Text(60, 1, example="first-run")
TEXTS = Anything(about="By language.")
FIGURE = Text(24, 1, about="As text; minor units where money is counted, else to four places.", example="5")
LEVEL = Object(
    "BadgeLevel",
    {
        "key": Text(40, 1),
        "names": TEXTS,
        "target": FIGURE,
        "prizes": Many(Anything(about="`kind` (units, reward, tag), `name` and, of units, `amount`."), 5),
    },
    needed=frozenset({"key", "names", "target", "prizes"}),
)
GROUP = Object(
    "BadgeGroup",
    {
        "by": Text(
            10,
            choices=GROUPS,
            about="What makes a team: everybody, the store of the order, a tag, the household.",
        ),
        "tags": Many(Text(64, 1), 20),
        "least": FIGURE,
    },
    needed=frozenset({"by", "tags", "least"}),
)
TEAM = Object(
    "BadgeTeam",
    {
        "name": Text(
            64,
            1,
            about="`all`, the code of the store, the tag, or the number of the household.",
            example="quay",
        ),
        "place": Whole(1, 2**31 - 1, "Equal figures share a place."),
        "value": FIGURE,
        "levels": Many(Text(40, 1), 12),
        "members": Whole(0, 2**31 - 1, "How many brought something."),
    },
    needed=frozenset({"name", "place", "value", "levels", "members"}),
)
TEAMS = Object("BadgeTeams", {"items": Many(TEAM, 100)}, needed=frozenset({"items"}))
PART = Object(
    "TeamPart",
    {
        "name": Text(64, about="The team; empty for who is in none yet."),
        "value": FIGURE,
        "own": FIGURE,
        "levels": Many(Text(40, 1), 12),
    },
    needed=frozenset({"name", "value", "own", "levels"}),
)
BADGE = Object(
    "Badge",
    {
        "key": KEY,
        "kind": Text(9, choices=tuple(Badge.Kind.values)),
        "names": TEXTS,
        "texts": TEXTS,
        "medal": Anything(about="`shape`, `color` and `icon` of its drawing."),
        "counts": Text(10, choices=COUNTS, about="What is counted."),
        "event": Nullable(Text(58, about="The kind of custom event that counts; null for orders.")),
        "levels": Many(LEVEL, 12, 1),
        "group": Nullable(GROUP),
        "is_kept": Flag(about="Whether a return leaves it with the member."),
        "starts_at": Nullable(Moment()),
        "ends_at": Nullable(Moment()),
        "needs_joining": Flag(),
        "has_board": Flag(),
    },
    needed=frozenset({
        "key", "kind", "names", "texts", "medal", "counts", "event", "levels", "group", "is_kept", "starts_at", "ends_at",
        "needs_joining", "has_board",
    }),
)  # fmt: skip
BADGES = Object("Badges", {"items": Many(BADGE, 1000)}, needed=frozenset({"items"}))
WIN = Object(
    "BadgeWin",
    {"level": Text(40, 1), "period": Nullable(Text(10)), "won_at": Moment()},
    needed=frozenset({"level", "period", "won_at"}),
)
PROGRESS = Object(
    "BadgeProgress",
    {
        "badge": BADGE,
        "value": FIGURE,
        "next": Nullable(Text(40, about="The level to reach; null once all are.")),
        "until": Nullable(Moment("When the figure changes by itself, or the challenge ends.")),
        "wins": Many(WIN, 10_000),
        "takes_part": Flag(about="Whether the member joined the challenge."),
        "team": Nullable(PART),
    },
    needed=frozenset({"badge", "value", "next", "until", "wins", "takes_part", "team"}),
)
MINE = Object("MemberBadges", {"items": Many(PROGRESS, 1000)}, needed=frozenset({"items"}))
JOIN = Object(
    "ChallengeJoining",
    {
        "is_shown": Flag(about="Whether the leaderboard may show the member."),
        "shown_as": Text(30, about="Under which name; else the beginning of the member number."),
    },
)
LINE = Object(
    "BoardLine",
    {"place": Whole(1, 2**31 - 1), "name": Text(60), "value": FIGURE},
    needed=frozenset({"place", "name", "value"}),
)
BOARD = Object(
    "Board",
    {"items": Many(LINE, 100), "count": Whole(0, 2**31 - 1, "How many are shown.")},
    needed=frozenset({"items", "count"}),
)
BADGE_EXAMPLE = {
    "key": "first-run", "kind": "badge", "names": {"en": "First run"}, "texts": {"en": "Run once."},
    "medal": {"shape": "rosette", "color": "gold", "icon": "run"}, "counts": "events", "event": "run",
    "levels": [{"key": "once", "names": {}, "target": "1", "prizes": []}], "group": None, "is_kept": False, "starts_at": None,
    "ends_at": None, "needs_joining": False, "has_board": False,
}  # fmt: skip
EXAMPLE = {
    "badge": BADGE_EXAMPLE,
    "value": "1",
    "next": None,
    "until": None,
    "wins": [{"level": "once", "period": None, "won_at": "2026-03-04T20:00:00Z"}],
    "takes_part": False,
    "team": None,
}
TEAM_EXAMPLE = {"name": "quay", "place": 1, "value": "120", "levels": ["bronze"], "members": 14}


class Badges(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_badges",
        tag="Badges",
        summary="Read what can be won",
        about="Badges, challenges and milestones that are up.",
        gives={200: (BADGES, {"items": [BADGE_EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        return Response({"items": [_badge(each.badge, each.goal) for each in counting.live(self.program)]})


class Mine(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_member_badges",
        tag="Badges",
        summary="Read how a member stands",
        about="Everything that is up, and what was won of what has ended. A fact is counted within seconds, not in the "
        "call that tells it. In what teams do together `value` and `next` are the team's, and `team` says what of it is "
        "the member's; who brought `least` of `group` wins with the team.",
        ids=["member_id"],
        gives={200: (MINE, {"items": [EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        found = reading.of_member(program=self.program, member=people.find(member_id), now=clock.now())
        return Response({"items": [_told(each) for each in found]})


class Join(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "join_challenge",
        tag="Badges",
        summary="Take part in a challenge",
        about="As the member's own wish. What was done in the days of the challenge counts, also before joining. A repeat "
        "only sets what the leaderboard shows.",
        takes=JOIN,
        example={"is_shown": True, "shown_as": "Swift"},
        ids=["member_id", "badge"],
        gives={200: (PROGRESS, EXAMPLE | {"takes_part": True})},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int, badge: str) -> Response:
        asked: dict[str, Any] = shapes.read(JOIN, request.data)
        member, now = people.find(member_id), clock.now()
        entry = entering.join(program=self.program, member=member, key=badge, now=now, **asked)
        found = reading.one_of_member(program=self.program, badge=entry.badge, member=member, now=now)
        return Response(_told(found))


class Leave(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "leave_challenge",
        tag="Badges",
        summary="Leave a challenge",
        takes=Object("ChallengeLeaving", {}),
        example={},
        ids=["member_id", "badge"],
        gives={200: (PROGRESS, EXAMPLE)},
    )
    def post(self, request: Request, member_id: int, badge: str) -> Response:
        shapes.read(Object("ChallengeLeaving", {}), request.data)
        member, now = people.find(member_id), clock.now()
        entering.leave(program=self.program, member=member, key=badge, now=now)
        one = entering.find(self.program, badge)
        return Response(_told(reading.one_of_member(program=self.program, badge=one, member=member, now=now)))


class Leaders(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "read_board",
        tag="Badges",
        summary="Read the leaderboard of a challenge",
        about="The first hundred of those who chose to be shown; equal figures share a place.",
        ids=["badge"],
        gives={200: (BOARD, {"items": [{"place": 1, "name": "Swift", "value": "42.5"}], "count": 1})},
    )
    def get(self, request: Request, badge: str) -> Response:
        one = Badge.objects.filter(key=badge, has_board=True).exclude(state=Badge.State.DRAFT).first()
        if one is None:
            raise NotFound
        found = board.read(badge=one, top=100)
        items = [
            {"place": line.place, "name": line.name, "value": figure(line.value)} for line in found.lines
        ]
        return Response({"items": items, "count": found.count})


class Teams(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_teams",
        tag="Badges",
        summary="Read how teams stand in a challenge",
        about="The first hundred teams of a challenge that is done together.",
        ids=["badge"],
        gives={200: (TEAMS, {"items": [TEAM_EXAMPLE]})},
    )
    def get(self, request: Request, badge: str) -> Response:
        one = (
            Badge.objects.filter(key=badge, definition__has_key="group")
            .exclude(state=Badge.State.DRAFT)
            .first()
        )
        if one is None:
            raise NotFound
        found = teams.standing(one, top=100, with_members=True)
        return Response({"items": [_team(team) for team in found]})


def _team(team: Team) -> dict[str, Any]:
    return {
        "name": team.name,
        "place": team.place,
        "value": figure(team.value),
        "levels": list(team.levels),
        "members": team.members,
    }


def figure(value: Any) -> str:
    """Without zeros that say nothing."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _badge(badge: Badge, goal: Goal) -> dict[str, Any]:
    return {
        "key": badge.key,
        "kind": badge.kind,
        "names": badge.names,
        "texts": badge.texts,
        "medal": badge.medal,
        "counts": goal.counted,
        "event": goal.event or None,
        "levels": [_level(level) for level in goal.levels],
        "group": _group(goal.group) if goal.group else None,
        "is_kept": badge.is_kept,
        "starts_at": badge.starts_at,
        "ends_at": badge.ends_at,
        "needs_joining": badge.needs_joining,
        "has_board": badge.has_board,
    }


def _group(group: Group) -> dict[str, Any]:
    return {"by": group.by, "tags": list(group.tags), "least": figure(group.least)}


def _level(level: Level) -> dict[str, Any]:
    prizes = [prize.told for prize in level.prizes]
    return {"key": level.key, "names": level.names, "target": figure(level.target), "prizes": prizes}


def _told(view: View) -> dict[str, Any]:
    return {
        "badge": _badge(view.badge, view.goal),
        "value": figure(view.value),
        "next": view.next.key if view.next else None,
        "until": view.until,
        "wins": [
            {"level": win.level, "period": win.period or None, "won_at": win.won_at} for win in view.wins
        ],
        "takes_part": view.entry is not None,
        "team": _part(view.part) if view.part else None,
    }


def _part(part: Part) -> dict[str, Any]:
    levels = list(part.levels)
    return {"name": part.name, "value": figure(part.value), "own": figure(part.own), "levels": levels}

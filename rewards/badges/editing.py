"""Badges are drafted, changed, put up and ended here; each change of one that is up is counted anew from the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members import followers
from members.keeping import Keeper
from members.models import Program, User
from rewards import prizes
from rewards.badges import counting, giving, goals, medals
from rewards.badges.goals import Goal
from rewards.engine.definitions import RuleError
from rewards.models import Badge, Unit

CHANGEABLE = (
    "kind",
    "names",
    "texts",
    "medal",
    "definition",
    "is_kept",
    "starts_at",
    "ends_at",
    "needs_joining",
    "has_board",
)
# What of these moves what is counted.
COUNTED = {"definition", "starts_at", "ends_at", "needs_joining", "is_kept"}
LONGEST_NAME, LONGEST_TEXT = 60, 300
State, Kind = Badge.State, Badge.Kind


class BadgeKeyTaken(Conflict):
    code = "badge_key_taken"
    message = _("There is a badge with this key. Choose another key.")


class BadgeRefused(DomainError):
    code = "badge_refused"
    message = _("This badge cannot be.")


class BadgeChanged(Conflict):
    code = "badge_changed"
    message = _("Somebody else has changed this badge. Look at it anew.")


class BadgeOver(Conflict):
    code = "badge_over"
    message = _("This badge has ended. Make a new one.")


class BadgeKeeper(Keeper[Badge]):
    model = Badge
    noun = "badge"
    settings = CHANGEABLE
    key_taken, changed, over = BadgeKeyTaken, BadgeChanged, BadgeOver

    def check(self, badge: Badge) -> None:
        check(badge)

    def told(self, badge: Badge) -> dict[str, Any]:
        found = {name: getattr(badge, name) for name in CHANGEABLE}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value not in (None, "", {}, [], False)
        }

    def lock(self, program: Program, key: str) -> Badge:
        """One badge of a program is moved at a time: together they say what is followed."""
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        badge: Badge = super().lock(program, key)
        return badge

    def write(self, badge: Badge, columns: Collection[str]) -> None:
        """What moves the goal of one that is up, and putting it up, has all counted anew."""
        if badge.state == State.LIVE and (COUNTED | {"state"}) & set(columns):
            badge.horizon, badge.counted_to, badge.counted_at, badge.summed_at = None, 0, None, None
            columns = [*columns, "horizon", "counted_to", "counted_at", "summed_at"]
        super().write(badge, columns)

    def done(self, badge: Badge, moved: Collection[str], now: datetime) -> None:
        _follow(badge.program)


KEEPER = BadgeKeeper()


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Badge:
    """A new draft; `values` are of CHANGEABLE. Raises BadgeKeyTaken, BadgeRefused with the field."""
    return KEEPER.create(program=program, key=key, by=by, now=now, **values)


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Badge:
    """Give the badge these values; those not named stay. `revision` is the one that was looked at.

    Raises NotFound, BadgeChanged, BadgeOver, BadgeRefused with the field."""
    return KEEPER.change(program=program, key=key, by=by, now=now, revision=revision, **values)


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Badge:
    """Put a draft up; what members did before is counted too, unless it begins later. Raises NotFound, BadgeOver,
    BadgeRefused."""
    return KEEPER.publish(program=program, key=key, by=by, now=now)


def end(*, program: Program, key: str, by: User | None, now: datetime) -> Badge:
    """Take it down for good: what was won stays, and nothing is counted any more. Raises NotFound."""
    return KEEPER.end(program=program, key=key, by=by, now=now)


def awaited(*, program: Program) -> set[str]:
    """The kinds of custom events that badges count which are up. Call it within the program's scope."""
    live = Badge.objects.filter(program=program, state=State.LIVE)
    return {kind for kind in live.values_list("definition__event", flat=True) if kind}


def goal_of(badge: Badge, program: Program) -> Goal:
    """What it asks. Raises BadgeRefused with the path of what cannot be."""
    try:
        return goals.parse(
            badge.definition, zone=program.zone, opens_at=badge.starts_at, closes_at=badge.ends_at
        )
    except RuleError as error:
        raise BadgeRefused(str(error), field=error.path or "definition") from error


def check(badge: Badge) -> None:
    """What a row cannot say by itself. Raises BadgeRefused with the field."""
    program = badge.program
    main = program.languages[0]
    if not badge.names.get(main, "").strip():
        raise BadgeRefused(_("Give it a name in the first language."), field=f"name_{main}")
    _check_texts(badge.names, LONGEST_NAME, "name")
    _check_texts(badge.texts, LONGEST_TEXT, "text")
    if badge.starts_at and badge.ends_at and badge.ends_at <= badge.starts_at:
        raise BadgeRefused(_("It ends before it begins."), field="ends_on")
    if badge.kind != Kind.CHALLENGE and (badge.ends_at or badge.needs_joining or badge.has_board):
        raise BadgeRefused(_("Only a challenge ends, is joined and has a leaderboard."), field="kind")
    medals.check(badge.medal)
    goal = goal_of(badge, program)
    if goal.group is not None and badge.kind != Kind.CHALLENGE:
        raise BadgeRefused(_("Only a challenge is done together."), field="group.by")
    _check_prizes(program, goal)


def _check_texts(texts: Mapping[str, str], most: int, name: str) -> None:
    for language, text in texts.items():
        if len(text) > most:
            raise BadgeRefused(_("At most %(most)s characters."), field=f"{name}_{language}", most=most)


def _check_prizes(program: Program, goal: Goal) -> None:
    for place, level in enumerate(goal.levels):
        for number, prize in enumerate(level.prizes):
            here = f"levels[{place}].prizes[{number}].name"
            if prize.kind == "units" and not _has(Unit, program, prize.name):
                raise BadgeRefused(_("There is no such unit."), field=here)
            if prize.kind == "reward":
                _check_reward(prize.name, here)


def _check_reward(key: str, here: str) -> None:
    try:
        prizes.check({"reward": key}, field=here)
    except prizes.PrizeInvalid as error:
        raise BadgeRefused(error.message, field=here) from error


def _has(model: Any, program: Program, key: str) -> bool:
    return bool(model.objects.filter(program=program, key=key).exists())


def _follow(program: Program) -> None:
    """Be told what the badges that are up depend on, and what they give prizes for."""
    live: list[counting.Known] = list(counting.live(program))
    kinds = counting.kinds_of(live)
    _set(program, counting.FOLLOWER, kinds)
    _set(program, giving.FOLLOWER, giving.KINDS if live else ())


def _set(program: Program, follower: str, kinds: Iterable[str]) -> None:
    wanted = list(kinds)
    if wanted:
        followers.follow(program=program, follower=follower, kinds=wanted)
    elif follower == counting.FOLLOWER:
        followers.unfollow(program=program, follower=follower)

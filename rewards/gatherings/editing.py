"""Staff say when and where an event takes place; seats can be taken until it begins, and what members hold is good for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards import catalogue
from rewards.gatherings import days
from rewards.models import Gathering, Redemption, Reward
from rewards.models.gatherings import MOST_HOURS
from rewards.redemptions import moves
from rewards.redemptions.refusals import WrongState

LONGEST = 200
CHANGEABLE = ("begins_at", "ends_at", "time_zone", "places", "remind_hours")
# What those who hold a seat are told of.
TOLD = ("begins_at", "ends_at", "time_zone", "places")


class GatheringRefused(DomainError):
    code = "gathering_refused"
    message = _("This event cannot be.")


class GatheringChanged(Conflict):
    code = "gathering_changed"
    message = _("Somebody else has changed this event. Look at it anew.")


def plan(
    *,
    program: Program,
    key: str,
    by: User | None,
    now: datetime,
    begins_at: datetime,
    ends_at: datetime | None = None,
    time_zone: str = "",
    places: Mapping[str, str] | None = None,
    remind_hours: int = 24,
    revision: int | None = None,
) -> Gathering:
    """When and where the event of this reward is; `time_zone` is the program's unless named. Members who hold a seat are
    told when that changes. A repeat changes nothing; `revision` is the one that was looked at, 0 for none.

    Raises NotFound, RewardOver, GatheringChanged, GatheringRefused with the field."""
    values = {
        "begins_at": begins_at,
        "ends_at": ends_at,
        "time_zone": time_zone or program.time_zone,
        "places": dict(places or {}),
        "remind_hours": remind_hours,
    }
    _check(values)
    with scope(program=program), transaction.atomic():
        reward = _lock(program, key)
        old = Gathering.objects.filter(reward=reward).first()
        if revision is not None and revision != (old.revision if old else 0):
            raise GatheringChanged
        before = _told(old) if old is not None else {}
        one = old or Gathering(reward=reward, program=program, changed_at=now, revision=0, **values)
        if old is not None and all(getattr(old, name) == value for name, value in values.items()):
            return old
        is_news = old is not None and any(getattr(old, name) != values[name] for name in TOLD)
        _close_in_time(program, reward, old.begins_at if old else None, begins_at, by, now)
        for name, value in values.items():
            setattr(one, name, value)
        one.revision, one.changed_at = one.revision + 1, now
        if is_news:
            one.extended_to = 0
        one.save()
        after = _told(one)
        audit.record(
            program=program, actor=by, action="reward.event", subject="reward", subject_id=reward.key,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip
    return one


def programs(*, now: datetime) -> list[Program]:
    """Those with an event ahead, or with seats for another day."""
    with scopes_disabled():
        found = Gathering.objects.filter(Q(begins_at__gt=now) | Q(extended_to__isnull=False))
        return list(Program.objects.filter(pk__in=found.values("program_id")).order_by("pk"))


def extend_due(*, program: Program, now: datetime, limit: int = 500) -> int:
    """Let seats that are held be good until the end of the day that their event has by now, and tell their holders where
    and when it is; how many. Safe to repeat."""
    done = 0
    with scope(program=program):
        for one in Gathering.objects.filter(program=program, extended_to__isnull=False).order_by("pk"):
            done += _extend(program, one, now, limit - done)
            if done >= limit:
                break
    return done


def _extend(program: Program, one: Gathering, now: datetime, limit: int) -> int:
    # Who took a seat since knows the day and the place.
    held = Redemption.objects.filter(
        reward=one.reward_id,
        state=Redemption.State.ISSUED,
        pk__gt=one.extended_to,
        issued_at__lte=one.changed_at,
    ).order_by("pk")
    until = days.good_until(one)
    numbers = list(held.values_list("pk", flat=True)[:limit])
    for number in numbers:
        try:
            moves.extend(
                program=program,
                redemption_id=number,
                until=until,
                mark=str(one.revision),
                now=now,
            )
        except WrongState:
            # Used, cancelled or over by now.
            continue
    place = numbers[-1] if numbers and len(numbers) == limit else None
    # Not where it was moved again meanwhile.
    Gathering.objects.filter(pk=one.pk, revision=one.revision).update(extended_to=place)
    return len(numbers)


def _check(values: Mapping[str, Any]) -> None:
    if values["time_zone"] not in available_timezones():
        raise GatheringRefused(_("There is no such time zone."), field="time_zone")
    if values["ends_at"] is not None and values["ends_at"] <= values["begins_at"]:
        raise GatheringRefused(_("It ends before it begins."), field="ends")
    if not 0 <= values["remind_hours"] <= MOST_HOURS:
        raise GatheringRefused(_("At most %(most)s hours before."), field="remind_hours", most=MOST_HOURS)
    for language, text in values["places"].items():
        if len(text) > LONGEST:
            raise GatheringRefused(_("At most %(most)s characters."), field=f"place_{language}", most=LONGEST)


def _lock(program: Program, key: str) -> Reward:
    reward = (
        Reward.objects.select_for_update().filter(program=program, key=key, kind=Reward.Kind.EVENT).first()
    )
    if reward is None:
        raise NotFound
    if reward.state == Reward.State.ENDED:
        raise catalogue.RewardOver
    return reward


def _close_in_time(
    program: Program,
    reward: Reward,
    old: datetime | None,
    begins_at: datetime,
    by: User | None,
    now: datetime,
) -> None:
    """Nobody takes a seat after the beginning; an end of their own that staff set before stays."""
    ends_at = reward.ends_at
    if ends_at is None or ends_at == old or ends_at > begins_at:
        if reward.starts_at is not None and reward.starts_at >= begins_at:
            raise GatheringRefused(_("It begins before seats can be taken."), field="begins")
        catalogue.change(program=program, key=reward.key, by=by, now=now, ends_at=begins_at)


def _told(one: Gathering) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in CHANGEABLE}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()
    }

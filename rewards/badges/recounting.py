"""What was there before a badge was put up or changed is counted member by member, beside the follower and as it does.

It begins once the log has no event left that the follower may have missed. Killed in mid-work, it goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django_scopes import scope, scopes_disabled

from members import followers
from members.models import Member, Program
from rewards.badges import counting, standing, sums, turning
from rewards.badges.counting import Known
from rewards.models import Badge

CHUNK = 500


def recount_due(*, clock: Callable[[], datetime], seconds: float) -> int:
    """Count for the badges that wait for it, for so long at most; how many were finished."""
    until, done = time.monotonic() + seconds, 0
    with scopes_disabled():
        waiting = Badge.objects.filter(state=Badge.State.LIVE, counted_at__isnull=True)
        found = list(waiting.select_related("program").order_by("pk"))
    for badge in found:
        with scope(program=badge.program):
            if not _is_ready(badge):
                continue
            while time.monotonic() < until:
                if not _count_chunk(badge.program, badge.pk, clock()):
                    done += 1
                    break
    return done


def recount(*, program: Program, badge: Badge, now: datetime) -> None:
    """Count all of a badge at once, from the facts, whatever was counted before; in one transaction."""
    with scope(program=program), transaction.atomic():
        followers.keep_out(program=program, follower=counting.FOLLOWER)
        members = list(Member.objects.filter(program=program).values_list("pk", flat=True))
        badge.summed_at = None
        each = counting.known(badge, program)
        _count_all(each, members, now)
        sums.sum_up(badge, each.goal)
        if each.goal.group is not None:
            badge.summed_at = now
            _count_all(each, members, now)
        Badge.objects.filter(pk=badge.pk).update(counted_at=now, summed_at=badge.summed_at)


def _count_all(each: Known, members: Sequence[int], now: datetime) -> None:
    for start in range(0, len(members), CHUNK):
        _count(each, members[start : start + CHUNK], now)


def _count(each: Known, members: Sequence[int], now: datetime) -> None:
    counting.count_members(
        each.badge.program, [each], members=members, now=now, is_quiet=True, is_recount=True
    )


def programs() -> list[Program]:
    """Those with badges that are counted."""
    with scopes_disabled():
        live = Badge.objects.filter(state=Badge.State.LIVE)
        return list(Program.objects.filter(pk__in=live.values("program_id")).order_by("pk"))


def settle_due(*, program: Program, now: datetime, limit: int = 20_000, chunk: int = CHUNK) -> int:
    """Let members stand anew whose figure changes by itself, so many in a transaction; how many, at most `limit`. Safe to
    repeat, and to leave out."""
    done = 0
    while done < limit:
        most = min(chunk, limit - done)
        with scope(program=program), transaction.atomic():
            followers.keep_out(program=program, follower=counting.FOLLOWER)
            found = {each.badge.pk: each for each in counting.live(program)}
            settled = standing.settle_due(program, found, now=now, limit=most) if found else 0
            settled += turning.turn(program, found, now=now, limit=most - settled)
        done += settled
        if settled < most:
            break
    return done


def _is_ready(badge: Badge) -> bool:
    """Whether all that the follower was not told can be read by now."""
    if badge.horizon is None:
        mark = followers.horizon()
        waiting = Badge.objects.filter(pk=badge.pk, revision=badge.revision, horizon__isnull=True)
        if not waiting.update(horizon=mark):
            return False
        badge.horizon = mark
    return followers.is_past(badge.horizon)


def _count_chunk(program: Program, number: int, now: datetime) -> bool:
    """Count some members more; False when that was the last of them."""
    with transaction.atomic():
        followers.keep_out(program=program, follower=counting.FOLLOWER)
        # Not as it was found: it may have been changed meanwhile, and then begins anew.
        badge = Badge.objects.select_for_update().get(pk=number)
        if badge.counted_at is not None or badge.state != Badge.State.LIVE or badge.horizon is None:
            return False
        rows = Member.objects.filter(program=program, pk__gt=badge.counted_to).order_by("pk")
        members = list(rows.values_list("pk", flat=True)[:CHUNK])
        badge.program = program
        each = counting.known(badge, program)
        if not members and each.goal.group is not None and badge.summed_at is None:
            # What everybody brought is known; now how they stand by what their teams did.
            sums.sum_up(badge, each.goal)
            Badge.objects.filter(pk=number).update(summed_at=now, counted_to=0)
        elif not members:
            Badge.objects.filter(pk=number).update(counted_at=now)
            return False
        else:
            _count(each, members, now)
            Badge.objects.filter(pk=number).update(counted_to=members[-1])
    return True

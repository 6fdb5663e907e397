"""From joining to the prize: the friend's first purchase is found, waited for, and looked at again when it comes back.

Whatever runs here may run twice, late, or on several workers: rows are moved by what they are, not by who asks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from members.models import Event, Program
from rewards.models import Referral
from rewards.referrals import claims, paying

State = Referral.State
# An order may reach us so long after it was made.
LATE = timedelta(days=3)
CHUNK = 1000
# The first purchase that stands: paid, within the friend's time, and worth enough after what came back.
FIRST = """
    SELECT o.id, o.occurred_at FROM members_order o
    WHERE o.member_id = coalesce(f.merged_into_id, r.friend_id) AND o.program_id = r.program_id AND o.state = 'paid'
        AND o.occurred_at >= r.joined_at AND o.occurred_at < r.buy_until AND o.basis_minor > 0
        AND o.total_minor - o.returned_minor >= greatest(1, (r.terms->>'minimum_minor')::bigint)
    ORDER BY o.occurred_at, o.id LIMIT 1
"""
# `wait_days` are whole days in the program's time zone: it is paid at the start of the day after them.
FOUND = f"""
    WITH found AS (
        SELECT r.id, o.id AS order_id, o.occurred_at FROM rewards_referral r
        JOIN members_member f ON f.holder_id = r.friend_id LEFT JOIN LATERAL ({FIRST}) o ON true
        WHERE r.program_id = %(program)s AND r.state IN ('joined', 'waiting')
            AND (%(friends)s::bigint[] IS NULL OR coalesce(f.merged_into_id, r.friend_id) = ANY(%(friends)s))
    )
    UPDATE rewards_referral r SET
        state = CASE WHEN found.order_id IS NULL THEN 'joined' ELSE 'waiting' END,
        order_id = found.order_id, bought_at = found.occurred_at,
        due_at = (((found.occurred_at AT TIME ZONE %(zone)s)::date + 1 + (r.terms->>'wait_days')::int)::timestamp
            AT TIME ZONE %(zone)s)
    FROM found WHERE found.id = r.id AND r.state IN ('joined', 'waiting')
        AND r.order_id IS DISTINCT FROM found.order_id
    RETURNING r.id, r.state
"""  # noqa: S608 - joined from constants
# Paid, and the purchase does not stand any more: another one of the friend's may.
FALLEN = f"""
    SELECT r.id, o.id, o.occurred_at FROM rewards_referral r
    JOIN members_member f ON f.holder_id = r.friend_id LEFT JOIN LATERAL ({FIRST}) o ON true
    WHERE r.program_id = %(program)s AND r.state = 'paid' AND coalesce(f.merged_into_id, r.friend_id) = ANY(%(friends)s)
        AND r.order_id IS DISTINCT FROM o.id
"""  # noqa: S608 - joined from constants


def advance(*, program: Program, now: datetime, limit: int = 10_000, looks: bool = True) -> int:
    """Everything that is due in a program; how many referrals moved. Purchases are followed, so that `looks`, which
    goes through all open referrals for those that were missed, need not be each time."""
    with scope(program=program):
        moved = _find_orders(program, now, None) if looks else 0
        moved += _refuse_late(program, now)
        return moved + paying.pay_due(program=program, now=now, limit=limit)


def look_again(*, program: Program, friends: Collection[int], now: datetime) -> int:
    """These members bought, or something of theirs came back: move their referrals, and take back what was paid for a
    purchase that does not stand (29); how many moved. A few statements where nobody of them was brought by a friend."""
    wanted = list(friends)
    if not wanted:
        return 0
    with scope(program=program):
        moved = _find_orders(program, now, wanted)
        for number, order, at in _ask(FALLEN, {"program": program.pk, "friends": wanted}):
            if order is not None:
                rows = Referral.objects.filter(pk=number, state=State.PAID)
                moved += rows.update(order_id=order, bought_at=at)
            else:
                moved += paying.take_back(program=program, referral_id=number, now=now)
    return moved


def _find_orders(program: Program, now: datetime, friends: list[int] | None) -> int:
    values: dict[str, Any] = {"program": program.pk, "zone": program.time_zone, "friends": friends}
    with transaction.atomic():
        moved = _ask(FOUND, values)
        bought = [number for number, state in moved if state == State.WAITING]
        rows = Referral.objects.filter(pk__in=bought)
        Event.objects.bulk_create(
            event for row in rows for event in claims.events(row, "referral.bought", now)
        )
    return len(moved)


def _refuse_late(program: Program, now: datetime) -> int:
    """Who bought nothing in time, and who has left."""
    done = 0
    for reason, rows in (
        ("late", Referral.objects.filter(state=State.JOINED, buy_until__lt=now - LATE)),
        (
            "left",
            Referral.objects.filter(
                state__in=[State.JOINED, State.WAITING], friend__state="closed", friend__merged_into=None
            ),
        ),
    ):
        done += _refuse(program, reason, list(rows.values_list("pk", flat=True)[:CHUNK]), now)
    return done


@transaction.atomic
def _refuse(program: Program, reason: str, ids: list[int], now: datetime) -> int:
    rows = Referral.objects.select_for_update(skip_locked=True, no_key=True).filter(
        program=program, pk__in=ids, state__in=[State.JOINED, State.WAITING]
    )
    found = list(rows)
    for each in found:
        each.state, each.refused_for, each.closed_at = State.REFUSED, reason, now
    Referral.objects.bulk_update(found, ["state", "refused_for", "closed_at"])
    Event.objects.bulk_create(
        event for each in found for event in claims.events(each, "referral.refused", now)
    )
    return len(found)


def _ask(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())

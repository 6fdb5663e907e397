"""What falls due in all wallets of a program (9, 10). A chunk is one transaction, safe to run twice, late, or on several
workers: a posting settles its own wallets first, and what somebody else works on is passed over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django_scopes import scope

from loyaltysite.kit.db import raw_cursor
from members.models import Holder, Program
from rewards import parties, posting, rulebook
from rewards.intake import rows
from rewards.models import Unit, Wallet

# Wallets settled in one transaction, which takes about half a second.
CHUNK = 5000
SETTLE = "SELECT moved, latest FROM wafa_settle(%s, %s, %s, %s)"
EVER = datetime(1900, 1, 1, tzinfo=UTC)
# Members whose wallets lapse, and clocks started, in one transaction.
HOLDERS = 500
STARTED = 20_000
# Holders whose wallets never lapse.
KEPT = (Holder.Kind.CAUSE,)


def settle_due(*, program: Program, now: datetime, limit: int | None = None) -> int:
    """Activate and expire everything due in the program up to `now`; how many wallets moved."""
    done, since = 0, EVER
    with scope(program=program), raw_cursor() as cursor:
        while limit is None or done < limit:
            cursor.execute(SETTLE, [program.pk, now, since, CHUNK], prepare=True)
            moved, latest = cursor.fetchone() or (0, None)
            if latest is None:
                break
            done, since = done + moved, latest
    return done + _settle_lapsing(program, now)


def _settle_lapsing(program: Program, now: datetime) -> int:
    """The wallets that lapse, or whose clock starts with what becomes usable: only here the policy is known."""
    done, after = 0, 0
    waiting = Q(lapses_at__lte=now) | Q(lapses_at=None) & ~Q(unit__lapse={})
    with scope(program=program):
        while holders := list(
            Wallet.objects.filter(waiting, next_due_at__lte=now, holder_id__gt=after)
            .order_by("holder_id")
            .values_list("holder_id", flat=True)
            .distinct()[:HOLDERS]
        ):
            after = holders[-1]
            done += posting.attempt(lambda holders=holders: _settle(program, holders, now))  # type: ignore[misc]
    return done


def start_lapses(*, program: Program, now: datetime) -> int:
    """Start the clock of members who had points before their unit began to lapse; how many that were. Nobody loses
    what would have lapsed before the policy was there."""
    started = 0
    with scope(program=program):
        for unit in Unit.objects.filter(program=program, is_lapse_begun=False):
            started += _start(program, unit, now)
            left = Wallet.objects.filter(unit=unit, lapses_at=None, active__gt=0).exclude(
                holder__kind__in=KEPT
            )
            if not unit.lapse or not left.exists():
                Unit.objects.filter(pk=unit.pk, lapse=unit.lapse).update(is_lapse_begun=True)
    return started


def _start(program: Program, unit: Unit, now: datetime) -> int:
    policy = rulebook.load(program).units[unit.key].lapse
    if policy is None:
        return 0
    started = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT wafa_start_lapses(%s, %s, %s, %s)", [program.pk, unit.pk, policy.after(now), STARTED]
            )
            (count,) = cursor.fetchone() or (0,)
            if not count:
                return started
            started += count


def _settle(program: Program, holders: list[int], now: datetime) -> tuple[dict[str, Any], int]:
    with_kind = Holder.objects.filter(pk__in=holders).values_list("pk", "kind")
    people = [pk for pk, kind in with_kind if kind == Holder.Kind.MEMBER]
    others = [pk for pk, kind in with_kind if kind != Holder.Kind.MEMBER]
    request = {"holders": people, "due": now.isoformat()}
    state = parties.read(program, request, others=others, now=now, whole=True)
    moved = 0
    for person in state.people.values():
        for book in person.books.values():
            book.settle(now)
            moved += bool(book.entries)
            person.is_touched |= book.is_moved
    return rows.document(state), moved

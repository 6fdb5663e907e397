"""The stories of a chunk of members, read in a few statements whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction
from psycopg.types.json import set_json_loads

from analytics.backtests.stories import (
    EVENT,
    MOVEMENT,
    ORDER,
    PLACING,
    RETURN,
    Act,
    Back,
    Bought,
    Came,
    Moved,
    Placed,
    Story,
)
from rewards.engine.facts import Line
from rewards.plans.records import TermRow
from rewards.rulebook import Rulebook
from rewards.tiers.records import WITHOUT_END
from rewards.tiers.schemes import TICK

# Moments come as naive UTC, which is read in a third of the time.
MEMBERS = """
    SELECT holder_id, joined_at AT TIME ZONE 'UTC', birthday, language, tags
    FROM members_member WHERE program_id = %(program)s AND holder_id BETWEEN %(lo)s AND %(hi)s
"""
ORDERS = """
    SELECT o.member_id, o.id, o.occurred_at AT TIME ZONE 'UTC', o.store_id, o.channel, p.versions, p.awarded,
        p.context->>'tier', {coupons}
    FROM members_order o JOIN rewards_pricing p ON p.fact_id = o.fact_id
    WHERE o.program_id = %(program)s AND o.member_id BETWEEN %(lo)s AND %(hi)s AND o.occurred_at < %(until)s
"""
LINES = """
    SELECT l.order_id, l.position, l.kind, {sku}, {name}, l.category, l.quantity, l.amount_minor, l.discount_minor,
        l.tax_minor, l.cost_minor, l.basis_minor, l.is_counted, ({margin})::bigint
    FROM members_program p JOIN members_order o ON o.program_id = p.id
    JOIN members_orderline l ON l.order_id = o.id AND l.revision = o.revision
    WHERE o.program_id = %(program)s AND o.member_id BETWEEN %(lo)s AND %(hi)s AND o.occurred_at < %(until)s
"""
SETTLED = """
    SELECT DISTINCT ON (s.order_id, s.unit_id) s.order_id, o.member_id, u.key, s.awarded - s.reversed_total
    FROM members_order o JOIN rewards_settlement s ON s.order_id = o.id JOIN rewards_unit u ON u.id = s.unit_id
    WHERE o.program_id = %(program)s AND o.member_id BETWEEN %(lo)s AND %(hi)s AND o.occurred_at < %(until)s
    ORDER BY s.order_id, s.unit_id, s.number DESC
"""
RETURNS = """
    SELECT o.member_id, o.id, r.occurred_at AT TIME ZONE 'UTC', r.id, l.position, l.quantity, r.amount_minor
    FROM members_return r LEFT JOIN members_returnline l ON l.of_id = r.id
    JOIN members_order o ON o.id = coalesce(l.order_id, CASE WHEN l.of_id IS NULL THEN r.order_id END)
    WHERE r.program_id = %(program)s AND r.member_id BETWEEN %(lo)s AND %(hi)s AND r.occurred_at < %(until)s
        AND o.occurred_at < %(until)s
    ORDER BY r.id, l.number
"""
EVENTS = """
    SELECT a.member_id, a.fact_id, a.occurred_at AT TIME ZONE 'UTC', a.kind, a.data, p.versions, p.awarded
    FROM members_activity a LEFT JOIN rewards_pricing p ON p.fact_id = a.fact_id
    WHERE a.program_id = %(program)s AND a.member_id BETWEEN %(lo)s AND %(hi)s AND a.occurred_at < %(until)s
        AND a.kind = ANY(%(kinds)s) AND a.withdrawn_at IS NULL
"""
CANCELLED = """
    SELECT o.member_id, o.id, f.recorded_at AT TIME ZONE 'UTC'
    FROM members_order o JOIN members_fact f ON f.program_id = o.program_id AND f.source = o.source
        AND f.kind = 'order.cancelled' AND f.external_id = o.external_id
    WHERE o.program_id = %(program)s AND o.member_id BETWEEN %(lo)s AND %(hi)s AND o.occurred_at < %(until)s
        AND o.state = 'cancelled'
"""
# What was given or taken for another reason, from members or households: cards and causes have wallets too. What came back
# to a lot that is still there ends with that lot.
MOVEMENTS = """
    SELECT w.holder_id, e.id, e.at AT TIME ZONE 'UTC', w.unit_id,
        e.pending_change + e.active_change + e.reserved_change - e.arrears_change,
        (CASE WHEN e.kind = 'restore' AND e.lot_id IS NULL THEN (SELECT b.expires_at FROM rewards_allocation a
            JOIN rewards_lot b ON b.id = a.lot_id WHERE a.entry_id = e.id LIMIT 1) ELSE l.expires_at END) AT TIME ZONE 'UTC',
        e.kind = 'restore', l.earned_at AT TIME ZONE 'UTC', {columns}
    FROM rewards_wallet w JOIN {holders} m ON m.holder_id = w.holder_id JOIN rewards_entry e ON e.wallet_id = w.id
    LEFT JOIN rewards_lot l ON l.id = e.lot_id {redemption}
    WHERE w.program_id = %(program)s AND w.holder_id BETWEEN %(lo)s AND %(hi)s AND e.at < %(until)s AND e.kind = ANY(%(moves)s)
"""
# What a member took for it, or gives back, and what that cost then.
REDEMPTION = r"""
    LEFT JOIN LATERAL (SELECT r.id, r.reward_id, r.price FROM members_fact f JOIN rewards_redemption r ON r.id = CASE
            WHEN f.kind = 'reward.reserve' THEN (f.answer->>'redemption')::bigint
            WHEN f.kind IN ('reward.confirm', 'reward.fulfil', 'reward.fail', 'reward.cancel', 'reward.end', 'reward.release')
                THEN substring(f.external_id FROM '^[0-9]+')::bigint END
        WHERE f.id = e.fact_id) r ON true
"""
MANUAL = """
    SELECT member_id, id, since AT TIME ZONE 'UTC', tier_id, valid_until AT TIME ZONE 'UTC', ended_at AT TIME ZONE 'UTC'
    FROM rewards_standing
    WHERE program_id = %(program)s AND member_id BETWEEN %(lo)s AND %(hi)s AND origin = 'manual' AND since < %(until)s
"""
TERMS = """
    SELECT t.member_id, t.id, t.plan_id, t.number, t.streak, t.anchor_on, t.starts_at, t.ends_at, t.stopped_at, t.state,
        t.benefits
    FROM rewards_term t WHERE t.program_id = %(program)s AND t.member_id BETWEEN %(lo)s AND %(hi)s ORDER BY t.starts_at, t.id
"""
# A range of members is a small part of every table, whatever the statistics say: by the indexes the work of a chunk does not
# grow with the program.
BY_INDEX = """
    SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0
"""
AS_BEFORE = BY_INDEX.replace(" = off", " TO DEFAULT").replace(" = 0", " TO DEFAULT")
MOVES = ("bonus", "adjust", "spend", "restore", "reinstate", "transfer_in", "transfer_out", "donate", "merge")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: members `lo` to `hi`, what happened before `until`. `kinds` are the events that some rule rewards;
    `texts` the names of line fields that some rule looks at; `margin` is the SQL of a line's margin."""

    book: Rulebook
    lo: int
    hi: int
    until: datetime
    kinds: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()
    margin: str = "NULL"
    has_prices: bool = False


def stories(wish: Wish) -> list[Story]:
    """One for each member to whom something happened, in the order of their ids."""
    values = {
        "program": wish.book.program_id,
        "lo": wish.lo,
        "hi": wish.hi,
        "until": wish.until,
        "kinds": list(wish.kinds),
        "moves": list(MOVES),
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(BY_INDEX)
        found = _members(wish, values)
        _read(wish, values, found)
        with connection.cursor() as cursor:
            cursor.execute(AS_BEFORE)
    for story in found.values():
        story.acts.sort(key=lambda act: act[:3])
    return [story for _pk, story in sorted(found.items()) if story.acts]


def _read(wish: Wish, values: dict[str, Any], found: dict[int, Story]) -> None:
    _orders(wish, values, found)
    if wish.kinds:
        _events(values, found)
    _movements(wish, values, found)
    _returns(values, found)
    _cancelled(values, found)
    if wish.book.scheme is not None:
        _manual(values, found)
    if wish.book.plans:
        for member, *row in _rows(TERMS, values):
            if member in found:
                found[member].terms.append(TermRow(*row))


def households(wish: Wish) -> list[Story]:
    """What was moved into the wallets of households `lo` to `hi`, and out of them, in the order of their ids."""
    values = {"program": wish.book.program_id, "lo": wish.lo, "hi": wish.hi, "until": wish.until}
    values |= {"moves": list(MOVES)}
    found: dict[int, Story] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(BY_INDEX)
        for number, act in _moved(wish, values, "rewards_household"):
            story = found.setdefault(number, Story(number, act[0], {}))
            story.acts.append(act)
        with connection.cursor() as cursor:
            cursor.execute(AS_BEFORE)
    for story in found.values():
        story.acts.sort(key=lambda act: act[:3])
    return [story for _pk, story in sorted(found.items())]


@contextmanager
def _cursor() -> Iterator[Any]:
    """A cursor that reads in PostgreSQL's own binary form."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.format = psycopg.pq.Format.BINARY
        set_json_loads(orjson.loads, cursor)
        yield cursor


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with _cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _members(wish: Wish, values: dict[str, Any]) -> dict[int, Story]:
    zone, found = wish.book.zone, {}
    for number, joined, birthday, language, tags in _rows(MEMBERS, values):
        joined_at = joined.replace(tzinfo=UTC)
        facts = {
            "joined_on": joined_at.astimezone(zone).date(),
            "birthday": birthday,
            "language": language or None,
            "tags": frozenset(tags),
        }
        found[number] = Story(number, joined_at, facts)
    return found


def _orders(wish: Wish, values: dict[str, Any], found: dict[int, Story]) -> None:
    coupons = "p.context->'coupons'" if wish.book.has_coupons else "NULL"
    known: dict[int, Bought] = {}
    versions: dict[tuple[int, ...], tuple[int, ...]] = {}
    for member, pk, at, store, channel, ids, awarded, tier, named in _rows(
        ORDERS.format(coupons=coupons), values
    ):
        story = found.get(member)
        # Who joined, or came by a merge, since the members were read.
        if story is None:
            continue
        priced = tuple(ids)
        moment = at.replace(tzinfo=UTC)
        order = known[pk] = Bought(
            pk, moment, store, channel, versions.setdefault(priced, priced), awarded, tier or "",
            frozenset(named) if named else frozenset(),
        )  # fmt: skip
        story.orders[pk] = order
        story.acts.append((moment, ORDER, pk, order))
    _lines(wish, values, known)
    for pk, _member, unit, net in _rows(SETTLED, values):
        if pk in known:
            known[pk].real[unit] = net


def _lines(wish: Wish, values: dict[str, Any], known: dict[int, Bought]) -> None:
    names = {name: f"l.{name}" if name in wish.texts else "''" for name in ("sku", "name")}
    make = Line._make
    for row in _rows(LINES.format(margin=wish.margin, **names), values):
        order = known.get(row[0])
        if order is None:
            continue
        # position, sku, name, category, quantity, basis, is counted
        order.lines.append(make((row[1], row[3], row[4], row[5], row[6], row[11], row[12])))
        order.raw.append(row)
        margin = row[13]
        if margin is None:
            order.margin = None
        elif order.margin is not None:
            order.margin += margin
    for order in known.values():
        if len(order.lines) > 1:
            order.lines.sort()


def _events(values: dict[str, Any], found: dict[int, Story]) -> None:
    for member, fact, at, kind, data, versions, awarded in _rows(EVENTS, values):
        story = found.get(member)
        if story is not None:
            moment = at.replace(tzinfo=UTC)
            priced = None if versions is None else tuple(versions)
            story.acts.append((moment, EVENT, fact, Came(fact, moment, kind, data, priced, awarded or {})))


def _movements(wish: Wish, values: dict[str, Any], found: dict[int, Story]) -> None:
    for member, act in _moved(wish, values, "members_member"):
        story = found.get(member)
        if story is not None:
            story.acts.append(act)


def _moved(wish: Wish, values: dict[str, Any], holders: str) -> Iterator[tuple[int, Act]]:
    columns, joined = (
        ("r.id, r.reward_id, r.price", REDEMPTION) if wish.has_prices else ("NULL, NULL, NULL", "")
    )
    sql = MOVEMENTS.format(columns=columns, redemption=joined, holders=holders)
    for holder, pk, at, unit, amount, expires, is_back, earned, *taken in _rows(sql, values):
        # What was only reserved or made usable changes nothing of what somebody has.
        if amount:
            moment, info = at.replace(tzinfo=UTC), wish.book.units_by_id[unit]
            until = expires and expires.replace(tzinfo=UTC)
            earned_at = earned and earned.replace(tzinfo=UTC)
            yield (
                holder,
                (moment, MOVEMENT, pk, Moved(moment, info.key, amount, until, earned_at, is_back, *taken)),
            )


def _cancelled(values: dict[str, Any], found: dict[int, Story]) -> None:
    """A cancellation is a return of all lines (22), at the moment of its posting or of the order, whichever is later."""
    for member, order, at in _rows(CANCELLED, values):
        story = found.get(member)
        if story is None or order not in story.orders:
            continue
        moment = max(at.replace(tzinfo=UTC), story.orders[order].at)
        if moment < values["until"]:
            story.acts.append((moment, RETURN, order, Back(moment, order, is_all=True)))
            story.coming_back.add(order)


def _returns(values: dict[str, Any], found: dict[int, Story]) -> None:
    """Returns of orders that are there, each at its own moment or that of the order, whichever is later."""
    lines: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    heads: dict[tuple[int, int, int], tuple[datetime, int]] = {}
    for member, order, at, pk, position, quantity, amount in _rows(RETURNS, values):
        key = (member or 0, order, pk)
        heads[key] = (at.replace(tzinfo=UTC), amount if position is None else 0)
        if position is not None:
            lines.setdefault(key, []).append((position, quantity))
    for key, (at, amount) in heads.items():
        member, order, pk = key
        story = found.get(member)
        if story is None or order not in story.orders:
            continue
        moment = max(at, story.orders[order].at)
        back = Back(moment, order, tuple(lines.get(key, ())), amount)
        story.acts.append((moment, RETURN, pk, back))
        story.coming_back.add(order)


def _manual(values: dict[str, Any], found: dict[int, Story]) -> None:
    for member, pk, since, tier, until, ended in _rows(MANUAL, values):
        story = found.get(member)
        if story is None:
            continue
        begin = since.replace(tzinfo=UTC) - TICK
        end = until.replace(tzinfo=UTC) if until else _far()
        story.acts.append((begin, PLACING, pk, Placed(begin, tier, end)))
        if ended is not None and ended.replace(tzinfo=UTC) < end:
            moment = ended.replace(tzinfo=UTC) - TICK
            story.acts.append((moment, PLACING, pk, Placed(moment, 0, end)))


def _far() -> datetime:
    last: date = WITHOUT_END
    return datetime(last.year, last.month, last.day, tzinfo=UTC)

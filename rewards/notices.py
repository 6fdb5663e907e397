"""Members learn that points will end: one event for what ends together, each lot announced once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from members.models import Program
from rewards.models import Unit

CHUNK = 20_000
# The rows of notices exclude each other: of two workers one announces a lot. Events hold ids and amounts only.
LOTS = """
    WITH due AS MATERIALIZED (
        SELECT w.id AS wallet_id, w.holder_id, l.id AS lot_id, l.remaining - l.reserved AS amount, l.expires_at AS ends_at
        FROM rewards_wallet w JOIN rewards_lot l ON l.wallet_id = w.id AND l.is_open
        WHERE w.program_id = %(program)s AND w.unit_id = %(unit)s AND w.next_due_at <= %(until)s AND l.is_active
            AND l.remaining > l.reserved AND l.expires_at > %(now)s AND l.expires_at <= %(until)s
            AND NOT EXISTS (SELECT 1 FROM rewards_expirynotice n WHERE n.lot_id = l.id)
        LIMIT %(most)s
    ), noted AS (
        INSERT INTO rewards_expirynotice (program_id, wallet_id, lot_id, ends_at, noted_at)
        SELECT %(program)s, wallet_id, lot_id, ends_at, %(now)s FROM due ON CONFLICT DO NOTHING RETURNING lot_id
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %(program)s, holder_id, 'points.expiring', %(now)s, %(now)s, jsonb_build_object('unit', %(key)s::text,
            'amount', sum(amount), 'ends_at', ends_at, 'lots', jsonb_agg(jsonb_build_array(lot_id, amount) ORDER BY lot_id))
        FROM due JOIN noted USING (lot_id) GROUP BY holder_id, ends_at
    )
    SELECT count(*) FROM noted
"""
LAPSES = """
    WITH due AS MATERIALIZED (
        SELECT w.id AS wallet_id, w.holder_id, w.active AS amount, w.lapses_at AS ends_at FROM rewards_wallet w
        WHERE w.program_id = %(program)s AND w.unit_id = %(unit)s AND w.next_due_at <= %(until)s AND w.active > 0
            AND w.lapses_at > %(now)s AND w.lapses_at <= %(until)s AND NOT EXISTS (
                SELECT 1 FROM rewards_expirynotice n
                WHERE n.wallet_id = w.id AND n.ends_at = w.lapses_at AND n.lot_id IS NULL)
        LIMIT %(most)s
    ), noted AS (
        INSERT INTO rewards_expirynotice (program_id, wallet_id, ends_at, noted_at)
        SELECT %(program)s, wallet_id, ends_at, %(now)s FROM due ON CONFLICT DO NOTHING RETURNING wallet_id
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %(program)s, holder_id, 'points.lapsing', %(now)s, %(now)s,
            jsonb_build_object('unit', %(key)s::text, 'amount', amount, 'ends_at', ends_at)
        FROM due JOIN noted USING (wallet_id)
    )
    SELECT count(*) FROM noted
"""


def announce(*, program: Program, now: datetime) -> int:
    """Write the events `points.expiring` and `points.lapsing` for what ends within the units' days of notice; how many
    lots and wallets they tell of. A repeat announces nothing twice."""
    done = 0
    with scope(program=program):
        for unit in Unit.objects.filter(program=program, notice_days__gt=0):
            until = now + timedelta(days=unit.notice_days)
            values = {
                "program": program.pk,
                "unit": unit.pk,
                "key": unit.key,
                "now": now,
                "until": until,
                "most": CHUNK,
            }
            done += _run(LOTS, values)
            if unit.lapse:
                done += _run(LAPSES, values)
    return done


def _run(statement: str, values: dict[str, Any]) -> int:
    done = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            (count,) = cursor.fetchone() or (0,)
        if not count:
            return done
        done += count

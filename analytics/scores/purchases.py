"""The past of every customer as arrays: days with a purchase that was not wholly returned, in the program's time zone.

One statement and one pass over the orders; nothing of it is held by Python but the arrays.
"""

from __future__ import annotations

from datetime import date
from typing import Any, LiteralString

import numpy as np
from psycopg import sql

from analytics.scores.pasts import EPOCH, Numbers, Purchases, number_of
from loyaltysite.kit.db import raw_cursor
from members.models import Program

# The day and what it brought in one number, so that the amount of the first day comes with its day.
SHIFT = 1 << 40
# An order counts unless all of it was given back; what was given for nothing is a purchase too.
DAYS = """
    SELECT o.member_id, (o.occurred_at AT TIME ZONE {zone})::date - {epoch} AS day,
        sum(greatest(o.total_minor - o.returned_minor, 0)) AS net
    FROM members_order o
    WHERE o.program_id = {program} AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')
        AND NOT (o.returned_minor > 0 AND o.returned_minor >= o.total_minor)
    GROUP BY 1, 2
"""
HISTORIES = """
    COPY (
        WITH days AS ({days})
        SELECT d.member_id, count(*), min(d.day), max(d.day), sum(d.net)::bigint,
            min(d.day * {shift}::bigint + least(d.net, {shift} - 1)::bigint),
            count(*) FILTER (WHERE d.day > {today} - 365),
            count(*) FILTER (WHERE d.day <= {cut}), coalesce(max(d.day) FILTER (WHERE d.day <= {cut}), 0)
        FROM days d JOIN members_member m ON m.holder_id = d.member_id
        WHERE d.day <= {today} AND m.state <> 'closed' AND m.merged_into_id IS NULL
        GROUP BY d.member_id ORDER BY d.member_id
    ) TO STDOUT (DELIMITER ' ')
""".replace("{days}", DAYS)


def read(*, program: Program, today: date, horizon: int) -> Purchases:
    """Every customer of the program up to and with `today`; the cut is `horizon` days before."""
    now, cut = number_of(today), number_of(today) - horizon
    names = {"program": program.pk, "zone": program.time_zone, "epoch": EPOCH, "today": now, "cut": cut}
    members, days, first, last, total, opening, year, cut_days, cut_last = columns(
        HISTORIES, 9, shift=SHIFT, **names
    )
    # The whole of the packed number less its day: what the first day brought.
    opening -= first * SHIFT
    return Purchases(now, cut, members, days, first, last, total, total - opening, year, cut_days, cut_last)


def columns(statement: LiteralString, width: int, **values: Any) -> list[Numbers]:
    """The columns of a COPY … TO STDOUT (DELIMITER ' ') of whole numbers, its names filled with literals."""
    text = sql.SQL(statement).format(**{name: sql.Literal(value) for name, value in values.items()})
    with raw_cursor() as cursor, cursor.copy(text) as copy:
        said = b"".join(bytes(part) for part in copy).decode("ascii").strip()
    table = np.fromstring(said, dtype=np.int64, sep=" ") if said else np.zeros(0, dtype=np.int64)
    return [np.ascontiguousarray(column) for column in table.reshape(-1, width).T]

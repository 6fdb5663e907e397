"""Scores of members: an app above finds them and writes them here, so that segments, tiers and journeys can ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django_scopes import scope

from loyaltysite.kit.db import raw_cursor
from members.models import Band, Member, MemberScore, NextAction, Program

# A risk of a third and of two thirds.
THIRDS = (0.33, 0.66)


class Scored(NamedTuple):
    """One member's scores, as MemberScore has them. Any tuple of the same order will do for write()."""

    member_id: int
    purchases: int = 0
    first_on: date | None = None
    last_on: date | None = None
    mean_minor: int = 0
    historic_minor: int = 0
    p_alive: float | Decimal | None = None
    expected_orders: float | Decimal | None = None
    value_minor: int = 0
    churn: float | Decimal | None = None
    churn_band: str = ""
    upgrade: float | Decimal | None = None
    stake_minor: int = 0
    response: float | Decimal | None = None
    priority_minor: int = 0
    action: str = NextAction.NONE.value
    channel: str = ""
    offer_minor: int = 0
    act_on: date | None = None
    is_held_out: bool = False


NAMES = ", ".join(Scored._fields)
WRITTEN = ", ".join(f"{name} = excluded.{name}" for name in Scored._fields[1:])
STAGE = "CREATE TEMPORARY TABLE scored ON COMMIT DROP AS SELECT {names} FROM members_memberscore WITH NO DATA"
COPY = "COPY scored ({names}) FROM STDIN"
# Strangers to the program and who left it meanwhile are left out; in the order of ids, so that two writers never wait for each other in a circle.
STORE = f"""
    INSERT INTO members_memberscore (program_id, scored_at, {NAMES})
    SELECT m.program_id, %(now)s, {", ".join(f"s.{name}" for name in Scored._fields)}
    FROM scored s JOIN members_member m ON m.holder_id = s.member_id
    WHERE m.program_id = %(program)s AND m.state <> 'closed'
    ORDER BY s.member_id
    ON CONFLICT (member_id) DO UPDATE SET scored_at = excluded.scored_at, {WRITTEN}
"""  # noqa: S608 - names from our own code


def write(*, program: Program, rows: Iterable[tuple[object, ...]], now: datetime) -> int:
    """Put these scores (in the order of Scored) in place of what there was, in one transaction; how many were written. Members
    of another program and closed ones are left out, a member twice is an error of the caller's. A repeat changes nothing but the moment."""
    with transaction.atomic():
        with raw_cursor() as cursor:
            cursor.execute(STAGE.format(names=NAMES))
            with cursor.copy(COPY.format(names=NAMES)) as copy:
                for row in rows:
                    copy.write_row(row)
        with connection.cursor() as store:
            store.execute(STORE, {"program": program.pk, "now": now})
            written = store.rowcount
            store.execute("DROP TABLE scored")
    return int(written)


def forget(*, program: Program, before: datetime) -> int:
    """Take away scores that are older: of members whom the last run did not find any more. How many they were."""
    with scope(program=program):
        return int(MemberScore.objects.filter(program=program, scored_at__lt=before).delete()[0])


def of(member: Member) -> MemberScore | None:
    """The member's scores, if there are any."""
    with scope(program=member.program):
        return MemberScore.objects.filter(member=member).first()


def band(churn: float | Decimal) -> Band:
    """The third that a risk lies in."""
    churn = float(churn)
    if churn <= THIRDS[0]:
        return Band.LOW
    return Band.MEDIUM if churn <= THIRDS[1] else Band.HIGH

"""How a segment went: its size day by day, and who came and went."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django_scopes import scope

from campaigns.models import Segment, SegmentMove
from members.audiences import Moves
from members.models import Program

# Moves are kept so long; the days for ever.
KEPT = timedelta(days=90)
DAY = """
    INSERT INTO campaigns_segmentday AS d (segment_id, program_id, day, size, entered, "left")
    SELECT s.id, s.program_id, %(day)s, s.size, %(entered)s, %(gone)s FROM campaigns_segment s WHERE s.id = %(segment)s
    ON CONFLICT (segment_id, day) DO UPDATE SET size = excluded.size, entered = d.entered + excluded.entered,
        "left" = d."left" + excluded."left"
"""
# A day on which nobody moved has a row too, so that the course has no holes.
QUIET = """
    INSERT INTO campaigns_segmentday (segment_id, program_id, day, size, entered, "left")
    SELECT id, program_id, %(day)s, size, 0, 0 FROM campaigns_segment
    WHERE program_id = %(program)s AND state = 'live' AND gathered_at IS NOT NULL
    ON CONFLICT (segment_id, day) DO NOTHING
"""


def note(program: Program, segment: Segment, moves: Moves, now: datetime) -> None:
    """Write down what one settling has changed; too many at once are only counted."""
    is_first = segment.gathered_at is None and segment.size == 0
    with connection.cursor() as cursor:
        cursor.execute(
            DAY,
            {
                "segment": segment.pk,
                "day": now.astimezone(program.zone).date(),
                "entered": 0 if is_first else moves.entered,
                "gone": moves.left,
            },
        )
    if is_first:
        return
    SegmentMove.objects.bulk_create(
        [
            SegmentMove(program=program, segment=segment, member_id=member, is_in=is_in, at=now)
            for is_in, ids in ((True, moves.came), (False, moves.went))
            for member in ids or ()
        ],
        batch_size=5000,
    )


def close_day(*, program: Program, now: datetime) -> None:
    """A row for the day that just ended, and what is too old to be shown goes."""
    with scope(program=program), connection.cursor() as cursor:
        cursor.execute(QUIET, {"program": program.pk, "day": now.astimezone(program.zone).date()})
        SegmentMove.objects.filter(program=program, at__lt=now - KEPT).delete()

"""The SQL of a chunk: whoever is due stands in a temporary table while a step is carried out for all at once.

The moment is always passed in; the server's clock is never asked, so that a dry run can move it.
"""

from __future__ import annotations

CHUNK, ASKED = "journey_chunk", "journey_asked"

PREPARE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS journey_chunk (
        enrolment_id bigint, member_id bigint, hop int, priority int, context jsonb, holdout boolean, woken boolean,
        due_at timestamptz, next_id bigint, moves text, until timestamptz, outcome text, reason text, way text
    ) ON COMMIT DELETE ROWS;
    CREATE OR REPLACE TEMPORARY VIEW journey_asked AS
        SELECT enrolment_id, member_id, hop, priority, context, holdout FROM journey_chunk WHERE moves = 'on' AND outcome = 'done';
    TRUNCATE journey_chunk
"""
# Before the enrolments, as an order does it: whoever moves a member's points has the holder first.
HOLD = """
    SELECT count(*) FROM (
        SELECT h.id FROM members_holder h WHERE h.id IN (
            SELECT e.member_id FROM campaigns_enrolment e
            WHERE e.id BETWEEN %(lo)s AND %(hi)s AND e.step_id = %(step)s AND e.status = 'waiting' AND e.due_at <= %(now)s
            ORDER BY e.id LIMIT %(most)s)
        ORDER BY h.id FOR NO KEY UPDATE
    ) held
"""
# Whom somebody else works on, or sends out at this moment, is left to the next tick.
FILL = """
    INSERT INTO journey_chunk
    SELECT e.id, e.member_id, e.hop, %(priority)s, e.context, e.holdout, e.woken, e.due_at, %(onward)s,
        CASE WHEN m.holder_id IS NULL THEN 'out' ELSE 'on' END, NULL,
        CASE WHEN m.holder_id IS NULL THEN 'left' ELSE 'done' END,
        CASE WHEN m.holder_id IS NULL THEN 'member' ELSE '' END, ''
    FROM (
        SELECT * FROM campaigns_enrolment e
        WHERE e.id BETWEEN %(lo)s AND %(hi)s AND e.step_id = %(step)s AND e.status = 'waiting' AND e.due_at <= %(now)s
        ORDER BY e.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) e
    LEFT JOIN members_member m ON m.holder_id = e.member_id AND m.state = 'active' AND m.merged_into_id IS NULL
"""
# One wallet moves once in a posting: whoever is in twice comes again in the next chunk.
ONE_EACH = """
    DELETE FROM journey_chunk c USING journey_chunk d WHERE d.member_id = c.member_id AND d.enrolment_id < c.enrolment_id
"""
RECORD = """
    INSERT INTO campaigns_stepexecution (enrolment_id, step_id, hop, program_id, member_id, outcome, reason, way, at)
    SELECT enrolment_id, %(step)s, hop, %(program)s, member_id, outcome, left(reason, 40), left(way, 100), %(now)s FROM journey_chunk
"""
MOVE = """
    UPDATE campaigns_enrolment e SET
        step_id = CASE c.moves WHEN 'on' THEN coalesce(c.next_id, e.step_id) ELSE e.step_id END,
        status = CASE WHEN c.moves = 'out' THEN 'exited' WHEN c.moves = 'on' AND c.next_id IS NULL THEN 'finished'
            ELSE 'waiting' END,
        due_at = CASE WHEN c.moves = 'stay' THEN c.until WHEN c.moves = 'on' AND c.next_id IS NOT NULL THEN {due} END,
        hop = e.hop + 1, woken = false,
        ended_at = CASE WHEN c.moves = 'out' OR c.moves = 'on' AND c.next_id IS NULL THEN %(now)s END,
        reason = CASE WHEN c.moves = 'out' THEN c.reason ELSE '' END
    FROM journey_chunk c WHERE e.id = c.enrolment_id
"""
QUIT = """
    SELECT wafa_left(array_agg(enrolment_id)) FROM journey_chunk WHERE moves = 'out' HAVING count(*) > 0
"""
TALLY = """
    INSERT INTO campaigns_steptally AS t (step_id, "on", outcome, reason, way, program_id, number)
    SELECT %(step)s, (%(now)s::timestamptz AT TIME ZONE 'UTC')::date, outcome, left(reason, 40), left(way, 100), %(program)s,
        count(*)
    FROM journey_chunk GROUP BY 3, 4, 5 ORDER BY 3, 4, 5
    ON CONFLICT (step_id, "on", outcome, reason, way) DO UPDATE SET number = t.number + excluded.number
"""
# Whoever goes on at once is the next chunk; what did not fit into this one, too.
FOLLOW = """
    INSERT INTO campaigns_workchunk (program_id, step_id, lo, hi, made_at, fence, tries, error)
    SELECT %(program)s, step_id, lo, hi, %(now)s, 0, 0, '' FROM (
        SELECT next_id AS step_id, min(enrolment_id) AS lo, max(enrolment_id) AS hi FROM journey_chunk
        WHERE moves = 'on' AND next_id = ANY (%(immediate)s) GROUP BY next_id
        UNION ALL
        SELECT %(step)s, max(enrolment_id) + 1, %(hi)s FROM journey_chunk
        HAVING count(*) >= %(full)s AND max(enrolment_id) < %(hi)s
    ) f RETURNING id
"""

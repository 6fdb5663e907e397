"""The gate of messages as one SQL statement: each asked row gets the first reason that stops it, or a place in the outbox.

The order is that of DESIGN 4: membership, consent, address, suppression, global control, hold-out, frequency budget,
quiet hours. What counts is the local day on which the message would go out, after quiet hours.
"""

from __future__ import annotations

from django.db import connection

# What must have been agreed to before marketing goes there; on our own surfaces the member comes to us.
CONSENTS = {"email": "email", "sms": "sms", "push": "push", "print": "post"}
ADDRESSES = {"email": "email", "sms": "phone"}

# A stable hash, never random: 0 to 9999 for a member under a salt (see also Control).
SHARE = "wafa_lot({salt}, {member})"

# Places are taken in the order of ids, so that two chunks never wait for each other crosswise; whoever waited here then
# reads, in the next statement, what the other has counted.
PLACES = """
    INSERT INTO campaigns_attention (member_id, program_id)
    SELECT DISTINCT member_id, %(program)s::bigint FROM {rows} ORDER BY member_id
    ON CONFLICT (member_id) DO NOTHING
"""
QUEUE = """
    SELECT count(*) FROM (
        SELECT a.member_id FROM campaigns_attention a
        WHERE a.member_id IN (SELECT member_id FROM {rows}) ORDER BY a.member_id FOR UPDATE
    ) held
"""

# Of the caps that concern this channel and kind: the ones that the member has no room in on a day, given how many of
# these rows come before. Touches on both sides of the day count, so that no stretch of so many days ever holds more.
FULL = """
    EXISTS (
        SELECT FROM jsonb_to_recordset(%(caps)s::jsonb) AS c(channel text, kind text, days int, most int)
        WHERE (
            SELECT coalesce(sum(t.n), 0) FROM campaigns_touch t
            WHERE t.member_id = {member} AND t.day BETWEEN {day} - (c.days - 1) AND {day} + (c.days - 1)
                AND (c.channel = '' OR t.channel = c.channel) AND (c.kind = '' OR t.kind = c.kind)
        ) + {place} > c.most
    )
"""

# The end of the quiet hours that a moment falls into by the member's clock, else the moment itself. An end that the change
# of clocks leaves out comes up to an hour later, one that comes twice is the second: never too early.
AWAKE = """
    CASE WHEN NOT %(is_quiet)s THEN {now}
        WHEN %(quiet_from)s::time < %(quiet_until)s::time
            AND {local}::time >= %(quiet_from)s::time AND {local}::time < %(quiet_until)s::time
            THEN ({local}::date + %(quiet_until)s::time) AT TIME ZONE {zone}
        WHEN %(quiet_from)s::time > %(quiet_until)s::time AND {local}::time >= %(quiet_from)s::time
            THEN ({local}::date + 1 + %(quiet_until)s::time) AT TIME ZONE {zone}
        WHEN %(quiet_from)s::time > %(quiet_until)s::time AND {local}::time < %(quiet_until)s::time
            THEN ({local}::date + %(quiet_until)s::time) AT TIME ZONE {zone}
        ELSE {now} END
"""
# Whose address it would go to, and what stops it whatever the journey: read when it is decided and again when it is sent.
STOPPED = """
    WHEN {row}.member_state <> 'active' OR {row}.merged_into_id IS NOT NULL THEN 'inactive'
    WHEN {consent} <> '' AND NOT EXISTS (
        SELECT FROM members_consent c WHERE c.member_id = {row}.member_id AND c.channel = {consent}
            AND c.topic = {topic} AND c.is_given) THEN 'consent'
    WHEN %(address)s <> '' AND NOT EXISTS (
        SELECT FROM members_identity i WHERE i.member_id = {row}.member_id AND i.kind = %(address)s) THEN 'address'
    WHEN %(channel)s = 'push' AND NOT EXISTS (
        SELECT FROM campaigns_pushdevice p WHERE p.member_id = {row}.member_id) THEN 'address'
    WHEN %(address)s <> '' AND EXISTS (
        SELECT FROM campaigns_suppression s WHERE s.member_id = {row}.member_id AND s.channel = %(channel)s
            AND s.lifted_at IS NULL AND (s.identity_id IS NULL OR s.identity_id = (
                SELECT i.id FROM members_identity i WHERE i.member_id = {row}.member_id AND i.kind = %(address)s
                ORDER BY i.verified_at IS NULL, i.id LIMIT 1))) THEN 'suppressed'
"""

# What follows when rows `gone` of messages are not sent after all: they do not count any more, and each is a decision.
AFTERMATH = """
held AS (
    SELECT t.id, g.n FROM campaigns_touch t JOIN (
        SELECT member_id, day, channel, kind, count(*) AS n FROM gone GROUP BY 1, 2, 3, 4
    ) g USING (member_id, day, channel, kind) ORDER BY t.member_id, t.id FOR UPDATE OF t
),
given_back AS (
    UPDATE campaigns_touch t SET n = greatest(t.n - held.n, 0) FROM held WHERE t.id = held.id
),
decided AS (
    INSERT INTO campaigns_decision (program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, channel,
        kind, reason, day, at)
    SELECT program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, channel, kind, reason, day, %(now)s
    FROM gone ON CONFLICT DO NOTHING
)
"""

JUDGE = """
WITH asked AS (
    SELECT r.enrolment_id, r.member_id, r.hop, r.priority, r.context, r.holdout, m.state AS member_state, m.merged_into_id,
        %(prefix)s || coalesce(r.enrolment_id::text, 'x' || r.member_id) || ':' || %(step)s || ':' || r.hop || ':' || %(channel)s
            AS idem_key,
        coalesce(w.time_zone, %(zone)s) AS zone
    FROM {rows} r JOIN members_member m ON m.holder_id = r.member_id
    LEFT JOIN campaigns_whereabouts w ON w.member_id = r.member_id
    WHERE m.program_id = %(program)s
),
fresh AS (
    SELECT a.*, %(now)s::timestamptz AT TIME ZONE a.zone AS local FROM asked a
    WHERE NOT EXISTS (SELECT FROM campaigns_message k WHERE k.idem_key = a.idem_key)
        AND NOT EXISTS (SELECT FROM campaigns_decision d WHERE d.idem_key = a.idem_key AND d.until IS NULL)
),
timed AS (
    SELECT f.*, {awake} AS not_before
    FROM fresh f
),
dated AS (SELECT t.*, (t.not_before AT TIME ZONE t.zone)::date AS day FROM timed t),
known AS (
    SELECT d.*, CASE
        {stopped}
        WHEN %(percent)s > 0 AND {share} < %(percent)s * 100 THEN 'control'
        WHEN d.holdout THEN 'holdout'
        ELSE '' END AS reason
    FROM dated d
),
ranked AS (
    SELECT k.*, row_number() OVER (PARTITION BY k.member_id, k.reason ORDER BY k.priority, k.enrolment_id) AS place
    FROM known k
),
judged AS (
    SELECT r.*, CASE
        WHEN r.reason <> '' THEN r.reason
        WHEN {full_now} THEN 'capped'
        WHEN r.not_before > %(late)s::timestamptz THEN 'quiet'
        ELSE '' END AS verdict
    FROM ranked r
),
put_off AS (
    SELECT j.*, (free.day + CASE WHEN %(is_quiet)s THEN %(quiet_until)s::time ELSE '00:00'::time END)
        AT TIME ZONE j.zone AS until
    FROM judged j CROSS JOIN LATERAL (
        SELECT later.day FROM generate_series(1, 31) AS n CROSS JOIN LATERAL (SELECT j.day + n AS day) later
        WHERE NOT {full_later} ORDER BY later.day LIMIT 1
    ) free
    WHERE j.verdict = 'capped' AND %(capped)s = 'defer'
),
told AS (
    INSERT INTO campaigns_message (program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, content_id,
        channel, kind, topic, context, state, reason, queued_at, not_before, expires_at, day, attempts, provider,
        provider_id, trouble)
    SELECT %(program)s, member_id, enrolment_id, %(version)s, %(step)s, idem_key, %(template)s, %(content)s,
        %(channel)s, %(kind)s, %(topic)s, coalesce(context, '{{}}'), 'queued', '', %(now)s, not_before, %(late)s, day, 0, '',
        '', ''
    FROM judged WHERE verdict = '' ORDER BY member_id
    ON CONFLICT (idem_key) DO NOTHING
    RETURNING member_id, day
),
counted AS (
    INSERT INTO campaigns_touch (program_id, member_id, day, channel, kind, n)
    SELECT %(program)s, member_id, day, %(channel)s, %(kind)s, count(*) FROM told GROUP BY member_id, day ORDER BY member_id
    ON CONFLICT (member_id, day, channel, kind) DO UPDATE SET n = campaigns_touch.n + excluded.n
),
refused AS (
    INSERT INTO campaigns_decision (program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, channel,
        kind, reason, day, until, at)
    SELECT %(program)s, j.member_id, j.enrolment_id, %(version)s, %(step)s, j.idem_key, %(template)s, %(channel)s,
        %(kind)s, j.verdict, j.day, p.until, %(now)s
    FROM judged j LEFT JOIN put_off p ON p.idem_key = j.idem_key
    WHERE j.verdict <> ''
    ON CONFLICT DO NOTHING
),
deferred_rows AS (
    INSERT INTO deferred (enrolment_id, due_at)
    SELECT enrolment_id, until FROM put_off WHERE enrolment_id IS NOT NULL
),
exited_rows AS (
    INSERT INTO exited (enrolment_id)
    SELECT enrolment_id FROM judged WHERE verdict = 'capped' AND %(capped)s = 'exit' AND enrolment_id IS NOT NULL
)
SELECT CASE WHEN j.verdict = '' THEN 'queued' WHEN p.idem_key IS NOT NULL THEN 'deferred' ELSE j.verdict END, count(*)
FROM judged j LEFT JOIN put_off p ON p.idem_key = j.idem_key GROUP BY 1
"""


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def places_of(rows: str) -> tuple[str, str]:
    """The two statements that let one chunk after the other count the budgets of the same members."""
    return PLACES.format(rows=quoted(rows)), QUEUE.format(rows=quoted(rows))


def judge(rows: str) -> str:
    return JUDGE.format(
        rows=quoted(rows),
        awake=AWAKE.format(now="%(now)s::timestamptz", local="f.local", zone="f.zone"),
        stopped=STOPPED.format(row="d", consent="%(consent)s", topic="%(topic)s"),
        share=SHARE.format(salt="%(salt)s", member="d.member_id"),
        full_now=FULL.format(member="r.member_id", day="r.day", place="r.place"),
        full_later=FULL.format(member="j.member_id", day="later.day", place="1"),
    )
